#ifndef CAIRN_CLIENT_CLI_COMMANDS_WAIT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_WAIT_H_

#include "client-cli/cli/command.h"

namespace cairn::cli {

// `mlctl wait RESOURCE --for CONDITION`: looks whenever the resource's events say that it is worth
// looking, and ends when the condition holds, or can never hold any more.
Command WaitCommand();

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_WAIT_H_
