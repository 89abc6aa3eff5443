#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/policy_files.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/local_files.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/transfer_meter.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/metric_batch.h"
#include "lib/client/uploader.h"

namespace cairn::cli {
namespace {

// The run of a `log` command, and what is to be logged: with --run or MLCTL_RUN
// every argument, else the first argument is the run.
struct LogTarget {
  std::string run;  // resource name
  std::string uid;
  std::vector<std::string> items;
};

absl::StatusOr<LogTarget> FindTarget(Session& session, const Invocation& call) {
  LogTarget target;
  target.items = call.arguments;
  std::string reference = session.flags().Text("run");
  if (reference.empty()) {
    reference = target.items.front();
    target.items.erase(target.items.begin());
    if (reference.find('=') != std::string::npos) {
      return UsageError("which run? Write RUN before the values, or use --run or MLCTL_RUN");
    }
  }
  if (target.items.empty()) {
    return UsageError(fmt::format("{} needs something to log", call.command->path));
  }
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, reference));
  target.run = run.name();
  target.uid = run.uid();
  return target;
}

// Ends a `log` command: people see nothing but what a dry run would do, a script that asks for a
// format gets the run with what this command logged to it and nothing else.
absl::StatusOr<int> EmitLogged(Session& session, const LogTarget& target, v1::Run logged,
                               const std::string& what) {
  if (session.flags().Switch("dry-run")) {
    session.Note(fmt::format("would log {} to {} (checked by the server)", what, target.run));
  }
  logged.set_name(target.run);
  logged.set_uid(target.uid);
  return session.EmitText(logged, "", target.run, target.uid);
}

// Sends a batch, or with --dry-run has it checked by the server and says what it would log.
absl::StatusOr<int> Send(Session& session, client::Client& client, const LogTarget& target,
                         v1::LogBatchRequest request, const std::string& what) {
  request.set_run(target.run);
  request.set_validate_only(session.flags().Switch("dry-run"));
  v1::Run logged;
  *logged.mutable_params() = request.params();
  *logged.mutable_tags() = request.tags();
  *logged.mutable_inputs() = request.inputs();
  CAIRN_RETURN_IF_ERROR(client.tracking().LogBatch(std::move(request)).status());
  return EmitLogged(session, target, std::move(logged), what);
}

absl::StatusOr<int> LogPairs(Session& session, const Invocation& call, bool tags) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const LogTarget target, FindTarget(session, call));
  v1::LogBatchRequest request;
  CAIRN_ASSIGN_OR_RETURN(const auto pairs, ParsePairs(target.items));
  for (const auto& [key, value] : pairs) {
    (tags ? *request.mutable_tags() : *request.mutable_params())[key] = value;
  }
  return Send(session, *client, target, std::move(request), fmt::format("{} values", pairs.size()));
}

absl::StatusOr<int> LogParam(Session& session, const Invocation& call) {
  return LogPairs(session, call, false);
}

absl::StatusOr<int> LogTag(Session& session, const Invocation& call) {
  return LogPairs(session, call, true);
}

absl::StatusOr<double> ParseNumber(std::string_view key, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return UsageError(fmt::format("{}: \"{}\" is not a number", key, text));
  }
  return value;
}

// One observation from the command line or a line of input.
struct Point {
  std::string key;
  double value = 0;
  int64_t step = 0;
  std::optional<int64_t> time_unix_millis;
};

// "loss=0.5", "loss=0.5 12" (a step), or {"key": …, "value": …, "step": …}.
absl::StatusOr<Point> ParseLine(const std::string& line, int64_t step) {
  if (line[0] == '{') {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("key") || !json["key"].is_string() ||
        !json.contains("value") || !json["value"].is_number()) {
      return UsageError(fmt::format("not a metric: {}", line));
    }
    Point point{json["key"], json["value"], step, std::nullopt};
    if (json.contains("step") && json["step"].is_number_integer()) point.step = json["step"];
    if (json.contains("time") && json["time"].is_number_integer()) {
      point.time_unix_millis = json["time"].get<int64_t>();
    }
    return point;
  }
  CAIRN_ASSIGN_OR_RETURN(auto pair, ParsePair(line));
  Point point{pair.first, 0, step, std::nullopt};
  if (const size_t space = pair.second.find(' '); space != std::string::npos) {
    CAIRN_ASSIGN_OR_RETURN(const double number, ParseNumber("step", pair.second.substr(space + 1)));
    point.step = static_cast<int64_t>(number);
    pair.second.resize(space);
  }
  CAIRN_ASSIGN_OR_RETURN(point.value, ParseNumber(pair.first, pair.second));
  return point;
}

// Sends points. Where none says when it was, the server's time stands for all: the same command
// is then the same request, which --request-id needs.
class PointSender {
 public:
  PointSender(client::Client& client, v1::LogBatchRequest request)
      : client_(client), request_(std::move(request)) {}

  absl::Status Send(const std::vector<Point>& points) {
    const bool timed = std::any_of(points.begin(), points.end(), [](const Point& point) {
      return point.time_unix_millis.has_value();
    });
    const int64_t now = SystemClock().NowUnixNanos() / 1'000'000;
    for (const Point& point : points) {
      if (!batch_.HasRoomFor(point.key)) CAIRN_RETURN_IF_ERROR(SendBatch(timed));
      batch_.Add(point.key, point.step, point.value, point.time_unix_millis.value_or(now));
    }
    return batch_.points() == 0 ? absl::OkStatus() : SendBatch(timed);
  }

 private:
  absl::Status SendBatch(bool timed) {
    *request_.mutable_metrics() = batch_.Take();
    if (!timed) {
      for (v1::MetricColumns& columns : *request_.mutable_metrics()) {
        columns.clear_times_unix_millis();
      }
    }
    return client_.tracking().LogBatch(request_).status();
  }

  client::Client& client_;
  v1::LogBatchRequest request_;
  client::MetricBatch batch_;
};

// How many points each key has, as the metrics of a run.
v1::Run PointCounts(const std::vector<Point>& points) {
  std::map<std::string, int64_t> counts;
  for (const Point& point : points) ++counts[point.key];
  v1::Run run;
  for (const auto& [key, count] : counts) {
    v1::MetricSummary& metric = *run.add_metrics();
    metric.set_key(key);
    metric.set_point_count(count);
  }
  return run;
}

absl::StatusOr<int> LogMetric(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const LogTarget target, FindTarget(session, call));
  const int64_t step = session.flags().Integer("step");
  std::vector<Point> points;
  std::set<std::string> keys;  // of the command line
  for (const std::string& item : target.items) {
    std::string text = item;
    if (item == "-") {
      CAIRN_ASSIGN_OR_RETURN(text, ReadStandardInput());
    } else if (item.rfind('@', 0) == 0) {
      CAIRN_ASSIGN_OR_RETURN(text, ReadFile(item.substr(1)));
    }
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      std::string line = text.substr(0, end);
      text.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.empty()) continue;
      CAIRN_ASSIGN_OR_RETURN(Point point, ParseLine(line, step));
      if (line == item && !keys.insert(fmt::format("{} {}", point.step, point.key)).second) {
        return UsageError(fmt::format("{} is given twice for step {}", point.key, point.step));
      }
      points.push_back(std::move(point));
    }
  }
  v1::LogBatchRequest request;
  request.set_run(target.run);
  request.set_validate_only(session.flags().Switch("dry-run"));
  CAIRN_RETURN_IF_ERROR(PointSender(*client, std::move(request)).Send(points));
  return EmitLogged(session, target, PointCounts(points), fmt::format("{} points", points.size()));
}

absl::StatusOr<int> LogInput(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const LogTarget target, FindTarget(session, call));
  v1::LogBatchRequest request;
  std::map<std::string, std::string> given;  // by the name of the version
  for (const std::string& item : target.items) {
    v1::RunInput& input = *request.add_inputs();
    CAIRN_ASSIGN_OR_RETURN(*input.mutable_dataset_version(), ResolveAny(session, item));
    const auto [at, is_new] = given.emplace(input.dataset_version(), item);
    if (!is_new) {
      return UsageError(fmt::format("{} is given twice, as \"{}\" and as \"{}\"",
                                    input.dataset_version(), at->second, item));
    }
    input.set_context(session.flags().Text("input-context"));
  }
  return Send(session, *client, target, std::move(request),
              fmt::format("{} inputs", target.items.size()));
}

absl::StatusOr<int> LogArtifact(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const LogTarget target, FindTarget(session, call));
  CAIRN_ASSIGN_OR_RETURN(const auto items,
                         CollectFiles(session, target.items, session.flags().Text("path")));
  // A dry run needs the bytes too: the server checks that they are there.
  TransferMeter meter(session, "sent");
  CAIRN_RETURN_IF_ERROR(client::UploadArtifacts(*client, target.run, items, meter.callback(),
                                                session.flags().Switch("dry-run")));
  meter.Finish();
  v1::ListArtifactsResponse logged;
  for (const auto& item : items) logged.add_files()->set_path(item.path);
  std::string text;
  for (const auto& item : items) text += item.path + "\n";
  return session.EmitChange(logged, text, target.run, target.run);
}

// The same under two verbs: `log` as for everything of a run, `put` as for data sets.
Command ArtifactCommand(std::string_view path, std::string_view summary, const Flag& run) {
  return {.path = path,
          .family = "Log",
          .summary = summary,
          .arguments = {{"RUN", 1, 1, "run"}, {"FILE", 0, -1, "file"}},
          .flags = {run,
                    {.name = "path", .value = "PREFIX", .help = "where to put them, such as model"},
                    kFollowLinks,
                    kDryRun},
          .examples = {{"mlctl log artifact $RUN model.bin", "a file"},
                       {"mlctl put artifact $RUN out/ --path reports",
                        "a directory, below reports/; put and log are the same"},
                       {"mlctl log artifact *.png --run $RUN", "many files"}},
          .details =
              "The files appear all at once when the last of them was sent, or not at all;\n"
              "at most 200,000 in one call. `mlctl fetch RUN` brings them back. Nothing below a\n"
              "directory is left out in silence: what is no readable file is refused, all of it\n"
              "at once, and directories that hold nothing are named. With --dry-run the bytes are\n"
              "sent as well, for the server to check, and the run does not get them.",
          .handler = LogArtifact};
}

}  // namespace

std::vector<Command> LoggingCommands() {
  const Flag run = {
      .name = "run", .value = "RUN", .help = "the run, instead of the first argument"};
  return {
      {.path = "log param",
       .family = "Log",
       .summary = "Log parameters of a run",
       .arguments = {{"RUN", 1, 1, "run"}, {"KEY=VALUE", 0, -1}},
       .flags = {run, kDryRun},
       .examples = {{"mlctl log param $RUN k=4 seed=7", "two parameters in one call"},
                    {"mlctl log param k=4 --run $RUN", "the run as a flag"},
                    {"export MLCTL_RUN=$RUN; mlctl log param k=4", "the run from the environment"}},
       .details = "A parameter is set once; setting the same value again is harmless, another "
                  "value is refused.\n-o json prints the run's name, uid and what was logged.",
       .handler = LogParam},
      {.path = "log metric",
       .family = "Log",
       .summary = "Log metric values of a run",
       .arguments = {{"RUN", 1, 1, "run"}, {"KEY=VALUE", 0, -1}},
       .flags = {run,
                 {.name = "step",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "the step of the values",
                  .fallback = "0"},
                 kDryRun},
       .examples = {{"mlctl log metric $RUN silhouette=0.31 inertia=5120 --step 3",
                     "values of one step"},
                    {"train | mlctl log metric $RUN -", "lines from the standard input"},
                    {"mlctl log metric $RUN @metrics.jsonl", "lines from a file"}},
       .details = "Lines are KEY=VALUE, KEY=VALUE STEP, or a JSON object with key, value and, if\n"
                  "you like, step and time (milliseconds since 1970).\n"
                  "-o json prints the run's name, uid and how many points of which metrics were "
                  "logged.",
       .handler = LogMetric},
      {.path = "log tag",
       .family = "Log",
       .summary = "Set tags of a run",
       .arguments = {{"RUN", 1, 1, "run"}, {"KEY=VALUE", 0, -1}},
       .flags = {run, kDryRun},
       .examples = {{"mlctl log tag $RUN team=crm", "one tag"},
                    {"mlctl log tag $RUN team=crm stage=trial", "two in one call"},
                    {"mlctl log tag git.commit=$(git rev-parse HEAD) --run $RUN", "from Git"}},
       .details = "-o json prints the run's name, uid and what was logged.",
       .handler = LogTag},
      {.path = "log input",
       .family = "Log",
       .summary = "Note which data set versions a run read",
       .arguments = {{"RUN", 1, 1, "run"}, {"dataset:NAME@VERSION", 0, -1, "dataset"}},
       .flags = {run,
                 {.name = "input-context",
                  .value = "TEXT",
                  .help = "what the data was used for, such as training"},
                 kDryRun},
       .examples = {{"mlctl log input $RUN dataset:retail@3", "one version"},
                    {"mlctl log input $RUN dataset:retail@latest --input-context training",
                     "the latest, with its use"},
                    {"mlctl log input dataset:retail@sha256:9f3c --run $RUN", "by digest"}},
       .details = "-o json prints the run's name, uid and what was logged.",
       .handler = LogInput},
      ArtifactCommand("log artifact", "Add files or directories to a run's artifacts", run),
      ArtifactCommand("put artifact", "Add files to a run's artifacts, as log artifact does", run),
  };
}

}  // namespace cairn::cli
