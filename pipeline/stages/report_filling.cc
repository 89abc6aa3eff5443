#include "pipeline/stages/report_filling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "lib/model/transform.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/stage_graph.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMostSilhouettes = 300;

std::vector<std::vector<double>> RowsOf(const RowMajorMatrix& matrix) {
  std::vector<std::vector<double>> out;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    out.emplace_back(matrix.row(i).data(), matrix.row(i).data() + matrix.cols());
  }
  return out;
}

std::string SaysOf(const std::string& stage) {
  for (const StageInfo& info : StageGraph()) {
    if (info.name == stage) return std::string(info.says);
  }
  return "";
}

// Whether most of the values lie in a small part of their range.
bool HasLongTail(const FeatureSummary& summary) {
  const double range = summary.max - summary.min;
  return range > 0 && (summary.upper_quartile - summary.lower_quartile) < range / 20;
}

double BinScale(bool signed_log, double x) { return signed_log ? model::SignedLog(x) : x; }

double FromBinScale(bool signed_log, double y) {
  return signed_log ? std::copysign(std::expm1(std::abs(y)), y) : y;
}

FeatureHistogram HistogramOf(const FeatureMatrix& features, size_t column,
                             const FeatureSummary& summary, const std::vector<int32_t>& labels,
                             int k) {
  FeatureHistogram out;
  out.feature = features.columns[column];
  out.signed_log = HasLongTail(summary);
  const double low = BinScale(out.signed_log, summary.min);
  const double high = BinScale(out.signed_log, summary.max);
  const double step = (high - low) / kHistogramBins;
  for (int i = 0; i <= kHistogramBins; ++i) {
    out.edges.push_back(FromBinScale(out.signed_log, low + step * i));
  }
  out.edges.front() = summary.min;
  out.edges.back() = summary.max;
  out.counts.assign(static_cast<size_t>(k), std::vector<int64_t>(kHistogramBins));
  for (size_t i = 0; i < labels.size(); ++i) {
    const double x =
        features.values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(column));
    const double place = step > 0 ? (BinScale(out.signed_log, x) - low) / step : 0;
    const int bin = std::clamp(static_cast<int>(place), 0, kHistogramBins - 1);
    ++out.counts[static_cast<size_t>(labels[i])][static_cast<size_t>(bin)];
  }
  return out;
}

void FillPoints(const RunOutcome& outcome, const std::vector<int32_t>& labels, PointCloud* cloud) {
  const RowMajorMatrix& components = outcome.preparation.all_components;
  const auto rows = static_cast<size_t>(components.rows());
  const size_t step = (rows + kMostPoints - 1) / std::max<size_t>(kMostPoints, 1);
  std::vector<bool> odd(rows);
  for (const int32_t row : outcome.outliers.removed) odd[static_cast<size_t>(row)] = true;
  cloud->total = static_cast<int64_t>(rows);
  for (size_t i = 0; i < rows; i += std::max<size_t>(step, 1)) {
    const auto row = static_cast<Eigen::Index>(i);
    std::array<double, 3> point{};
    for (Eigen::Index j = 0; j < std::min<Eigen::Index>(3, components.cols()); ++j) {
      point[static_cast<size_t>(j)] = components(row, j);
    }
    cloud->customers.push_back(
        CustomerText(outcome.features.customer_ids[i], outcome.features.customer_names));
    cloud->points.push_back(point);
    cloud->segments.push_back(labels[i]);
    cloud->outliers.push_back(odd[i]);
  }
}

void FillOutliers(const RunOutcome& outcome, const std::vector<int32_t>& labels,
                  ReportData* report) {
  report->outlier_count = static_cast<int64_t>(outcome.outliers.removed.size());
  std::vector<int32_t> rows = outcome.outliers.removed;
  const auto score = [&](int32_t row) { return outcome.outliers.scores[static_cast<size_t>(row)]; };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](int32_t a, int32_t b) { return score(a) < score(b); });
  rows.resize(std::min(rows.size(), kMostOutliers));
  const FeatureMatrix& features = outcome.features;
  for (const int32_t row : rows) {
    const auto place = static_cast<size_t>(row);
    report->outliers.push_back({CustomerText(features.customer_ids[place], features.customer_names),
                                score(row), labels[place], features.values(row, kTotalSpend),
                                static_cast<int64_t>(features.values(row, kTotalTransactions))});
  }
}

SelectionLine LineOf(const SelectionRow& row) {
  SelectionLine out;
  out.k = row.k;
  out.inertia = row.inertia;
  out.silhouette = row.silhouette;
  out.davies_bouldin = row.davies_bouldin;
  out.calinski_harabasz = row.calinski_harabasz;
  out.min_share = row.min_share;
  out.stability = row.stability ? row.stability->rand_index : kNotMeasured;
  out.eligible = row.eligible;
  out.note = row.note;
  return out;
}

constexpr double kGib = 1024.0 * 1024 * 1024;

double MoneyFor(const CostLine& line, const PipelineConfig::Prices& prices) {
  return line.cpu_seconds / 3600 * prices.cpu_hour +
         static_cast<double>(line.bytes_read) / kGib * prices.gib_read +
         static_cast<double>(line.bytes_stored) / kGib * prices.gib_stored +
         static_cast<double>(line.bytes_transferred) / kGib * prices.gib_transferred;
}

SilhouettePlot PlotOf(const TrainingRun& run) {
  SilhouettePlot out;
  out.k = run.point.k;
  out.mean = run.training.silhouette;
  const auto k = static_cast<size_t>(run.point.k);
  std::vector<std::vector<double>> by_segment(k);
  const std::vector<double>& samples = *run.silhouettes;
  for (size_t i = 0; i < samples.size(); ++i) {
    const size_t row =
        run.silhouette_rows == nullptr ? i : static_cast<size_t>((*run.silhouette_rows)[i]);
    by_segment[static_cast<size_t>(run.fit->training_labels[row])].push_back(samples[i]);
  }
  for (std::vector<double>& values : by_segment) {
    std::sort(values.begin(), values.end(), std::greater<>());
    out.sizes.push_back(static_cast<int64_t>(values.size()));
    out.means.push_back(values.empty() ? kNotMeasured
                                       : std::accumulate(values.begin(), values.end(), 0.0) /
                                             static_cast<double>(values.size()));
    const size_t step =
        std::max<size_t>(1, (values.size() + kMostSilhouettes - 1) / kMostSilhouettes);
    auto& thinned = out.samples.emplace_back();
    for (size_t i = 0; i < values.size(); i += step) thinned.push_back(values[i]);
  }
  return out;
}

}  // namespace

void FillQuality(const std::vector<StageRecord>& records, ReportData* report) {
  double before = kNotMeasured;
  for (const StageRecord& record : records) {
    if (!record.net_spend) continue;
    QualityStep step;
    step.stage = record.name;
    step.rule = SaysOf(record.name);
    step.rows_in = record.rows_in;
    step.rows_out = record.rows_out;
    step.spend_in = std::isnan(before) ? *record.net_spend : before;
    step.spend_out = *record.net_spend;
    step.counts = record.counts;
    before = *record.net_spend;
    report->quality.push_back(std::move(step));
  }
}

void FillCosts(const std::vector<StageRecord>& records, const PipelineConfig& config,
               ReportData* report) {
  report->currency = config.prices.currency;
  for (const StageRecord& record : records) {
    CostLine line;
    line.stage = record.name;
    line.seconds = record.seconds;
    line.cpu_seconds = record.cpu_seconds;
    line.bytes_read = record.bytes_read;
    line.bytes_stored = record.bytes_stored;
    line.bytes_transferred = record.bytes_transferred;
    line.money = MoneyFor(line, config.prices);
    line.cached = record.cached;
    report->costs.push_back(std::move(line));
  }
}

void FillCustomers(const RunOutcome& outcome, const std::vector<int32_t>& labels, int k,
                   ReportData* report) {
  report->pearson = RowsOf(outcome.correlations.pearson);
  report->spearman = RowsOf(outcome.correlations.spearman);
  report->prepared_pearson = RowsOf(outcome.prepared_correlations.pearson);
  report->variance_ratios = outcome.preparation.variance_ratios;
  report->components = static_cast<int>(outcome.preparation.components.cols());
  for (size_t j = 0; j < outcome.features.columns.size(); ++j) {
    report->histograms.push_back(
        HistogramOf(outcome.features, j, report->profiles.features[j], labels, k));
  }
  FillPoints(outcome, labels, &report->points);
  FillOutliers(outcome, labels, report);
}

void FillTraining(const RunOutcome& outcome, const PipelineConfig& config, size_t place,
                  ReportData* report) {
  const Selection& selection = outcome.selection;
  for (const SelectionRow& row : selection.rows) report->selection.push_back(LineOf(row));
  report->elbow_k = selection.elbow_k;
  report->chosen_k = outcome.runs[place].point.k;
  report->reason = selection.reason;
  const std::set<size_t> versions(selection.versions.begin(), selection.versions.end());
  const size_t chosen = selection.rows[selection.chosen].run;
  if (place != chosen) {
    report->reason = fmt::format("this is a version with {} segments beside the chosen one: {}",
                                 report->chosen_k, selection.reason);
  }
  for (size_t i = 0; i < outcome.runs.size(); ++i) {
    const TrainingRun& run = outcome.runs[i];
    SweepLine line;
    line.name = run.point.Id();
    line.k = run.point.k;
    line.params = RunParams(run, config);
    for (const auto& [metric, value] : RunMetrics(run)) line.metrics[metric] = value;
    line.seconds = run.fit_seconds + run.evaluate_seconds;
    line.version = versions.count(i) > 0;
    line.chosen = i == place;
    report->sweep.push_back(std::move(line));
  }
  for (const SelectionRow& row : selection.rows) {
    const TrainingRun& run = outcome.runs[row.run];
    if (run.silhouettes != nullptr) report->silhouettes.push_back(PlotOf(run));
  }
}

}  // namespace cairn::pipeline
