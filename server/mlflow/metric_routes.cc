#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/metric_history.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

constexpr int64_t kHistoryPage = 25'000;
constexpr size_t kMostRuns = 100;
constexpr int64_t kMostSamples = 2500;

int64_t PageSizeOf(const Fields& fields) {
  const int64_t most = fields.Int("max_results").value_or(kHistoryPage);
  if (most < 0) fields.Refuse(InvalidValue(std::to_string(most), "max_results"));
  return most == 0 ? kHistoryPage : std::min(most, kHistoryPage);
}

// Reads a metric of a run into a page. A run that is not there has no history, which is no error.
Task<absl::Status> ReadPage(Session& session, const std::string& run_id, const std::string& key,
                            const std::optional<HistoryPoint>& after, HistoryPage& page) {
  const auto name = co_await session.NameOfRun(run_id);
  if (!name.ok()) {
    co_return ErrorCodeOf(name.status()) == kNotExists ? absl::OkStatus() : name.status();
  }
  v1::ReadMetricsRequest read;
  read.set_run(*name);
  read.set_key(key);
  if (after.has_value()) read.set_start_time_unix_millis(after->time);
  const absl::Status status =
      co_await session.ReadMetrics(std::move(read), [&page](const v1::MetricColumns& columns) {
        page.Add(columns);
        return absl::OkStatus();
      });
  co_return status.ok() ? status : session.ErrorOfRun(run_id, status);
}

Task<Reply> GetHistory(Session& session, const Fields& fields) {
  const std::string run_id = fields.RequiredRunId();
  const std::string key = fields.Required("metric_key");
  const int64_t most = PageSizeOf(fields);
  const auto after = PointOfToken(fields.Text("page_token"));
  if (!after.ok()) fields.Refuse(after.status());
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_RETURN_IF_ERROR(session.Charge(most * static_cast<int64_t>(sizeof(HistoryPoint))));
  HistoryPage page(*after, static_cast<size_t>(most));
  const absl::Status status = co_await ReadPage(session, run_id, key, *after, page);
  if (!status.ok()) co_return status;
  const std::vector<HistoryPoint> points = page.Take();
  JsonText metrics;
  for (const HistoryPoint& point : points) {
    WriteMetric(key, point.value, point.time, point.step, "", metrics);
  }
  co_return PageReply("metrics", metrics.Take(), page.more() ? HistoryToken(points.back()) : "");
}

// The runs whose whole histories are asked for: each counts once, by id.
std::set<std::string> BulkRunsOf(const Fields& fields) {
  const std::vector<std::string> run_ids = fields.Texts("run_id");
  if (run_ids.empty()) fields.Refuse(MissingValue("run_id"));
  if (run_ids.size() > kMostRuns) {
    fields.Refuse(
        Refuse(kInvalidParameter, fmt::format("At most {} run_ids can be asked for.", kMostRuns)));
  }
  return {run_ids.begin(), run_ids.end()};
}

// Run after run, until there are as many points as are asked for; the list is there if it is empty.
Task<Reply> GetBulkHistory(Session& session, const Fields& fields) {
  const std::set<std::string> run_ids = BulkRunsOf(fields);
  const std::string key = fields.Required("metric_key");
  int64_t left = fields.Int("max_results").value_or(kHistoryPage);
  if (left < 0) fields.Refuse(InvalidValue(std::to_string(left), "max_results"));
  left = std::min(left, kHistoryPage);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_RETURN_IF_ERROR(session.Charge(left * static_cast<int64_t>(sizeof(HistoryPoint))));
  JsonText json;
  json.Begin('{').Key("metrics").Begin('[');
  for (auto run_id = run_ids.begin(); run_id != run_ids.end() && left > 0; ++run_id) {
    HistoryPage page(std::nullopt, static_cast<size_t>(left));
    const absl::Status status = co_await ReadPage(session, *run_id, key, std::nullopt, page);
    if (!status.ok()) co_return status;
    for (const HistoryPoint& point : page.Take()) {
      WriteMetric(key, point.value, point.time, point.step, *run_id, json);
      --left;
    }
  }
  json.End(']').End('}');
  co_return json.Take();
}

// What is asked for each of the runs.
struct Sampling {
  std::vector<std::string> run_ids;
  std::string key;
  std::optional<int64_t> start_step;
  std::optional<int64_t> end_step;  // inclusive
  int64_t most = kMostSamples;
};

Sampling SamplingOf(const Fields& fields) {
  Sampling sampling{fields.Texts("run_ids"), fields.Required("metric_key"),
                    fields.Int("start_step"), fields.Int("end_step"),
                    fields.Int("max_results").value_or(kMostSamples)};
  if (sampling.run_ids.empty()) fields.Refuse(MissingValue("run_ids"));
  if (sampling.run_ids.size() > kMostRuns) {
    fields.Refuse(
        Refuse(kInvalidParameter, fmt::format("At most {} run_ids can be asked for.", kMostRuns)));
  }
  if (sampling.most < 1 || sampling.most > kMostSamples) {
    fields.Refuse(InvalidValue(std::to_string(sampling.most), "max_results",
                               fmt::format("must be from 1 to {}", kMostSamples)));
  }
  if (sampling.start_step.has_value() != sampling.end_step.has_value() ||
      sampling.start_step > sampling.end_step) {
    fields.Refuse(
        Refuse(kInvalidParameter, "start_step and end_step must come together, in this order."));
  }
  return sampling;
}

// Writes the sample of one run, by step, time and value.
Task<absl::Status> SampleRun(Session& session, const Sampling& sampling, std::string run_id,
                             JsonText& json) {
  const auto name = co_await session.NameOfRun(run_id);
  if (!name.ok()) {
    co_return ErrorCodeOf(name.status()) == kNotExists ? absl::OkStatus() : name.status();
  }
  v1::ReadMetricsRequest read;
  read.set_run(*name);
  read.set_key(sampling.key);
  if (sampling.start_step.has_value()) read.set_start_step(*sampling.start_step);
  if (sampling.end_step.has_value() && *sampling.end_step < INT64_MAX) {
    read.set_end_step(*sampling.end_step + 1);
  }
  std::vector<HistoryPoint> points;
  const absl::Status status = co_await session.ReadMetrics(
      std::move(read), [&points, &session](const v1::MetricColumns& columns) {
        for (int i = 0; i < columns.values_size(); ++i) {
          points.push_back({columns.times_unix_millis(i), columns.steps(i), columns.values(i)});
        }
        return session.Charge(columns.values_size() * static_cast<int64_t>(sizeof(HistoryPoint)));
      });
  if (!status.ok()) co_return session.ErrorOfRun(run_id, status);
  for (const size_t row : SampleOf(points.size(), static_cast<size_t>(sampling.most))) {
    const HistoryPoint& point = points[row];
    WriteMetric(sampling.key, point.value, point.time, point.step, run_id, json);
  }
  co_return absl::OkStatus();
}

Task<Reply> GetSampledHistory(Session& session, const Fields& fields) {
  const Sampling sampling = SamplingOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  JsonText metrics;
  for (const std::string& run_id : sampling.run_ids) {
    const absl::Status status = co_await SampleRun(session, sampling, run_id, metrics);
    if (!status.ok()) co_return status;
  }
  co_return PageReply("metrics", metrics.Take(), "");
}

}  // namespace

std::vector<RouteRow> MetricRoutes() {
  return {
      {"GET", "/metrics/get-history", GetHistory},
      {"GET", "/metrics/get-history-bulk", GetBulkHistory},
      {"GET", "/metrics/get-history-bulk-interval", GetSampledHistory},
  };
}

}  // namespace cairn::mlflow
