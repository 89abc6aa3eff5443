#ifndef CAIRN_CLIENT_CLI_COMMANDS_COMPLETIONS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_COMPLETIONS_H_

#include <string>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/terminal.h"

namespace cairn::cli {

// What `mlctl __complete -- WORDS` prints: one candidate for the last word a
// line, or ":file" when the shell should complete file names. Asks the server
// for names, for at most 200 ms; without one the static candidates remain.
std::string CompletionLines(const CommandTable& table, const std::vector<std::string>& words,
                            const Environment& environment);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_COMPLETIONS_H_
