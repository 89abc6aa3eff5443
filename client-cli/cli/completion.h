#ifndef CAIRN_CLIENT_CLI_CLI_COMPLETION_H_
#define CAIRN_CLIENT_CLI_CLI_COMPLETION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"

namespace cairn::cli {

// What could stand where the cursor is.
struct Completions {
  std::vector<std::string> words;  // all begin with what was typed
  // What else may stand there and only a server knows: a noun ("model"), or
  // `file`; empty for nothing.
  std::string dynamic;
  std::string prefix;  // what was typed of the last word
};

// Completes the last of `words` (which may be empty) by the table. Pure.
Completions Complete(const CommandTable& table, const std::vector<std::string>& words);

// A script that makes `shell` (bash, zsh or fish) ask `mlctl __complete`.
// INVALID_ARGUMENT (VALUE_INVALID) for another shell.
absl::StatusOr<std::string> CompletionScript(std::string_view shell);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_COMPLETION_H_
