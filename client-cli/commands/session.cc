#include "client-cli/commands/session.h"

#include <cstdio>
#include <iostream>
#include <utility>

#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/parser.h"
#include "client-cli/cli/proto_text.h"
#include "client-cli/commands/interrupt.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
Session::Session(const CommandTable& table, Settings settings, Terminal terminal,
                 Environment environment)
    : table_(table),
      settings_(std::move(settings)),
      terminal_(terminal),
      environment_(std::move(environment)),
      now_unix_nanos_(SystemClock().NowUnixNanos()) {}

absl::StatusOr<client::Client*> Session::Client() {
  if (client_ == nullptr) {
    client::ConnectOptions options;
    options.address = settings_.Text("server");
    options.principal = settings_.Text("principal");
    CAIRN_ASSIGN_OR_RETURN(options.call_timeout_millis,
                           ParseDurationMillis(settings_.Text("timeout")));
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

bool Session::wants_message() const {
  const std::string chosen = format();
  return chosen == "json" || chosen == "jsonl" || chosen == "yaml";
}

absl::StatusOr<int> Session::Emit(const google::protobuf::Message& message, const Table& rows) {
  if (wants_message()) return EmitText(message, "", "", "");
  TableOptions options;
  options.format = format();
  options.headers = !settings_.Switch("no-headers");
  options.sort_by = settings_.Text("sort-by");
  options.human = terminal_.stdout_is_tty;
  options.width = terminal_.stdout_is_tty && options.format == "table"
                      ? static_cast<size_t>(terminal_.width)
                      : 0;
  options.color = UseColor(settings_.Text("color"), terminal_.stdout_is_tty, environment_);
  std::string_view rest;
  const std::string columns = settings_.Text("columns");
  for (rest = columns; !rest.empty();) {
    const size_t comma = rest.find(',');
    options.columns.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string text, Render(rows, options));
  Print(text);
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
  if ((off && !off->empty()) || settings_.Switch("quiet")) return;
  Note(fmt::format("hint: {}", text));
}

void Session::Note(std::string_view text) {
  std::fflush(stdout);
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
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

Cell Session::TimeCell(const google::protobuf::Timestamp& time, bool present) const {
  if (!present) return {};
  const int64_t nanos = ToUnixNanos(time);
  return {FormatRfc3339(nanos), RelativeTime(nanos, now_unix_nanos_)};
}

}  // namespace cairn::cli
