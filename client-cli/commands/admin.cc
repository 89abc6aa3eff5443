#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/completion.h"
#include "lib/command_line/help.h"

namespace cairn::cli {
namespace {

struct Answer {
  v1::ServerInfo info;
  double millis = 0;
};

absl::StatusOr<Answer> AskServer(Session& session) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  const auto before = std::chrono::steady_clock::now();
  CAIRN_ASSIGN_OR_RETURN(v1::ServerInfo info, client->admin().GetServerInfo({}));
  const std::chrono::duration<double, std::milli> passed =
      std::chrono::steady_clock::now() - before;
  return Answer{std::move(info), passed.count()};
}

absl::StatusOr<int> Ping(Session& session, const Invocation&) {
  CAIRN_ASSIGN_OR_RETURN(const Answer answer, AskServer(session));
  const std::string address = session.flags().Text("server");
  return session.EmitText(answer.info,
                          fmt::format("{} answered in {:.1f} ms: Cairn {}, revision {}\n", address,
                                      answer.millis, answer.info.version(), answer.info.revision()),
                          address, address);
}

// Of what is no message of the API, in every format.
absl::StatusOr<int> EmitJson(Session& session, const nlohmann::ordered_json& json,
                             std::string_view text, std::string_view id) {
  google::protobuf::Struct message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json.dump(), &message);
  if (!parsed.ok()) return absl::InternalError(parsed.ToString());
  return session.EmitText(message, text, id, id);
}

absl::StatusOr<int> Version(Session& session, const Invocation&) {
  nlohmann::ordered_json json;
  json["client"]["version"] = CAIRN_VERSION;
  json["client"]["apiVersion"] = "cairn.v1";
  std::string text = fmt::format("client  {}\n", CAIRN_VERSION);
  if (!session.flags().Switch("client")) {
    const auto answer = AskServer(session);
    if (answer.ok()) {
      json["server"] = nlohmann::ordered_json::parse(ToJsonLine(answer->info), nullptr, false);
      text += fmt::format("server  {} (store format {})\n", answer->info.version(),
                          answer->info.store_format());
    } else {
      session.Hint(std::string(answer.status().message()));
    }
  }
  return EmitJson(session, json, text, CAIRN_VERSION);
}

// One finding of `doctor`.
void Finding(Table& table, bool good, const std::string& what, const std::string& detail) {
  table.rows.push_back({what, what, {std::string(good ? "ok" : "PROBLEM"), what, detail}});
}

std::string MajorMinor(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

absl::StatusOr<int> Doctor(Session& session, const Invocation&) {
  Table table;
  table.columns = {{"RESULT"}, {"CHECK"}, {.title = "DETAIL", .prose = true}};
  const std::string address = session.flags().Text("server");
  const std::string origin = session.flags().all().find("server")->second.origin;
  Finding(table, true, "configuration", fmt::format("server {} from {}", address, origin));
  const auto answer = AskServer(session);
  Finding(table, answer.ok(), "connectivity",
          answer.ok() ? fmt::format("answered in {:.1f} ms", answer->millis)
                      : std::string(answer.status().message()));
  bool healthy = answer.ok();
  if (answer.ok()) {
    const bool same = MajorMinor(answer->info.version()) == MajorMinor(CAIRN_VERSION);
    Finding(table, same, "version skew",
            fmt::format("client {}, server {}", CAIRN_VERSION, answer->info.version()));
    const int64_t ahead = ToUnixNanos(answer->info.start_time()) - SystemClock().NowUnixNanos();
    Finding(table, ahead <= 0, "clock skew",
            ahead <= 0 ? "the server started in the past, as it should"
                       : fmt::format("the server's clock is at least {} s ahead",
                                     ahead / kNanosPerSecond));
    healthy = healthy && same && ahead <= 0;
  }
  v1::ServerInfo info;
  if (answer.ok()) info = answer->info;
  CAIRN_RETURN_IF_ERROR(session.Emit(info, table).status());
  if (!answer.ok()) return static_cast<int>(ExitCodeFor(answer.status()));
  return healthy ? kExitOk : kExitFailure;
}

absl::StatusOr<int> Completion(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const std::string script,
                         command_line::CompletionScript(session.table(), call.arguments[0]));
  session.Print(script);
  return kExitOk;
}

absl::StatusOr<int> Help(Session& session, const Invocation& call) {
  if (session.flags().Switch("markdown")) {
    session.Print(command_line::MarkdownReference(session.table()));
    return kExitOk;
  }
  std::string subject;
  for (const std::string& word : call.arguments) subject += (subject.empty() ? "" : " ") + word;
  if (subject.empty()) {
    session.Print(command_line::Overview(session.table()));
    return kExitOk;
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string text, command_line::HelpFor(session.table(), subject));
  session.Print(text);
  return kExitOk;
}

absl::StatusOr<int> ConfigView(Session& session, const Invocation&) {
  nlohmann::ordered_json json;
  std::string text;
  for (const Flag& flag : session.table().global_flags) {
    const auto& value = session.flags().all().find(flag.name)->second;
    const std::string shown = value.values.empty() ? "" : value.values.back();
    const bool with_origin = session.flags().Switch("origin");
    if (with_origin) {
      json[std::string(flag.name)] = {{"value", shown}, {"origin", value.origin}};
      text += fmt::format("{}\t{}\t{}\n", flag.name, shown, value.origin);
    } else {
      json[std::string(flag.name)] = shown;
      text += fmt::format("{}\t{}\n", flag.name, shown);
    }
  }
  // -q leaves out hints only: there are no ids.
  return EmitJson(session, json, text, std::string_view(text).substr(0, text.size() - 1));
}

}  // namespace

std::vector<Command> AdminCommands() {
  return {
      {.path = "ping",
       .family = "Operate",
       .summary = "See whether the server answers, and how fast",
       .arguments = {},
       .flags = {},
       .examples = {{"mlctl ping", "the configured server"},
                    {"mlctl ping --server registry.example:50051", "another one"},
                    {"mlctl ping -o json", "what the server says of itself"}},
       .handler = Ping},
      {.path = "version",
       .family = "Operate",
       .summary = "Print the versions of client and server",
       .arguments = {},
       .flags = {{.name = "client",
                  .kind = FlagKind::kSwitch,
                  .help = "only the client's; asks no server"}},
       .examples = {{"mlctl version", "both"},
                    {"mlctl version --client", "without a server"},
                    {"mlctl version -o json", "for a script"}},
       .handler = Version},
      {.path = "doctor",
       .family = "Operate",
       .summary = "Check configuration, connectivity, clock and versions",
       .arguments = {},
       .flags = {},
       .examples = {{"mlctl doctor", "the configured server"},
                    {"mlctl doctor --server registry.example:50051", "another one"},
                    {"mlctl doctor || mlctl config view --origin", "and where settings come from"}},
       .handler = Doctor},
      {.path = "config view",
       .family = "Operate",
       .summary = "Print the global settings in effect",
       .arguments = {},
       .flags = {{.name = "origin",
                  .kind = FlagKind::kSwitch,
                  .help = "with where each comes from"}},
       .examples = {{"mlctl config view", "name and value"},
                    {"mlctl config view --origin", "with the flag, variable or file"},
                    {"mlctl config view --origin -o json", "for a script"}},
       .handler = ConfigView},
      {.path = "completion",
       .family = "Operate",
       .summary = "Print a completion script for a shell",
       .arguments = {{"SHELL"}},
       .flags = {},
       .examples = {{"source <(mlctl completion bash)", "for this bash"},
                    {"source <(mlctl completion zsh)", "for this zsh"},
                    {"mlctl completion fish | source", "for this fish"}},
       .details = "Names of models, runs and other things are completed from the server.",
       .handler = Completion},
      {.path = "help",
       .family = "Operate",
       .summary = "Explain a command or a topic",
       .arguments = {{"SUBJECT", 0, -1, "command"}},
       .flags = {{.name = "markdown",
                  .kind = FlagKind::kSwitch,
                  .help = "print the whole reference as Markdown"}},
       .examples = {{"mlctl help", "the overview"},
                    {"mlctl help run start", "a command"},
                    {"mlctl help exit-codes", "a topic"}},
       .handler = Help},
  };
}

}  // namespace cairn::cli
