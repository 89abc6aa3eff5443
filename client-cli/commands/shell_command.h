#ifndef CAIRN_CLIENT_CLI_COMMANDS_SHELL_COMMAND_H_
#define CAIRN_CLIENT_CLI_COMMANDS_SHELL_COMMAND_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::cli {

// Runs a command of a person's in /bin/sh, to its end, with `input` on its standard input. Its
// environment is this program's with `variables` ("CAIRN_EPOCH=3") in the place of all that begin
// with CAIRN_, so that what one of them says is about this call. Signals reach it as usual.
//
// Returns its exit code, 128 + signal for one that a signal ended; the system's errors
// (FILE_ERROR) when it cannot be started.
absl::StatusOr<int> RunShell(const std::string& command, std::vector<std::string> variables,
                             std::string_view input);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_SHELL_COMMAND_H_
