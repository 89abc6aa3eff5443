#ifndef CAIRN_CLIENT_CLI_COMMANDS_SESSION_H_
#define CAIRN_CLIENT_CLI_COMMANDS_SESSION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"
#include "client-cli/cli/config.h"
#include "client-cli/cli/contexts.h"
#include "client-cli/cli/table.h"
#include "client-cli/cli/terminal.h"
#include "lib/client/client.h"

namespace cairn::cli {

// How the flags and what stands for them say that a server is reached. Errors are those of
// client::ReadTokenFile and client::ReadClientTls.
absl::StatusOr<client::ConnectOptions> ConnectOptionsOf(const Settings& settings);
// The same with this token, whatever token-file says.
absl::StatusOr<client::ConnectOptions> ConnectOptionsOf(const Settings& settings,
                                                        std::string token);

// One run of the program: its settings, its streams and its client.
//
// The standard output carries the result and nothing else; progress, hints and
// errors go to the standard error. Not thread-safe.
class Session {
 public:
  Session(const CommandTable& table, Settings settings, Contexts contexts, Terminal terminal,
          Environment environment);

  const CommandTable& table() const { return table_; }
  const Settings& flags() const { return settings_; }
  const Contexts& contexts() const { return contexts_; }
  const Terminal& terminal() const { return terminal_; }
  const Environment& environment() const { return environment_; }

  // The client, made with the first use. From then on an interrupt cancels the
  // calls under way. INVALID_ARGUMENT when --timeout is no duration.
  absl::StatusOr<client::Client*> Client();

  // table, wide, tsv, csv, md, name, id, json, jsonl or yaml.
  std::string format() const;
  // For a command that prints lines as they come: a usage error that names `command` and the flag,
  // as it is written there, unless the format is one of table, wide, tsv, json, jsonl, name and id.
  absl::Status CheckPrintsLines(std::string_view command, std::string_view flag) const;
  // True for json, jsonl and yaml.
  bool wants_message() const;
  // To which results are fitted: that of the terminal, or 0 where the output is none or -o says
  // that nothing is to be cut.
  size_t width() const;

  // Writes the result in the format asked for: the message, or the rows.
  absl::StatusOr<int> Emit(const google::protobuf::Message& message, const Table& rows);
  // Writes the message in the formats of messages, its name or id with
  // -o name and -q, and else `text`.
  absl::StatusOr<int> EmitText(const google::protobuf::Message& message, std::string_view text,
                               std::string_view name, std::string_view id);

  // The same for what a change answered; with --dry-run, which the server answered without
  // changing anything, the text says so in front.
  absl::StatusOr<int> EmitChange(const google::protobuf::Message& message, std::string_view text,
                                 std::string_view name, std::string_view id);

  // Writes to the standard output as it is.
  void Print(std::string_view text);
  // Keeps what the user may do next until the result is written; not with MLCTL_NO_HINTS, -q or
  // --dry-run, after which there is nothing to go on with.
  void Hint(std::string_view text);
  // Writes the hints to the standard error, one a line, behind the result.
  void PrintHints();
  // Writes a line to the standard error in any case; on a terminal its words are wrapped.
  void Note(std::string_view text);
  // Remembers that the result is not all there is, and hints at how to see more.
  void ThereIsMore();
  // Notes what a table does not show of what was asked for, or of what there is.
  void NoteLeftOut(const Rendering& rendering);

  // Asks for a yes before something is deleted. --yes answers; without a
  // terminal, or with --no-input, INVALID_ARGUMENT names the flag.
  absl::Status Confirm(std::string_view question);

  // Asks for the name of a protected context before something is changed there. --yes-protected
  // answers; without a terminal, or with --no-input, FAILED_PRECONDITION (CONTEXT_PROTECTED) names
  // the flag, as for another name.
  absl::Status ConfirmProtected(const std::string& context);

  // Fills a Cell with an instant: RFC 3339, and how long ago for people.
  Cell TimeCell(const google::protobuf::Timestamp& time, bool present) const;

 private:
  void SayWhoGetsTheToken();

  const CommandTable& table_;
  const Settings settings_;
  const Contexts contexts_;
  const Terminal terminal_;
  const Environment environment_;
  const int64_t now_unix_nanos_;
  std::unique_ptr<client::Client> client_;
  std::vector<std::string> hints_;
  bool more_ = false;
};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_SESSION_H_
