#include "pipeline/stages/run_insight.h"

#include <cmath>
#include <cstdint>
#include <future>
#include <limits>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/model/transform.h"
#include "pipeline/data/features.h"
#include "pipeline/insight/customers_csv.h"
#include "pipeline/insight/migration.h"
#include "pipeline/insight/profiles.h"
#include "pipeline/insight/recommendation_quality.h"
#include "pipeline/insight/recommendations.h"
#include "pipeline/stages/report_filling.h"
#include "pipeline/stages/segment_identity.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> NamesOf(const std::vector<NamedSegment>& named) {
  std::vector<std::string> out;
  for (const NamedSegment& segment : named) out.push_back(segment.name);
  return out;
}

// The segment whose centre is second nearest; -1 where there is one only.
std::vector<int32_t> SecondSegments(const RowMajorMatrix& components, const RowMajorMatrix& centers,
                                    const std::vector<int32_t>& labels) {
  std::vector<int32_t> out(labels.size(), -1);
  for (size_t i = 0; i < labels.size(); ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (Eigen::Index c = 0; c < centers.rows(); ++c) {
      if (c == labels[i]) continue;
      const double distance =
          (components.row(static_cast<Eigen::Index>(i)) - centers.row(c)).squaredNorm();
      if (distance >= least) continue;
      least = distance;
      out[i] = static_cast<int32_t>(c);
    }
  }
  return out;
}

// Of each customer: measured on the training rows, so outliers and rows that were not drawn have
// none.
std::vector<double> SilhouettesOf(const RunOutcome& outcome, const TrainingRun& run) {
  std::vector<double> out(outcome.features.customer_ids.size(), kAbsent);
  if (run.silhouettes == nullptr) return out;
  for (size_t i = 0; i < run.silhouettes->size(); ++i) {
    const size_t row =
        run.silhouette_rows == nullptr ? i : static_cast<size_t>((*run.silhouette_rows)[i]);
    out[static_cast<size_t>(outcome.outliers.kept[row])] = (*run.silhouettes)[i];
  }
  return out;
}

void FillSilhouettes(const std::vector<double>& silhouettes, const std::vector<int32_t>& labels,
                     SegmentProfiles* profiles) {
  std::vector<double> sums(profiles->segments.size());
  std::vector<int64_t> counts(profiles->segments.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    if (std::isnan(silhouettes[i])) continue;
    sums[static_cast<size_t>(labels[i])] += silhouettes[i];
    ++counts[static_cast<size_t>(labels[i])];
  }
  for (size_t s = 0; s < sums.size(); ++s) {
    profiles->segments[s].silhouette =
        counts[s] == 0 ? kAbsent : sums[s] / static_cast<double>(counts[s]);
  }
}

SegmentSnapshot SnapshotOf(const FeatureMatrix& features, const std::vector<int32_t>& labels,
                           std::vector<std::string> names) {
  SegmentSnapshot out;
  out.names = std::move(names);
  out.segments = labels;
  for (size_t i = 0; i < labels.size(); ++i) {
    out.customers.push_back(CustomerText(features.customer_ids[i], features.customer_names));
    out.spend.push_back(features.values(static_cast<Eigen::Index>(i), kTotalSpend));
  }
  return out;
}

// What customers that left had spent stands nowhere any more.
absl::Status FillMigration(StageRun* run, const std::vector<int32_t>& labels,
                           const std::vector<std::string>& names, ReportData* report) {
  CAIRN_ASSIGN_OR_RETURN(const ChampionSegments* champion, ChampionSegmentsOf(run));
  if (champion == nullptr) return absl::OkStatus();
  SegmentSnapshot before{champion->customers, champion->segments,
                         std::vector<double>(champion->customers.size()), champion->names};
  CAIRN_ASSIGN_OR_RETURN(
      report->migration,
      ComputeMigration(before, SnapshotOf(run->outcome().features, labels, names),
                       run->champion()->version));
  return absl::OkStatus();
}

// Learned before the split and tested after it, by the segments of the chosen model. Data of a few
// days has no past to learn from, which is no fault.
absl::Status FillRecommendationQuality(const PipelineConfig& config, const RunOutcome& outcome,
                                       const TransactionTable& table, const TrainingRun& training,
                                       ReportData* report) {
  const auto split = SplitByTime(table);
  if (!split.ok()) return absl::OkStatus();
  const auto features =
      ComputeFeatures(split->before, config.features, config.threads, config.cleaning.home_country);
  if (!features.ok()) return absl::OkStatus();
  const auto& base = outcome.preparation.base;
  const auto segments = model::NearestCenters(
      model::ProjectRows(base, model::PrepareRows(base, features->values)), training.fit->centers);
  CAIRN_ASSIGN_OR_RETURN(
      report->recommendations,
      MeasureRecommendations(*split, *features, segments, training.point.k, config.threads));
  return absl::OkStatus();
}

absl::StatusOr<std::string> CustomersCsvOf(const RunOutcome& outcome, const FitOutcome& fit,
                                           const Recommendations& recommendations,
                                           const std::vector<std::string>& names,
                                           const std::vector<double>& silhouettes) {
  const auto second =
      SecondSegments(outcome.preparation.all_components, fit.centers, fit.all_labels);
  return CustomersCsv({outcome.features, fit.all_labels, names, second, silhouettes,
                       outcome.outliers.removed, &recommendations});
}

void FillFacts(StageRun* run, ReportData* report) {
  report->title = "Customer segments";
  const std::string& data = run->request().data;
  report->input = data.substr(data.find_last_of('/') + 1);
  report->input_sha256 = run->outcome().input.Hex();
  report->preset = run->config().preset;
  report->producer = "cairn-pipeline " CAIRN_VERSION;
}

// A deferred one runs when it is asked for.
std::launch BesideOrBehind(const TransactionTable& table) {
  return table.rows() <= kMostHeldRows ? std::launch::async : std::launch::deferred;
}

}  // namespace

absl::StatusOr<Insight> InsightOf(StageRun* run, size_t place) {
  const RunOutcome& outcome = run->outcome();
  const PipelineConfig& config = run->config();
  Insight out;
  ReportData& report = out.report;
  CAIRN_ASSIGN_OR_RETURN(const TransactionTable* table, CleanedTransactions(run));
  const TrainingRun& training = outcome.runs[place];
  const int k = training.point.k;
  const std::vector<int32_t>& labels = training.fit->all_labels;
  // Nothing of the rest asks for it.
  std::future<absl::Status> quality = std::async(BesideOrBehind(*table), [&, table] {
    return FillRecommendationQuality(run->config(), outcome, *table, training, &report);
  });
  CAIRN_ASSIGN_OR_RETURN(const std::vector<NamedSegment> named, SegmentsOf(run, training));
  const std::vector<std::string> names = NamesOf(named);
  CAIRN_ASSIGN_OR_RETURN(report.profiles,
                         ComputeProfiles(*table, outcome.features, labels, k,
                                         outcome.outliers.removed, config.threads));
  ApplyNames(named, &report.profiles);
  const std::vector<double> silhouettes = SilhouettesOf(outcome, training);
  FillSilhouettes(silhouettes, labels, &report.profiles);
  CAIRN_ASSIGN_OR_RETURN(
      const Recommendations recommendations,
      ComputeRecommendations(*table, outcome.features, labels, k, config.threads));
  CAIRN_ASSIGN_OR_RETURN(out.customers_csv, CustomersCsvOf(outcome, *training.fit, recommendations,
                                                           names, silhouettes));
  CAIRN_RETURN_IF_ERROR(quality.get());
  CAIRN_RETURN_IF_ERROR(FillMigration(run, labels, names, &report));
  FillFacts(run, &report);
  FillQuality(outcome.stages, &report);
  FillCustomers(outcome, labels, k, &report);
  FillTraining(outcome, config, place, &report);
  FillCosts(outcome.stages, config, &report);
  return out;
}

}  // namespace cairn::pipeline
