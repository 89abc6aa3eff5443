#include "client-cli/mlflow_import/metric_mover.h"

#include <algorithm>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"

namespace cairn::mlflow_import {
namespace {

bool HasMetric(const v1::Run& run, const std::string& key) {
  return std::any_of(run.metrics().begin(), run.metrics().end(),
                     [&](const v1::MetricSummary& summary) { return summary.key() == key; });
}

// Calls `on_point` for each point of a metric in Cairn.
template <typename OnPoint>
absl::Status ForEachPoint(client::Client& client, const std::string& run, const std::string& key,
                          const OnPoint& on_point) {
  v1::ReadMetricsRequest request;
  request.set_run(run);
  request.set_key(key);
  return client.tracking().ReadMetrics(request, [&](const v1::MetricColumns& columns) {
    for (int i = 0; i < columns.steps_size(); ++i) {
      on_point(Point{columns.steps(i), columns.times_unix_millis(i), columns.values(i)});
    }
    return true;
  });
}

}  // namespace

absl::Status MetricMover::Move(const SourceRun& run, const v1::Run& target,
                               const std::string& what) {
  std::map<std::string, PointSum> sums;
  for (const SourceMetric& metric : run.metrics) {
    if (!IsKey(metric.key)) {
      report_.Compare(Counted::kMetrics, false, false);
      report_.LeaveOut(fmt::format("metric {} of {}", metric.key, what), "Cairn takes no such key");
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(sums[metric.key], MoveOne(run, metric, target));
    if (options_.on_progress) options_.on_progress(report_);
  }
  if (options_.dry_run) {
    report_.of(Counted::kMetrics).source += static_cast<int64_t>(sums.size());
    for (const auto& [key, sum] : sums) report_.of(Counted::kPoints).source += sum.count();
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(Flush());
  for (const auto& [key, sum] : sums) {
    CAIRN_RETURN_IF_ERROR(CompareOne(run, key, sum, target.name()));
  }
  return absl::OkStatus();
}

absl::StatusOr<PointSum> MetricMover::MoveOne(const SourceRun& run, const SourceMetric& metric,
                                              const v1::Run& target) {
  std::vector<Point> there;
  if (!options_.dry_run && HasMetric(target, metric.key)) {
    CAIRN_ASSIGN_OR_RETURN(there, InCairn(target.name(), metric.key));
  }
  PointSum sum;
  const auto take = [&](const std::vector<Point>& points) -> absl::Status {
    for (const Point& point : points) {
      sum.Add(point);
      if (options_.dry_run || HasPoint(there, point)) continue;
      CAIRN_RETURN_IF_ERROR(Append(target.name(), metric.key, point));
    }
    return absl::OkStatus();
  };
  CAIRN_RETURN_IF_ERROR(source_.ReadHistory(run.id, metric.key, take));
  // A history that is empty although the metric has a value.
  if (sum.count() == 0) CAIRN_RETURN_IF_ERROR(take({metric.latest}));
  return sum;
}

absl::Status MetricMover::CompareOne(const SourceRun& run, const std::string& key,
                                     const PointSum& read, const std::string& target) {
  PointSum kept;
  CAIRN_RETURN_IF_ERROR(
      ForEachPoint(*client_, target, key, [&](const Point& point) { kept.Add(point); }));
  int64_t source_points = read.count();
  int64_t differing = 0;
  if (!(kept == read)) {
    // Sources may tell a point twice, which is one point in Cairn: only now all are held.
    std::vector<Point> wanted;
    CAIRN_RETURN_IF_ERROR(source_.ReadHistory(run.id, key, [&](const std::vector<Point>& points) {
      wanted.insert(wanted.end(), points.begin(), points.end());
      return absl::OkStatus();
    }));
    SortPoints(wanted);
    CAIRN_ASSIGN_OR_RETURN(const std::vector<Point> there, InCairn(target, key));
    source_points = static_cast<int64_t>(wanted.size());
    differing = std::count_if(wanted.begin(), wanted.end(),
                              [&](const Point& point) { return !HasPoint(there, point); });
    differing += std::max<int64_t>(0, kept.count() - source_points);
  }
  report_.Compare(Counted::kMetrics, kept.count() > 0, differing == 0);
  Tally& points = report_.of(Counted::kPoints);
  points.source += source_points;
  points.target += kept.count();
  points.differs += differing;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Point>> MetricMover::InCairn(const std::string& run,
                                                        const std::string& key) {
  std::vector<Point> points;
  CAIRN_RETURN_IF_ERROR(
      ForEachPoint(*client_, run, key, [&](const Point& point) { points.push_back(point); }));
  SortPoints(points);
  return points;
}

absl::Status MetricMover::LogMissing(const v1::Run& target,
                                     const std::map<std::string, std::vector<Point>>& points) {
  for (const auto& [key, wanted] : points) {
    std::vector<Point> there;
    if (HasMetric(target, key)) {
      CAIRN_ASSIGN_OR_RETURN(there, InCairn(target.name(), key));
    }
    for (const Point& point : wanted) {
      if (!HasPoint(there, point)) CAIRN_RETURN_IF_ERROR(Append(target.name(), key, point));
    }
  }
  return Flush();
}

absl::Status MetricMover::Append(const std::string& run, const std::string& key,
                                 const Point& point) {
  if (batch_.run() != run) {  // what an error left of another run goes
    batch_.Clear();
    columns_.clear();
    batch_points_ = 0;
    batch_.set_run(run);
  }
  const auto [column, is_new] = columns_.try_emplace(key, batch_.metrics_size());
  if (is_new) batch_.add_metrics()->set_key(key);
  v1::MetricColumns& columns = *batch_.mutable_metrics(column->second);
  columns.add_steps(point.step);
  columns.add_times_unix_millis(point.time_unix_millis);
  columns.add_values(point.value);
  ++batch_points_;
  const bool full = batch_points_ >= kMostBatchPoints || batch_.metrics_size() >= kMostEntries;
  return full ? Flush() : absl::OkStatus();
}

absl::Status MetricMover::Flush() {
  v1::LogBatchRequest batch = std::exchange(batch_, {});
  columns_.clear();
  const int64_t points = std::exchange(batch_points_, 0);
  if (points == 0) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(client_->tracking().LogBatch(std::move(batch)).status());
  report_.new_points += points;
  return absl::OkStatus();
}

}  // namespace cairn::mlflow_import
