#ifndef CAIRN_CLIENT_CLI_COMMANDS_MLCTL_H_
#define CAIRN_CLIENT_CLI_COMMANDS_MLCTL_H_

#include <string>
#include <vector>

namespace cairn::cli {

// Runs the program with the words after its name and returns the exit code.
// Reads the process' environment and working directory; writes to the standard
// streams. To be called once.
int RunMlctl(const std::vector<std::string>& words);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_MLCTL_H_
