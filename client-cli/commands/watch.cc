#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/follow.h"
#include "client-cli/commands/interrupt.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/shell_command.h"
#include "client-cli/commands/wait.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/standard_streams.h"
#include "lib/base/status_macros.h"
#include "lib/client/watcher.h"

namespace cairn::cli {
namespace {

// run.artifacts.logged for RUN_ARTIFACTS_LOGGED; kind.N for one that this program does not know.
std::string KindName(v1::Event::Kind kind) {
  std::string name = v1::Event::Kind_Name(kind);
  if (name.empty()) return fmt::format("kind.{}", static_cast<int>(kind));
  for (char& c : name) c = c == '_' ? '.' : static_cast<char>(std::tolower(c));
  return name;
}

// The kinds that a word stands for: one, or all that begin with it.
absl::Status AddKinds(const std::string& word, std::vector<v1::Event::Kind>& kinds) {
  const size_t before = kinds.size();
  const auto* type = v1::Event::Kind_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    const auto kind = static_cast<v1::Event::Kind>(type->value(i)->number());
    const std::string name = KindName(kind);
    if (kind == v1::Event::KIND_UNSPECIFIED) continue;
    if (name == word || name.starts_with(word + ".")) kinds.push_back(kind);
  }
  if (kinds.size() > before) return absl::OkStatus();
  return UsageError(
      fmt::format("\"{}\" is no kind of event; a kind is such as run, run.finished "
                  "or channel.moved",
                  word));
}

// What a person calls a resource; a collection or a whole resource name stands as it is.
absl::StatusOr<std::string> WatchedResource(Session& session, const std::string& text) {
  for (const char* collection :
       {"experiments", "datasets", "models", "policies", "operations", "tokens", "roleBindings"}) {
    if (text == collection || text.starts_with(std::string(collection) + "/")) return text;
  }
  return ResolveAny(session, text);
}

std::vector<std::string> VariablesOf(const v1::Event& event) {
  return {
      fmt::format("CAIRN_REVISION={}", event.revision()),
      "CAIRN_KIND=" + KindName(event.kind()),
      "CAIRN_RESOURCE=" + event.resource(),
      "CAIRN_PRINCIPAL=" + event.principal(),
      "CAIRN_TIME=" + FormatRfc3339(ToUnixNanos(event.commit_time())),
  };
}

// Prints events, or runs the command for them, until something ends it.
class EventPrinter {
 public:
  explicit EventPrinter(Session& session)
      : session_(session),
        command_(session.flags().Text("exec")),
        keep_going_(session.flags().Switch("keep-going")),
        left_(session.flags().IsGiven("count") ? session.flags().Integer("count") : -1) {}

  // False when it is over; exit_code() then says how.
  bool Print(const client::WatchBatch& batch) {
    if (batch.lost_before) {
      session_.Note(fmt::format(
          "note: events up to revision {} may be lost, for the server keeps none before {}",
          batch.revision, *batch.lost_before));
    }
    for (const v1::Event& event : batch.events) {
      next_ = event.revision();
      if (left_ == 0) return false;
      // A command may have sent one, whichever way it ended.
      if (!command_.empty() && Interrupted()) return false;
      if (!TellOne(event)) return false;
      if (left_ > 0) --left_;
    }
    next_ = batch.revision + 1;
    return left_ != 0;
  }

  // The revision to go on from; 0 when nothing was heard yet.
  int64_t next() const { return next_; }
  int exit_code() const { return exit_code_; }

 private:
  bool TellOne(const v1::Event& event) {
    if (command_.empty()) {
      session_.Print(Line(event));
      if (FlushStandardOutput()) return true;
      exit_code_ = kExitFailure;
      return false;
    }
    const absl::StatusOr<int> code = RunShell(command_, VariablesOf(event), ToJsonLine(event));
    if (code.ok() && *code == 0) return true;
    session_.Note(fmt::format(
        "error: the command for revision {} {}", event.revision(),
        code.ok() ? fmt::format("ended with {}", *code) : std::string(code.status().message())));
    if (keep_going_) return true;
    exit_code_ = kExitFailure;
    return false;
  }

  std::string Line(const v1::Event& event) const {
    const std::string format = session_.format();
    if (format == "json" || format == "jsonl") return ToJsonLine(event);
    if (format == "name") return event.resource() + "\n";
    if (format == "id") return fmt::format("{}\n", event.revision());
    const char* gap = format == "tsv" ? "\t" : "  ";
    return fmt::format("{}{}{}{}{}{}{}{}{}\n", FormatRfc3339(ToUnixNanos(event.commit_time())), gap,
                       event.revision(), gap, KindName(event.kind()), gap,
                       Printable(event.resource()), gap, Printable(event.principal()));
  }

  Session& session_;
  const std::string command_;
  const bool keep_going_;
  int64_t left_;  // events to tell; -1: all
  int64_t next_ = 0;
  int exit_code_ = kExitOk;
};

absl::StatusOr<int> Watch(Session& session, const Invocation& call) {
  CAIRN_RETURN_IF_ERROR(session.CheckPrintsLines("watch", "-o"));
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  client::WatchOptions options;
  options.start_revision = session.flags().Integer("from");
  for (const std::string& text : call.arguments) {
    CAIRN_ASSIGN_OR_RETURN(options.resources.emplace_back(), WatchedResource(session, text));
  }
  for (const std::string& word : session.flags().List("kind")) {
    CAIRN_RETURN_IF_ERROR(AddKinds(word, options.kinds));
  }
  bool away = false;
  options.patience.on_broken = [&](const absl::Status& why, int64_t) {
    if (!why.ok() && !std::exchange(away, true)) {
      session.Note(fmt::format("note: {}; going on when it is back", std::string(why.message())));
    }
  };
  client::Watcher watcher(client->watch(), options);
  EventPrinter printer(session);
  const absl::Status ended = watcher.Run([&](const client::WatchBatch& batch) {
    away = false;
    return printer.Print(batch);
  });
  if (!ended.ok() && !absl::IsCancelled(ended)) return ended;
  if (printer.next() > 0 && !session.flags().Switch("quiet")) {
    session.Note(fmt::format("go on with --from {}", printer.next()));
  }
  return printer.exit_code();
}

}  // namespace

std::vector<Command> WatchCommands() {
  return {
      {.path = "watch",
       .family = "Look",
       .summary = "Tell what changes as it happens, one event a line",
       .arguments = {{"RESOURCE", 0, -1}},
       .flags = {{.name = "kind",
                  .repeatable = true,
                  .value = "KIND",
                  .help = "only such events: run, run.finished, channel.moved, ..."},
                 {.name = "from",
                  .kind = FlagKind::kInteger,
                  .value = "REVISION",
                  .help = "begin with this revision; by default with what comes",
                  .least = 0},
                 {.name = "count",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "end after so many events",
                  .least = 1},
                 {.name = "exec",
                  .value = "COMMAND",
                  .help = "run this in a shell for each event, one at a time"},
                 {.name = "keep-going",
                  .kind = FlagKind::kSwitch,
                  .help = "go on when the command of --exec fails"}},
       .examples = {{"mlctl watch models/customer-segments", "a model and all below it"},
                    {"mlctl watch --kind run.finished -o json", "one JSON object a line"},
                    {"mlctl watch customer-segments#production --exec './reload.sh'",
                     "run a command"}},
       .details =
           "A line has time, revision, kind, resource and principal. Restarts of the server\n"
           "and broken connections are passed over: every event comes once, in order. The\n"
           "command of --exec gets the event as JSON on its standard input, and\n"
           "CAIRN_REVISION, CAIRN_KIND, CAIRN_RESOURCE, CAIRN_PRINCIPAL and CAIRN_TIME in\n"
           "its environment; when it fails the watch ends with 1. An interrupt ends the\n"
           "watch with 0. The standard error then says which revision to go on from.",
       .handler = Watch},
      FollowCommand(),
      WaitCommand(),
  };
}

}  // namespace cairn::cli
