#include "client-cli/commands/follow.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/shell_command.h"
#include "client-cli/commands/transfer_meter.h"
#include "fmt/format.h"
#include "lib/base/standard_streams.h"
#include "lib/base/status_macros.h"
#include "lib/client/model_follower.h"
#include "lib/client/serving_reporter.h"

namespace cairn::cli {
namespace {

using Phase = client::FollowState::Phase;

// Tells what a follower shows: prints a line, runs the command, reports it to the server where that
// is asked for, and ends it with --once.
class HeadPrinter {
 public:
  explicit HeadPrinter(Session& session)
      : session_(session),
        command_(session.flags().Text("exec")),
        once_(session.flags().Switch("once")) {}

  // The follower that is told of; before it runs.
  void Tells(client::ModelFollower* follower) { follower_ = follower; }
  // To whom what is loaded is reported besides; before the follower runs.
  void ReportsTo(client::ServingReporter* reporter) { reporter_ = reporter; }

  void OnHead(const client::KeptModel& model) {
    session_.Print(Line(model));
    if (!FlushStandardOutput()) {
      exit_code_ = kExitFailure;
      follower_->Stop();
      return;
    }
    const std::string failure = command_.empty() ? "" : Run(model);
    if (reporter_ == nullptr) return;
    reporter_->Report(failure.empty() ? v1::Consumer::LOADED : v1::Consumer::FAILED, model.head,
                      failure);
  }

  void OnState(Phase phase, std::string_view detail) {
    if (!detail.empty() && !session_.flags().Switch("quiet")) Explain(phase, detail);
    if (phase == Phase::kFollowing && !follower_->shown() && !session_.flags().Switch("quiet")) {
      session_.Note("note: the channel serves nothing yet; waiting for its first model");
    }
    last_ = phase;
    // With a server that is away, what is on the disk is as current as it gets.
    const bool settled = phase == Phase::kFollowing || phase == Phase::kOffline;
    if (once_ && settled && follower_->shown()) follower_->Stop();
  }

  int exit_code() const { return exit_code_; }

 private:
  void Explain(Phase phase, std::string_view detail) {
    if (phase == Phase::kOffline && last_ != Phase::kOffline) {
      session_.Note(fmt::format("note: {}; going on when it is back", detail));
    } else if (phase == Phase::kFetching && last_ == Phase::kFetching) {
      session_.Note(fmt::format("note: {}", detail));
    } else if (phase == Phase::kFollowing && !detail.empty()) {
      session_.Note(fmt::format("warning: {}", detail));
    }
  }

  // How the command failed; empty if it did not.
  std::string Run(const client::KeptModel& model) {
    std::error_code ignored;
    const std::string path = std::filesystem::absolute(model.path, ignored).string();
    const absl::StatusOr<int> code =
        RunShell(command_,
                 {"CAIRN_MODEL_DIR=" + path, "CAIRN_VERSION=" + model.head.version,
                  fmt::format("CAIRN_EPOCH={}", model.head.epoch)},
                 "");
    if (code.ok() && *code == 0) return "";
    std::string failure = fmt::format(
        "the command for epoch {} {}", model.head.epoch,
        code.ok() ? fmt::format("ended with {}", *code) : std::string(code.status().message()));
    session_.Note("error: " + failure);
    if (once_) exit_code_ = kExitFailure;
    return failure;
  }

  std::string Line(const client::KeptModel& model) const {
    const std::string format = session_.format();
    if (format == "json" || format == "jsonl") {
      const nlohmann::ordered_json line = {
          {"epoch", model.head.epoch}, {"version", model.head.version}, {"path", model.path}};
      return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    }
    if (format == "name") return model.head.version + "\n";
    if (format == "id") return fmt::format("{}\n", model.head.epoch);
    const char* gap = format == "tsv" ? "\t" : "  ";
    return fmt::format("{}{}{}{}{}\n", model.head.epoch, gap, model.head.version, gap, model.path);
  }

  Session& session_;
  const std::string command_;
  const bool once_;
  client::ModelFollower* follower_ = nullptr;
  client::ServingReporter* reporter_ = nullptr;
  Phase last_ = Phase::kFollowing;
  int exit_code_ = kExitOk;
};

// Null unless --report-as says a name.
absl::StatusOr<std::unique_ptr<client::ServingReporter>> ReporterOf(Session& session,
                                                                    const std::string& channel) {
  if (!session.flags().IsGiven("report-as")) return nullptr;
  if (session.flags().Switch("once")) {
    return UsageError("--report-as is for a follower that stays, not for --once");
  }
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  client::ReporterOptions options;
  options.channel = channel;
  options.consumer = session.flags().Text("report-as");
  options.on_trouble = [&session](std::string_view why) {
    session.Note(fmt::format("note: {}; following goes on", why));
  };
  return client::ServingReporter::Connect(client->options(), std::move(options));
}

absl::StatusOr<int> Follow(Session& session, const Invocation& call) {
  CAIRN_RETURN_IF_ERROR(session.CheckPrintsLines("follow", "--output"));
  client::FollowOptions options;
  CAIRN_ASSIGN_OR_RETURN(options.channel, ResolveChannel(session, call.arguments[0]));
  options.directory = session.flags().Text("output-dir");
  if (options.directory.empty()) return UsageError("follow needs a directory: -o DIR");
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  HeadPrinter printer(session);
  // Outlives what is followed: the last thing that is told is the end.
  CAIRN_ASSIGN_OR_RETURN(const auto reporter, ReporterOf(session, options.channel));
  printer.ReportsTo(reporter.get());
  options.on_head = [&printer](const client::KeptModel& model) { printer.OnHead(model); };
  options.on_state = [&printer](Phase phase, std::string_view detail) {
    printer.OnState(phase, detail);
  };
  client::ServerModels models(*client, FetchOptions(session));
  CAIRN_ASSIGN_OR_RETURN(const auto follower,
                         client::ModelFollower::Open(models, std::move(options)));
  printer.Tells(follower.get());
  const absl::Status ended = follower->Run();
  if (!ended.ok() && !absl::IsCancelled(ended)) return ended;
  return printer.exit_code();
}

}  // namespace

Command FollowCommand() {
  return {.path = "follow",
          .family = "Look",
          .summary = "Keep a directory at what a channel serves",
          .arguments = {{"MODEL[#CHANNEL]", 1, 1, "channel"}},
          .flags = {{.name = "channel",
                     .value = "CHANNEL",
                     .help = "the channel, where the argument names none",
                     .fallback = "production"},
                    {.name = "output-dir",
                     .letter = 'o',
                     .kind = FlagKind::kPath,
                     .value = "DIR",
                     .help = "the directory to keep; it is made if it does not exist"},
                    {.name = "exec",
                     .value = "COMMAND",
                     .help = "run this in a shell at the start and after each change"},
                    {.name = "once",
                     .kind = FlagKind::kSwitch,
                     .help = "end as soon as the directory is up to date, or the server is away"},
                    {.name = "report-as",
                     .value = "NAME",
                     .help = "say what is loaded as this consumer of the channel (consumers)"},
                    kCache},
          .examples = {{"mlctl follow customer-segments#production -o live/", "until an interrupt"},
                       {"mlctl follow customer-segments -o live/ --exec './reload.sh'",
                        "run a command for each model"},
                       {"mlctl follow customer-segments --channel production -o live/ --once",
                        "bring it up to date"}},
          .details =
              "DIR/current is a link to the model: always a whole one, every file verified, and\n"
              "never an older one. DIR/epochs/N.json says what it is, file by file. The model\n"
              "before it is kept too. What is on the disk is verified at the start and told at\n"
              "once, also when the server is away; restarts and broken connections are passed\n"
              "over. A line has epoch, version and path. The command of --exec gets\n"
              "CAIRN_MODEL_DIR, CAIRN_VERSION and CAIRN_EPOCH in its environment; that it\n"
              "fails is said, and ends nothing. One process follows into a directory at a time.\n"
              "An interrupt ends it with 0.\n"
              "With --report-as the server learns what is loaded, or that the command failed,\n"
              "and `mlctl consumers` tells it; the caller needs the verb log on the channel.\n"
              "Here -o is the directory; use --output for the format.",
          .handler = Follow};
}

}  // namespace cairn::cli
