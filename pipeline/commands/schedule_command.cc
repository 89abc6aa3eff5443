#include <fmt/format.h>
#include <signal.h>

#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/scratch_directory.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/caller_flags.h"
#include "pipeline/commands/end_signals.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/lifecycle_flags.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/progress.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/lifecycle/dataset_trigger.h"
#include "pipeline/lifecycle/retrain.h"
#include "pipeline/lifecycle/schedule.h"
#include "pipeline/register/stored_files.h"

namespace cairn::pipeline {
namespace {

using command_line::FlagKind;
using command_line::Settings;

constexpr size_t kMaxInputBytes = size_t{4} << 30;

// SIGINT and SIGTERM end waiting; a turn under way goes on to its end. Made before the client,
// whose threads inherit what is blocked.
class EndSignals {
 public:
  // False once a signal came.
  bool Wait(int64_t nanos) {
    if (ended_) return false;
    const timespec patience{nanos / kNanosPerSecond, nanos % kNanosPerSecond};
    ended_ = ::sigtimedwait(&signals_, nullptr, &patience) > 0;
    return !ended_;
  }

 private:
  const sigset_t signals_ = HoldEndSignals();
  bool ended_ = false;
};

void SayLine(const std::string& line) { Note("{}\n", line); }

class Scheduler {
 public:
  explicit Scheduler(const Settings& settings) : settings_(settings) {}

  absl::Status Run() {
    CAIRN_RETURN_IF_ERROR(CheckTriggers());
    server_ = ServerFlagsOf(settings_);
    CAIRN_ASSIGN_OR_RETURN(config_, LifecycleConfig(settings_));
    CAIRN_ASSIGN_OR_RETURN(client_, ConnectClient(server_));
    const WaitNanos wait = [this](int64_t nanos) { return signals_.Wait(nanos); };
    ScheduleOptions options;
    options.retries = static_cast<int>(settings_.Integer("retries"));
    options.most_turns = settings_.Integer("turns");
    const TakeTurn turn = [this](const std::string&) { return Turn(); };
    if (settings_.IsGiven("watch")) {
      watch_.emplace(*client_, settings_.Text("watch"), wait);
      fmt::print("watching datasets/{}\n", settings_.Text("watch"));
      std::fflush(stdout);
      return RunSchedule(*watch_, turn, options, wait, SayLine);
    }
    CAIRN_ASSIGN_OR_RETURN(CronSchedule cron, CronSchedule::Parse(settings_.Text("cron")));
    CronTrigger trigger(std::move(cron), SystemClock(), wait, SayLine);
    return RunSchedule(trigger, turn, options, wait, SayLine);
  }

 private:
  // One of both, and data for the one that brings none.
  absl::Status CheckTriggers() const {
    const bool cron = settings_.IsGiven("cron");
    const bool watch = settings_.IsGiven("watch");
    if (cron == watch) {
      return InvalidField(ErrorReason::FIELD_REQUIRED, "cron", settings_.Text("cron"),
                          "say either --cron EXPRESSION or --watch DATASET")
          .ToStatus();
    }
    if (cron == settings_.IsGiven("data")) return absl::OkStatus();
    return InvalidField(ErrorReason::FIELD_REQUIRED, "data", settings_.Text("data"),
                        "goes with --cron, which reads the file anew each time; --watch takes the "
                        "new version's own file")
        .ToStatus();
  }

  // The path of what a turn is trained on.
  absl::StatusOr<std::string> DataOf(const std::string& folder) {
    if (!watch_) return settings_.Text("data");
    v1::GetDatasetVersionRequest request;
    request.set_name(watch_->version());
    CAIRN_ASSIGN_OR_RETURN(const auto version, client_->datasets().GetDatasetVersion(request));
    if (version.files_size() != 1) {
      return InvalidField(ErrorReason::VALUE_INVALID, "watch", version.name(),
                          "has several files; a version must be one file of transactions")
          .ToStatus();
    }
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                           ReadStoredFile(*client_, version.files(0), kMaxInputBytes));
    const std::string& path = version.files(0).path();
    const std::string file = folder + "/input-" + path.substr(path.rfind('/') + 1);
    CAIRN_RETURN_IF_ERROR(WriteOutputFile(file, bytes));
    return file;
  }

  absl::Status Turn() {
    std::unique_ptr<ScratchDirectory> scratch;
    RetrainRequest request;
    request.run.config = config_;
    request.run.out = settings_.Text("out");
    if (request.run.out.empty()) {
      CAIRN_ASSIGN_OR_RETURN(scratch, ScratchDirectory::Make());
      request.run.out = scratch->path();
    }
    CAIRN_RETURN_IF_ERROR(MakeDirectories(request.run.out));
    CAIRN_ASSIGN_OR_RETURN(request.run.data, DataOf(request.run.out));
    request.name = watch_ ? watch_->version() : settings_.Text("data");
    request.when = settings_.Switch("if-drifted") ? RetrainWhen::kIfDrifted : RetrainWhen::kAlways;
    Progress progress;
    CAIRN_ASSIGN_OR_RETURN(
        const RetrainResult result,
        Retrain(
            *client_, request,
            [&] { return ConnectPublisher(server_, config_, settings_.Text("code-revision")); },
            progress.Observer(), [&progress](const std::string& line) { progress.Say(line); }));
    PrintTurn(result);
    std::fflush(stdout);
    return absl::OkStatus();
  }

  EndSignals signals_;
  const Settings& settings_;
  ServerFlags server_;
  PipelineConfig config_;
  std::unique_ptr<client::Client> client_;
  std::optional<DatasetTrigger> watch_;
};

// The next five times, for --dry-run.
absl::Status PrintTimes(const std::string& expression) {
  CAIRN_ASSIGN_OR_RETURN(const CronSchedule cron, CronSchedule::Parse(expression));
  int64_t time = SystemClock().NowUnixNanos() / kNanosPerSecond;
  for (int i = 0; i < 5; ++i) {
    time = cron.NextAfter(time);
    const CivilDate date = CivilFromDays(DayOf(time));
    fmt::print("{:04}-{:02}-{:02} {:02}:{:02} UTC\n", date.year, date.month, date.day, HourOf(time),
               time / 60 % 60);
  }
  return absl::OkStatus();
}

absl::Status Schedule(const Settings& settings) {
  if (settings.Switch("dry-run") && settings.IsGiven("cron")) {
    return PrintTimes(settings.Text("cron"));
  }
  return Scheduler(settings).Run();
}

command_line::Flag CountFlag(std::string_view name, std::string_view help,
                             std::string_view fallback, int64_t most) {
  return {.name = name,
          .kind = FlagKind::kInteger,
          .value = "N",
          .help = help,
          .fallback = fallback,
          .least = 0,
          .most = most,
          .section = kComputedSection};
}

}  // namespace

command_line::Command ScheduleRow() {
  const std::vector<command_line::Flag> own = {
      TextFlag(
          "cron", "EXPRESSION",
          "when: `minute hour day month weekday` in UTC, or @hourly, @daily, @weekly, @monthly",
          kInputSection),
      TextFlag("watch", "DATASET", "instead: whenever this data set gets a new version",
               kInputSection),
      PathFlag("data", "FILE", "transactions, read anew each time; with --cron", kInputSection),
      PathFlag("config", "FILE", "YAML file with settings over the preset", kInputSection),
      SettingsFlag(),
      SwitchFlag("if-drifted", "train only when the data has drifted, or without a champion",
                 kComputedSection),
      CountFlag("retries", "repetitions of a turn whose failure may pass, with growing pauses", "3",
                100),
      CountFlag("turns", "end after so many turns; 0 goes on until SIGTERM", "0", 1'000'000),
      SwitchFlag("dry-run", "only print the next five times of --cron", kComputedSection),
      ThreadsFlag("threads, 0 = one per processor; never changes a result"),
      PathFlag("out", "DIR", "folder for the results of the last turn", kResultsSection),
      TextFlag("code-revision", "TEXT", "revision of the code, kept with model versions",
               kResultsSection),
      ServerFlag("the Cairn server that has the champion, and decides"),
      PrincipalFlag(),
  };
  command_line::Command row = CommandRow(
      "schedule", "Retrain by the clock, or when new data comes",
      JoinedFlags({own, command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline schedule --cron '0 3 * * 1' --data sales.csv --server 127.0.0.1:50051",
        "Mondays at three"},
       {"cairn-pipeline schedule --watch shop-sales --if-drifted --server 127.0.0.1:50051",
        "new versions of a data set, if they differ"}});
  row.details =
      "One turn runs at a time. However often it was due meanwhile, one turn follows at once; "
      "what\n"
      "was due while the program did not run is not made up for. SIGTERM ends it after the turn\n"
      "under way.";
  return row;
}

int ScheduleCommand(const Settings& settings) {
  const absl::Status status = Schedule(settings);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
