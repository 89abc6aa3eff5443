#include "client-cli/commands/mlctl.h"

#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/exit_code.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/completions.h"
#include "client-cli/commands/interrupt.h"
#include "client-cli/commands/nearby_names.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/standard_streams.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/help.h"
#include "lib/command_line/parser.h"

namespace cairn::cli {
namespace {

// Whether errors are to be JSON, told from the words alone: the command line
// itself may be the error.
bool WantsJson(const std::vector<std::string>& words, const Environment& environment) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    if (words[i] == "--output=json" || words[i] == "-ojson" || words[i] == "--output=jsonl") {
      return true;
    }
    if ((words[i] == "-o" || words[i] == "--output") && (next == "json" || next == "jsonl")) {
      return true;
    }
  }
  return environment("MLCTL_OUTPUT") == "json";
}

// `nearby` is what may have been meant, or empty; `command` is what was called.
int ReportError(const absl::Status& status, const std::string& nearby, bool json,
                const std::string& command, const Environment& environment) {
  std::fflush(stdout);
  const auto no_hints = environment("MLCTL_NO_HINTS");
  std::string hint;
  if (!no_hints || no_hints->empty()) {
    hint = HintFor(status, command);
    if (!nearby.empty()) hint = hint.empty() ? nearby : nearby + " " + hint;
  }
  if (json) {
    std::fprintf(stderr, "%s\n", ErrorJson(status, hint).c_str());
  } else {
    const Terminal terminal = DetectTerminal(environment);
    const size_t width = terminal.stderr_is_tty ? static_cast<size_t>(terminal.width) : 0;
    const auto print = [width](const std::string& text) {
      std::fprintf(stderr, "%s\n", Fit(text, width).c_str());
    };
    print("error: " + Printable(MessageOf(status)));
    if (!hint.empty()) print("hint: " + hint);
  }
  return ExitCodeFor(status);
}

// What a user who chose a request id knows nothing of: the server names the one that follows from
// it.
std::string GivenRequestId(const Session& session, const absl::Status& error) {
  const std::string given = session.flags().Text("request-id");
  if (given.empty() || !HasReason(error, ErrorReason::REQUEST_ID_REUSED)) return "";
  return fmt::format(
      "that id follows from --request-id {}, which was given to a command with other "
      "values; each command needs one of its own (`mlctl help retries`)",
      given);
}

// Asks before something is changed where a context is protected. Looking and dry runs are free.
absl::Status ConfirmChange(Session& session, const Command& command) {
  if (!Changes(command) || session.flags().Switch("dry-run")) return absl::OkStatus();
  const std::string name = session.contexts().ProtectedBy(session.flags().Text("context"),
                                                          session.flags().Text("server"));
  return name.empty() ? absl::OkStatus() : session.ConfirmProtected(name);
}

absl::StatusOr<int> Run(const std::vector<std::string>& words, const Environment& environment,
                        std::string& nearby) {
  const CommandTable& table = Catalog();
  CAIRN_ASSIGN_OR_RETURN(const Invocation invocation, command_line::Parse(table, words));
  if (invocation.help || invocation.command == nullptr) {
    std::string subject;
    if (invocation.command != nullptr) {
      subject = std::string(invocation.command->path);
    } else if (!words.empty() && table.IsGroup(words[0])) {
      subject = words[0];
    }
    std::string text = command_line::Overview(table);
    if (!subject.empty()) {
      CAIRN_ASSIGN_OR_RETURN(text, command_line::HelpFor(table, subject));
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitOk;
  }
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  CAIRN_ASSIGN_OR_RETURN(auto files, LoadConfigFiles(table, directory, environment));
  CAIRN_ASSIGN_OR_RETURN(Contexts contexts, LoadContexts(table, environment));
  // Those who speak of contexts speak to no server.
  if (!invocation.command->path.starts_with("context ")) {
    CAIRN_ASSIGN_OR_RETURN(files, WithContext(contexts, invocation, environment, std::move(files)));
  }
  CAIRN_ASSIGN_OR_RETURN(Settings settings,
                         Settings::Resolve(table, invocation, environment, files));
  Session session(table, std::move(settings), std::move(contexts), DetectTerminal(environment),
                  environment);
  CAIRN_RETURN_IF_ERROR(ConfirmChange(session, *invocation.command));
  auto code = invocation.command->handler(session, invocation);
  if (!code.ok()) nearby = GivenRequestId(session, code.status());
  if (!code.ok() && nearby.empty()) nearby = NearbyName(session, code.status());
  ForgetClient();
  session.PrintHints();
  return code;
}

}  // namespace

int RunMlctl(const std::vector<std::string>& words) {
  const Environment environment = ProcessEnvironment();
  if (!words.empty() && words[0] == "__complete") {
    std::vector<std::string> rest(words.begin() + 1, words.end());
    if (!rest.empty() && rest[0] == "--") rest.erase(rest.begin());
    std::fputs(CompletionLines(Catalog(), rest, environment).c_str(), stdout);
    return FlushStandardOutput() ? kExitOk : kExitFailure;
  }
  std::vector<std::string> understood = words;
  if (understood.empty()) understood = {"help"};
  if (understood[0] == "--version") understood = {"version", "--client"};
  std::string nearby;
  const auto code = Run(understood, environment, nearby);
  const bool json = WantsJson(words, environment);
  if (!code.ok()) {
    const Command* command = Catalog().Beginning(words);
    const std::string path(command == nullptr ? "" : command->path);
    return ReportError(code.status(), nearby, json, path, environment);
  }
  if (!FlushStandardOutput()) {
    std::fputs("error: the result could not be written\n", stderr);
    return kExitFailure;
  }
  return *code;
}

}  // namespace cairn::cli
