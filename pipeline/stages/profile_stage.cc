#include "pipeline/stages/profile_stage.h"

#include <fmt/format.h>

#include <cmath>
#include <future>
#include <limits>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "lib/model/transform.h"
#include "pipeline/data/features.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/insight/customers_csv.h"
#include "pipeline/insight/migration.h"
#include "pipeline/insight/profiles.h"
#include "pipeline/insight/recommendation_quality.h"
#include "pipeline/insight/recommendations.h"
#include "pipeline/report/html_report.h"
#include "pipeline/report/report_json.h"
#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/chart_pngs.h"
#include "pipeline/stages/foreign_formats.h"
#include "pipeline/stages/report_filling.h"
#include "pipeline/stages/segment_identity.h"
#include "pipeline/stages/training_stages.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

size_t ChosenPlace(const RunOutcome& outcome) {
  return outcome.selection.rows[outcome.selection.chosen].run;
}

const TrainingRun& ChosenRun(const RunOutcome& outcome) {
  return outcome.runs[ChosenPlace(outcome)];
}

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

// What a run came to, for people.
struct Insight {
  ReportData report;
  std::string customers_csv;
};

// Of the run at `place`: the chosen one, or another that becomes a version.
absl::StatusOr<Insight> InsightOf(StageRun* run, size_t place) {
  const RunOutcome& outcome = run->outcome();
  const PipelineConfig& config = run->config();
  Insight out;
  ReportData& report = out.report;
  CAIRN_ASSIGN_OR_RETURN(const TransactionTable* table, CleanedTransactions(run));
  const TrainingRun& training = outcome.runs[place];
  const int k = training.point.k;
  const std::vector<int32_t>& labels = training.fit->all_labels;
  // Beside the rest, of which nothing asks for it.
  std::future<absl::Status> quality = std::async(std::launch::async, [&, table] {
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

absl::Status ComputeProfile(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_ASSIGN_OR_RETURN(Insight insight, InsightOf(run, ChosenPlace(outcome)));
  outcome.report = std::move(insight.report);
  outcome.customers_csv = std::move(insight.customers_csv);
  record->rows_in = static_cast<int64_t>(outcome.features.customer_ids.size());
  record->rows_out = ChosenRun(outcome).point.k;
  return absl::OkStatus();
}

// model.onnx and MLflow's directory beside model.cairnseg.
absl::Status WriteFormats(StageRun* run) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ModelOf(run, ChosenRun(run->outcome())));
  CAIRN_ASSIGN_OR_RETURN(const auto model, model::ParseModel(bytes));
  CAIRN_ASSIGN_OR_RETURN(auto files,
                         ForeignFormats(model, run->outcome().report.profiles.last_day));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(run->out().PathOf("mlflow")));
  for (ModelFormatFile& file : files) run->out().Write(file.path, std::move(file.bytes));
  return absl::OkStatus();
}

absl::Status SettleProfile(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  run->Write("profiles.json", ProfilesJson(outcome.report.profiles));
  run->Write("report.json", ReportJson(outcome.report));
  record->digest = Sha256Hex(run->Write("customers.csv", outcome.customers_csv));
  if (!run->out().enabled()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(WriteFormats(run));
  run->out().Run([report = outcome.report, path = run->out().PathOf("report.html")] {
    return WriteOutputFile(path, RenderReport(report));
  });
  return absl::OkStatus();
}

// Any version may come into production: each has a report, the chosen one charts besides.
absl::Status PublishVersionReports(StageRun* run) {
  for (const size_t place : run->outcome().selection.versions) {
    if (place == ChosenPlace(run->outcome())) continue;
    CAIRN_ASSIGN_OR_RETURN(Insight insight, InsightOf(run, place));
    ArtifactDraft draft;
    draft.run = place;
    draft.files = {{"report/profiles.json", Share(ProfilesJson(insight.report.profiles))},
                   {"report/report.json", Share(ReportJson(insight.report))},
                   {"report/customers.csv", Share(std::move(insight.customers_csv))}};
    CAIRN_RETURN_IF_ERROR(run->publisher()->AddArtifacts(std::move(draft)));
  }
  return absl::OkStatus();
}

// Here, where no later stage waits for them.
absl::Status KeepPngsNow(StageRun* run) {
  std::vector<std::string> notes;
  CAIRN_RETURN_IF_ERROR(FinishPngs(run, &notes));
  for (const std::string& note : notes) run->Print(note);
  return absl::OkStatus();
}

absl::Status PublishReport(StageRun* run, const std::vector<ChartFile>& charts) {
  ArtifactDraft draft;
  draft.run = ChosenPlace(run->outcome());
  for (const char* file : {"profiles.json", "report.json", "customers.csv"}) {
    draft.files.push_back({fmt::format("report/{}", file), run->TextOf(file)});
  }
  for (const ChartFile& chart : charts) {
    draft.files.push_back({fmt::format("report/charts/{}.svg", chart.name), Share(chart.svg)});
  }
  for (const StageRecord& record : run->outcome().stages) {
    draft.files.push_back({fmt::format("logs/{}.log", record.name), Share(StageLog(record))});
  }
  return run->publisher()->AddArtifacts(std::move(draft));
}

absl::Status FollowProfile(StageRun* run, const StageRecord&) {
  const bool publishes = run->publisher() != nullptr;
  if (!publishes && !WantsPngs(*run)) return absl::OkStatus();
  std::vector<ChartFile> charts = DrawCharts(run->outcome().report);
  if (publishes) CAIRN_RETURN_IF_ERROR(PublishReport(run, charts));
  StartPngs(run, ChosenPlace(run->outcome()), std::move(charts));
  if (publishes) CAIRN_RETURN_IF_ERROR(PublishVersionReports(run));
  return publishes && !run->IsLast("profile") ? absl::OkStatus() : KeepPngsNow(run);
}

EncodeJob KeepProfile(StageRun* run, const std::vector<StageRecord>& records) {
  ByteWriter out;
  PutRecords(records, &out);
  out.Text(*run->TextOf("report.json"));
  out.Text(run->outcome().customers_csv);
  return Encoded(out.Take());
}

bool TakeProfile(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  ByteReader in(bytes);
  *records = GetRecords(&in);
  auto report = ParseReportJson(in.Text());
  std::string customers = in.Text();
  if (!report.ok() || !in.Done() || records->size() != 1) return false;
  run->outcome().report = *std::move(report);
  run->outcome().customers_csv = std::move(customers);
  return true;
}

}  // namespace

std::string ProfileSettings(const PipelineConfig& config) { return config.segments_after; }

StageWork ProfileWork() {
  StageWork work;
  work.compute = ComputeProfile;
  work.settle = SettleProfile;
  work.follow = FollowProfile;
  work.encode = KeepProfile;
  work.forms = {{"", TakeProfile}};
  return work;
}

}  // namespace cairn::pipeline
