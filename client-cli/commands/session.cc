#include "client-cli/commands/session.h"

#include <cstdio>
#include <iostream>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/commands/interrupt.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/token_file.h"

namespace cairn::cli {
namespace {

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return parts;
}

}  // namespace

absl::StatusOr<client::ConnectOptions> ConnectOptionsOf(const Settings& settings) {
  std::string token;
  if (const std::string file = settings.Text("token-file"); !file.empty()) {
    CAIRN_ASSIGN_OR_RETURN(token, client::ReadTokenFile(file));
  }
  return ConnectOptionsOf(settings, std::move(token));
}

absl::StatusOr<client::ConnectOptions> ConnectOptionsOf(const Settings& settings,
                                                        std::string token) {
  client::ConnectOptions options;
  options.address = settings.Text("server");
  options.principal = settings.Text("principal");
  options.token = std::move(token);
  client::ClientTlsFiles tls;
  tls.on = settings.Switch("tls");
  tls.authority = settings.Text("tls-ca");
  tls.certificate = settings.Text("tls-cert");
  tls.key = settings.Text("tls-key");
  tls.server_name = settings.Text("tls-server-name");
  CAIRN_ASSIGN_OR_RETURN(options.tls, client::ReadClientTls(tls));
  return options;
}

Session::Session(const CommandTable& table, Settings settings, Contexts contexts, Terminal terminal,
                 Environment environment)
    : table_(table),
      settings_(std::move(settings)),
      contexts_(std::move(contexts)),
      terminal_(terminal),
      environment_(std::move(environment)),
      now_unix_nanos_(SystemClock().NowUnixNanos()) {}

absl::StatusOr<client::Client*> Session::Client() {
  if (client_ == nullptr) {
    CAIRN_ASSIGN_OR_RETURN(client::ConnectOptions options, ConnectOptionsOf(settings_));
    SayWhoGetsTheToken();
    options.request_id = settings_.Text("request-id");
    CAIRN_ASSIGN_OR_RETURN(options.call_timeout_millis,
                           ParseDurationMillis(settings_.Text("timeout")));
    HoldInterrupts();
    CAIRN_ASSIGN_OR_RETURN(client_, client::Client::Connect(std::move(options)));
    CancelOnInterrupt(client_.get());
  }
  return client_.get();
}

std::string Session::format() const {
  if (settings_.Switch("quiet")) return "id";
  std::string format = settings_.Text("output");
  if (!format.empty()) return format;
  return terminal_.stdout_is_tty ? "table" : "tsv";
}

absl::Status Session::CheckPrintsLines(std::string_view command, std::string_view flag) const {
  const std::string asked = format();
  for (const char* taken : {"table", "wide", "tsv", "json", "jsonl", "name", "id"}) {
    if (asked == taken) return absl::OkStatus();
  }
  return UsageError(
      fmt::format("{} prints lines as they come: {} {} is none of table, wide, tsv, json, jsonl, "
                  "name",
                  command, flag, asked));
}

bool Session::wants_message() const {
  const std::string chosen = format();
  return chosen == "json" || chosen == "jsonl" || chosen == "yaml";
}

size_t Session::width() const {
  const bool fits = terminal_.stdout_is_tty && format() == "table";
  return fits ? static_cast<size_t>(terminal_.width) : 0;
}

absl::StatusOr<int> Session::Emit(const google::protobuf::Message& message, const Table& rows) {
  if (wants_message()) {
    for (const char* flag : {"columns", "sort-by"}) {
      if (settings_.Text(flag).empty()) continue;
      Note(fmt::format("note: --{} is for tables; -o {} has every field, in the server's order",
                       flag, format()));
    }
    return EmitText(message, "", "", "");
  }
  TableOptions options;
  options.format = format();
  options.headers = !settings_.Switch("no-headers");
  options.sort_by = settings_.Text("sort-by");
  options.human = terminal_.stdout_is_tty;
  options.width = width();
  options.color = UseColor(settings_.Text("color"), terminal_.stdout_is_tty, environment_);
  options.columns = SplitList(settings_.Text("columns"));
  CAIRN_ASSIGN_OR_RETURN(const Rendering rendering, Render(rows, options));
  Print(rendering.text);
  NoteLeftOut(rendering);
  if (!options.sort_by.empty() && more_) {
    Note(
        fmt::format("note: --sort-by sorted these {} only, and there are more: --all sorts all of "
                    "them",
                    rows.rows.size()));
  }
  return kExitOk;
}

absl::StatusOr<int> Session::EmitText(const google::protobuf::Message& message,
                                      std::string_view text, std::string_view name,
                                      std::string_view id) {
  const std::string chosen = format();
  if (chosen == "json") {
    Print(ToJson(message));
  } else if (chosen == "jsonl") {
    Print(ToJsonLines(message));
  } else if (chosen == "yaml") {
    Print(ToYaml(message));
  } else if (chosen == "name") {
    Print(fmt::format("{}\n", name));
  } else if (chosen == "id") {
    Print(fmt::format("{}\n", id));
  } else if (chosen == "csv" || chosen == "md") {
    return Emit(message, ToFieldTable(message));
  } else {
    Print(text);
  }
  return kExitOk;
}

absl::StatusOr<int> Session::EmitChange(const google::protobuf::Message& message,
                                        std::string_view text, std::string_view name,
                                        std::string_view id) {
  if (!settings_.Switch("dry-run")) return EmitText(message, text, name, id);
  return EmitText(message, fmt::format("dry run, nothing was changed: {}", text), name, id);
}

void Session::Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void Session::Hint(std::string_view text) {
  const auto off = environment_("MLCTL_NO_HINTS");
  if ((off && !off->empty()) || settings_.Switch("quiet") || settings_.Switch("dry-run")) return;
  hints_.emplace_back(text);
}

void Session::PrintHints() {
  for (const std::string& hint : hints_) Note(fmt::format("hint: {}", hint));
  hints_.clear();
}

void Session::Note(std::string_view text) {
  std::fflush(stdout);
  const size_t width = terminal_.stderr_is_tty ? static_cast<size_t>(terminal_.width) : 0;
  std::fprintf(stderr, "%s\n", Fit(text, width).c_str());
}

void Session::ThereIsMore() {
  more_ = true;
  Hint("there are more: --all shows them, --limit N as many as you like");
}

void Session::NoteLeftOut(const Rendering& rendering) {
  for (const std::string& title : rendering.valueless) {
    Note(fmt::format("note: none of these has {}", title));
  }
  if (rendering.hidden.empty()) return;
  Note(fmt::format("note: no room for {}; --columns A,B,... chooses, -o wide shows all",
                   fmt::join(rendering.hidden, ", ")));
}

absl::Status Session::Confirm(std::string_view question) {
  if (settings_.Switch("yes")) return absl::OkStatus();
  if (!terminal_.stdin_is_tty || settings_.Switch("no-input")) {
    return UsageError(fmt::format("{} Confirm with --yes", question));
  }
  std::fprintf(stderr, "%.*s [y/N] ", static_cast<int>(question.size()), question.data());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return absl::OkStatus();
  return UsageError("not confirmed: nothing was changed");
}

absl::Status Session::ConfirmProtected(const std::string& context) {
  const auto refused = [&context](std::string_view what) -> absl::Status {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CONTEXT_PROTECTED,
                 fmt::format("the context {} is protected: {}", context, what))
        .With("context", context);
  };
  const std::string given = settings_.Text("yes-protected");
  if (given == context) return absl::OkStatus();
  if (!given.empty()) {
    return refused(fmt::format("--yes-protected names {}; nothing was changed", given));
  }
  if (!terminal_.stdin_is_tty || settings_.Switch("no-input")) {
    return refused(fmt::format("confirm with --yes-protected {}", context));
  }
  std::fprintf(stderr, "The context %s is protected. Type its name to go on: ", context.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == context) return absl::OkStatus();
  return refused("that is not its name; nothing was changed");
}

// A token that is named without a server goes to whichever is configured.
void Session::SayWhoGetsTheToken() {
  const auto& all = settings_.all();
  const auto& server = all.find("server")->second;
  if (all.find("token-file")->second.origin != "--token-file" || server.origin == "--server") {
    return;
  }
  Note(fmt::format("note: the token goes to {}, which {} names", settings_.Text("server"),
                   server.origin == "default" ? "the default" : server.origin));
}

Cell Session::TimeCell(const google::protobuf::Timestamp& time, bool present) const {
  if (!present) return {};
  const int64_t nanos = ToUnixNanos(time);
  return {FormatRfc3339(nanos), RelativeTime(nanos, now_unix_nanos_)};
}

}  // namespace cairn::cli
