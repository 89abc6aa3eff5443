#ifndef CAIRN_LIB_COMMAND_LINE_COMPLETION_H_
#define CAIRN_LIB_COMMAND_LINE_COMPLETION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/command_line/command.h"

namespace cairn::command_line {

// Completion never fails: where a command line is wrong there is nothing to offer.

// What could stand where the cursor is.
struct Completions {
  std::vector<std::string> words;  // all begin with what was typed
  // What else may stand there and only a server knows: a noun ("model"), or
  // `file`; empty for nothing.
  std::string dynamic;
  std::string prefix;  // what was typed of the last word; for who asks the server
};

// Completes the last of `words` (which may be empty) by the table. Pure.
Completions Complete(const CommandTable& table, const std::vector<std::string>& words);

// What a program whose words need no server answers to the script below, `__complete -- WORD...`:
// a word a line, or ":file". Nullopt for other words. Pure.
std::optional<std::string> CompletionLines(const CommandTable& table,
                                           const std::vector<std::string>& words);

// The script holds no words of the table, so it stays right when the program is updated.
// A script that makes `shell` (bash, zsh or fish) ask the program: `mlctl __complete`.
// INVALID_ARGUMENT (VALUE_INVALID) for another shell.
absl::StatusOr<std::string> CompletionScript(const CommandTable& table, std::string_view shell);

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_COMPLETION_H_
