#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/sparkline.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

constexpr int64_t kMaxBuckets = 100'000;

absl::StatusOr<v1::ReadMetricsRequest> RequestOf(Session& session, const v1::Run& run,
                                                 const Invocation& call) {
  const Settings& flags = session.flags();
  v1::ReadMetricsRequest request;
  request.set_run(run.name());
  request.set_key(call.arguments[1]);
  if (flags.IsGiven("from")) request.set_start_step(flags.Integer("from"));
  if (flags.IsGiven("to")) request.set_end_step(flags.Integer("to"));
  if (flags.Switch("points")) return request;
  const int64_t buckets = flags.Integer("buckets");
  if (buckets < 1 || buckets > kMaxBuckets) {
    return UsageError(fmt::format("--buckets {}: must be from 1 to {}", buckets, kMaxBuckets));
  }
  request.set_max_buckets(static_cast<int32_t>(buckets));
  return request;
}

std::string Number(double value) { return fmt::format("{:.6g}", value); }
std::string Exact(double value) { return fmt::format("{}", value); }

// What somebody on a terminal wants: the shape, and the figures that it hides.
std::string Summary(const std::string& key, const std::vector<v1::MetricBucket>& buckets) {
  int64_t points = 0;
  std::optional<double> least;
  std::optional<double> greatest;
  std::vector<std::optional<double>> means;
  for (const v1::MetricBucket& bucket : buckets) {
    points += bucket.point_count();
    means.emplace_back();
    if (!bucket.has_mean_value()) continue;
    means.back() = bucket.mean_value();
    least = std::min(least.value_or(bucket.min_value()), bucket.min_value());
    greatest = std::max(greatest.value_or(bucket.max_value()), bucket.max_value());
  }
  std::string text = fmt::format("{}\n{}  {} points, steps {} to {}", Sparkline(means), key, points,
                                 buckets.front().first_step(), buckets.back().last_step());
  if (least.has_value()) {
    text += fmt::format(", from {} to {}", Number(*least), Number(*greatest));
  }
  return text + "\n";
}

Cell Optional(bool present, double value) {
  return present ? Cell(Exact(value), Number(value)) : Cell("");
}

Table BucketTable(const std::vector<v1::MetricBucket>& buckets) {
  Table table;
  table.columns = {{"FIRST_STEP", false, true}, {"LAST_STEP", false, true}, {"POINTS", false, true},
                   {"MIN", false, true},        {"MEAN", false, true},      {"MAX", false, true},
                   {"NAN", true, true}};
  for (const v1::MetricBucket& b : buckets) {
    const std::string id = std::to_string(b.first_step());
    table.rows.push_back(
        {id,
         id,
         {Cell(id), Cell(std::to_string(b.last_step())), Cell(std::to_string(b.point_count())),
          Optional(b.has_min_value(), b.min_value()), Optional(b.has_mean_value(), b.mean_value()),
          Optional(b.has_max_value(), b.max_value()), Cell(std::to_string(b.nan_count()))}});
  }
  return table;
}

// What to say of a metric without a point: hints at the range if the run has the metric, else
// NOT_FOUND with the nearest that it has.
absl::Status Nothing(Session& session, const v1::Run& run, const std::string& key) {
  std::vector<std::string> keys;
  for (const v1::MetricSummary& metric : run.metrics()) keys.push_back(metric.key());
  if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
    session.Hint(fmt::format("{} has no point in this range of steps", key));
    return absl::OkStatus();
  }
  const std::string nearest = NearestOf(key, keys);
  const std::string meant = nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
  return Error(absl::StatusCode::kNotFound, ErrorReason::VALUE_INVALID,
               fmt::format("{} has no metric \"{}\"{}", run.name(), key, meant))
      .With("run", run.name())
      .With("metric", key)
      .ToStatus();
}

absl::StatusOr<int> ShowPoints(Session& session, const v1::Run& run,
                               const v1::ReadMetricsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ReadMetricsResponse all;
  all.mutable_columns()->set_key(request.key());
  CAIRN_RETURN_IF_ERROR(client->tracking().ReadMetrics(request, [&](const v1::MetricColumns& part) {
    all.mutable_columns()->MergeFrom(part);
    return true;
  }));
  const v1::MetricColumns& points = all.columns();
  Table table;
  table.columns = {{"STEP", false, true}, {"VALUE", false, true}, {"TIME_UNIX_MILLIS", true, true}};
  for (int i = 0; i < points.values_size() && !session.wants_message(); ++i) {
    const std::string step = std::to_string(points.steps(i));
    table.rows.push_back({step,
                          step,
                          {Cell(step), Cell(Exact(points.values(i))),
                           Cell(std::to_string(points.times_unix_millis(i)))}});
  }
  if (points.values_size() == 0) CAIRN_RETURN_IF_ERROR(Nothing(session, run, request.key()));
  return session.Emit(all, table);
}

absl::StatusOr<int> GetCurve(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const v1::ReadMetricsRequest request, RequestOf(session, run, call));
  if (session.flags().Switch("points")) return ShowPoints(session, run, request);
  CAIRN_ASSIGN_OR_RETURN(const auto buckets, client->tracking().ReadMetricBuckets(request));
  v1::ReadMetricsResponse all;
  for (const v1::MetricBucket& bucket : buckets) *all.add_buckets() = bucket;
  if (buckets.empty()) CAIRN_RETURN_IF_ERROR(Nothing(session, run, request.key()));
  if (session.format() == "table" && !buckets.empty()) {
    session.Print(Summary(request.key(), buckets));
    return kExitOk;
  }
  return session.Emit(all, session.wants_message() ? Table() : BucketTable(buckets));
}

absl::StatusOr<int> CountRuns(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::CountRunsRequest request;
  CAIRN_RETURN_IF_ERROR(ChooseRuns(session, session.flags().List("experiment"), request));
  CAIRN_ASSIGN_OR_RETURN(const auto counted, client->tracking().CountRuns(request));
  const std::string count = std::to_string(counted.run_count());
  return session.EmitText(counted, count + "\n", count, count);
}

}  // namespace

std::vector<Command> CurveCommands() {
  return {
      {.path = "get curve",
       .family = "Look",
       .summary = "Show how a metric of a run went",
       .arguments = {{"RUN", 1, 1, "run"}, {"METRIC"}},
       .flags = {{.name = "buckets",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "into how many ranges of steps to sum the points up, at most",
                  .fallback = "60",
                  .least = 1},
                 kFromStep,
                 kToStep,
                 {.name = "points",
                  .kind = FlagKind::kSwitch,
                  .help = "every point instead of ranges"}},
       .examples = {{"mlctl get curve $RUN loss", "its shape in one line"},
                    {"mlctl get curve $RUN loss --buckets 20 -o wide", "minimum, mean and maximum"},
                    {"mlctl get curve $RUN loss --points -o csv", "every point"}},
       .details = "Minimum and maximum are exact whatever the number of ranges.",
       .handler = GetCurve},
      {.path = "count runs",
       .family = "Look",
       .summary = "Count runs by filter, across experiments",
       .flags = {kFilter, kExperiments, kShowDeleted},
       .examples = {{"mlctl count runs", "all that are not deleted"},
                    {"mlctl count runs --filter 'state = FAILED'", "those that failed"},
                    {"mlctl count runs -e segments -o json", "of one experiment, as JSON"}},
       .handler = CountRuns},
  };
}

}  // namespace cairn::cli
