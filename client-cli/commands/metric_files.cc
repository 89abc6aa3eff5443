#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/metric_lines.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/metric_batch.h"
#include "lib/client/metric_writer.h"

namespace cairn::cli {
namespace {

using ProgressClock = std::chrono::steady_clock;

// Says how many points the server has and how fast they go: in one line that changes on a
// terminal, in a line each 10 s elsewhere. Safe to call from any thread.
class PointProgress {
 public:
  explicit PointProgress(Session& session)
      : session_(session),
        is_tty_(session.terminal().stderr_is_tty),
        quiet_(session.flags().Switch("quiet")),
        interval_(is_tty_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000)) {}

  void Update(int64_t points, int64_t waiting) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto now = ProgressClock::now();
    if (quiet_ || now - last_ < interval_) return;
    last_ = now;
    const std::string line = fmt::format("{}, {} waiting", Rate(points), waiting);
    if (is_tty_) {
      std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
      shown_ = true;
    } else {
      session_.Note(line);
    }
  }

  // Ends with what was done, on a line of its own.
  void End(int64_t points, std::string_view target) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (shown_) std::fprintf(stderr, "\r\x1b[K");
    if (!quiet_) session_.Note(fmt::format("{} to {}", Rate(points), target));
  }

 private:
  std::string Rate(int64_t points) const {
    const std::chrono::duration<double> passed = ProgressClock::now() - begin_;
    return fmt::format("{} points logged ({:.0f}/s)", points,
                       static_cast<double>(points) / (passed.count() + 1e-9));
  }

  Session& session_;
  const bool is_tty_;
  const bool quiet_;
  const std::chrono::milliseconds interval_;
  const ProgressClock::time_point begin_ = ProgressClock::now();
  std::mutex mutex_;
  ProgressClock::time_point last_ = begin_;
  bool shown_ = false;
};

absl::StatusOr<MetricLineReader::Format> FormatOf(const Session& session, const std::string& file) {
  const std::string given = session.flags().Text("format");
  if (given == "csv") return MetricLineReader::Format::kCsv;
  if (given == "jsonl") return MetricLineReader::Format::kJson;
  const bool csv = file.size() > 4 && file.compare(file.size() - 4, 4, ".csv") == 0;
  return csv ? MetricLineReader::Format::kCsv : MetricLineReader::Format::kJson;
}

absl::StatusOr<std::chrono::milliseconds> PatienceOf(const Session& session) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t millis,
                         ParseDurationMillis(session.flags().Text("patience")));
  return std::chrono::milliseconds(millis);
}

// Hands every observation of `in` to `log`; answers how many there were.
template <typename Log>
absl::StatusOr<int64_t> ReadLines(std::istream& in, MetricLineReader& reader, Log&& log) {
  int64_t points = 0;
  for (std::string line; std::getline(in, line);) {
    CAIRN_ASSIGN_OR_RETURN(const auto point, reader.Read(line));
    if (!point.has_value()) continue;
    CAIRN_RETURN_IF_ERROR(log(*point));
    ++points;
  }
  if (in.bad()) return FileError(EIO, "read", "the input");
  return points;
}

// The result of logging for -o json: how many points the server has.
absl::StatusOr<int> EmitPoints(Session& session, int64_t points, const std::string& name) {
  v1::LogMetricsResponse logged;
  logged.set_point_count(points);
  return session.EmitText(logged, "", name, name.substr(name.rfind('/') + 1));
}

// Says that the log ended in a record that was left out; nothing of a log that was whole.
void NoteTorn(Session& session, int64_t cut_bytes) {
  if (cut_bytes == 0) return;
  session.Note(
      fmt::format("the log ended in a record of which {} bytes were written: a crash tore "
                  "it, and it was left out; all before it is kept",
                  cut_bytes));
}

absl::StatusOr<int> StreamLines(Session& session, client::Client& client,
                                client::MetricWriterOptions options, std::istream& in,
                                MetricLineReader& reader) {
  const std::string run = options.run;
  const std::string log = options.offline_log;
  CAIRN_ASSIGN_OR_RETURN(const auto writer,
                         client::MetricWriter::Start(client.transport(), std::move(options)));
  NoteTorn(session, writer->cut_bytes());
  if (const int64_t left = writer->waiting_points(); left > 0) {
    session.Note(fmt::format("{} points that wait in {} are sent first", left, log));
  }
  PointProgress progress(session);
  const auto read = ReadLines(in, reader, [&](const MetricLine& point) {
    progress.Update(writer->acknowledged_points(), writer->waiting_points());
    return point.time_unix_millis.has_value()
               ? writer->Log(point.key, point.step, point.value, *point.time_unix_millis)
               : writer->Log(point.key, point.step, point.value);
  });
  // What came before a bad line is kept: it was read, and it is right.
  const absl::Status finished = writer->Finish();
  const int64_t points = writer->acknowledged_points();
  const int64_t waiting = writer->waiting_points();
  progress.End(points, run);
  if (!log.empty() && waiting > 0) {
    session.Note(
        fmt::format("{} points wait in {}: `mlctl log replay {}` sends them", waiting, log, log));
  }
  if (!read.ok()) return read.status();
  CAIRN_RETURN_IF_ERROR(finished);
  CAIRN_RETURN_IF_ERROR(EmitPoints(session, points, run).status());
  if (writer->cut_bytes() > 0) return kExitIntegrity;
  return waiting > 0 ? kExitPartial : kExitOk;
}

// Has the server check every point, and says how many there are.
absl::StatusOr<int> CheckLines(Session& session, client::Client& client, const std::string& run,
                               std::istream& in, MetricLineReader& reader) {
  client::MetricBatch batch;
  const auto check = [&] {
    v1::LogBatchRequest request;
    request.set_run(run);
    request.set_validate_only(true);
    *request.mutable_metrics() = batch.Take();
    return client.tracking().LogBatch(std::move(request)).status();
  };
  const int64_t now = SystemClock().NowUnixNanos() / 1'000'000;
  CAIRN_ASSIGN_OR_RETURN(
      const int64_t points, ReadLines(in, reader, [&](const MetricLine& point) -> absl::Status {
        if (!batch.HasRoomFor(point.key)) CAIRN_RETURN_IF_ERROR(check());
        batch.Add(point.key, point.step, point.value, point.time_unix_millis.value_or(now));
        return absl::OkStatus();
      }));
  CAIRN_RETURN_IF_ERROR(check());  // also without a point: the run must be there
  session.Note(fmt::format("would log {} points to {} (checked by the server)", points, run));
  return EmitPoints(session, points, run);
}

// The run that is meant. A full resource name is taken as it is: with an offline log the
// server need not be there.
absl::StatusOr<std::string> RunToLogTo(Session& session, const Invocation& call) {
  std::string reference = session.flags().Text("run");
  if (!call.arguments.empty()) reference = call.arguments[0];
  if (reference.empty()) return UsageError("log metrics needs RUN");
  const bool is_name =
      reference.rfind("experiments/", 0) == 0 && reference.rfind("experiments/-/", 0) != 0;
  if (is_name && session.flags().IsGiven("offline-log")) return reference;
  CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, reference));
  return run.name();
}

absl::StatusOr<int> LogMetrics(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const std::string file = session.flags().Text("file");
  if (file.empty()) return UsageError("log metrics needs --file FILE, or --file - for a stream");
  if (session.flags().IsGiven("request-id")) {
    return UsageError(
        "log metrics sends a stream, which --request-id does not cover; --offline-log makes it "
        "safe to repeat");
  }
  std::ifstream opened;
  if (file != "-") {
    errno = 0;
    opened.open(file);
    if (!opened) return FileError(errno, "open", file);
  }
  std::istream& in = file == "-" ? std::cin : opened;
  CAIRN_ASSIGN_OR_RETURN(const MetricLineReader::Format format, FormatOf(session, file));
  MetricLineReader reader(format);
  client::MetricWriterOptions options;
  CAIRN_ASSIGN_OR_RETURN(options.run, RunToLogTo(session, call));
  CAIRN_ASSIGN_OR_RETURN(options.patience, PatienceOf(session));
  options.offline_log = session.flags().Text("offline-log");
  auto code = session.flags().Switch("dry-run")
                  ? CheckLines(session, *client, options.run, in, reader)
                  : StreamLines(session, *client, std::move(options), in, reader);
  if (!reader.ignored_members().empty()) {
    session.Note(fmt::format("members that are no part of a point were left out: {}",
                             fmt::join(reader.ignored_members(), ", ")));
  }
  return code;
}

absl::StatusOr<int> ReplayLog(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  PointProgress progress(session);
  client::ReplayOptions options;
  CAIRN_ASSIGN_OR_RETURN(options.patience, PatienceOf(session));
  options.on_progress = [&progress](int64_t acknowledged, int64_t waiting) {
    progress.Update(acknowledged, waiting);
  };
  const std::string& path = call.arguments[0];
  CAIRN_ASSIGN_OR_RETURN(const client::ReplayedLog replayed,
                         client::ReplayMetricLog(client->transport(), path, options));
  progress.End(replayed.points, client->options().address);
  NoteTorn(session, replayed.cut_bytes);
  CAIRN_ASSIGN_OR_RETURN(const int code, EmitPoints(session, replayed.points, path));
  return replayed.cut_bytes > 0 ? kExitIntegrity : code;
}

}  // namespace

std::vector<Command> MetricFileCommands() {
  const Flag patience = {.name = "patience",
                         .kind = FlagKind::kDuration,
                         .value = "DURATION",
                         .help = "how long the server may be away before waiting for it ends",
                         .fallback = "60s"};
  return {
      {.path = "log metrics",
       .family = "Log",
       .summary = "Stream metric values from a file or the standard input into a run",
       .arguments = {{"RUN", 0, 1, "run"}},
       .flags = {{.name = "file",
                  .letter = 'f',
                  .kind = FlagKind::kPath,
                  .value = "FILE",
                  .help = "lines of JSON or CSV; - is the standard input"},
                 {.name = "format",
                  .value = "FORMAT",
                  .help = "what the lines are; by default csv for *.csv, else jsonl",
                  .choices = "jsonl|csv"},
                 {.name = "offline-log",
                  .kind = FlagKind::kPath,
                  .value = "PATH",
                  .help = "keep every point in this file until the server has it"},
                 patience,
                 {.name = "run", .value = "RUN", .help = "the run, instead of the argument"},
                 kDryRun},
       .examples = {{"mlctl log metrics $RUN -f metrics.jsonl", "a file"},
                    {"train | mlctl log metrics $RUN -f - --offline-log metrics.log",
                     "as they come, also while the server is away"},
                    {"mlctl log metrics $RUN -f curve.csv --dry-run", "only check and count"}},
       .details =
           "A JSON line is {\"key\": \"loss\", \"step\": 3, \"value\": 0.5, \"time\": T}; a CSV "
           "line is\n"
           "key,step,value[,time]. The time is in milliseconds since 1970 or RFC 3339 and may\n"
           "be left out. NaN and Infinity may stand bare or in quotes. Every point is stored\n"
           "exactly once, also when the connection breaks.\n\n"
           "With --offline-log the end is 10 when points still wait in the file, and a run that\n"
           "is given by its full resource name is not looked up first.",
       .handler = LogMetrics},
      {.path = "log replay",
       .family = "Log",
       .summary = "Send the points that wait in an offline log, each exactly once",
       .arguments = {{"PATH", 1, 1, "file"}},
       .flags = {patience},
       .examples = {{"mlctl log replay metrics.log", "and remove the file when all is stored"},
                    {"mlctl log replay metrics.log --patience 1h",
                     "wait for a server that is away"},
                    {"mlctl log replay metrics.log -o json", "how many points, for a script"}},
       .details = "The log is one of `log metrics --offline-log` or of the C++ client. What the\n"
                  "server has already is recognised. Of a damaged log what stands before the\n"
                  "damage is sent and told, the file stays, and the end is 9. Of a log whose last\n"
                  "record a crash tore the rest is sent, and the end is 9 too.",
       .handler = ReplayLog},
  };
}

}  // namespace cairn::cli
