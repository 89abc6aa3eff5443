#ifndef CAIRN_CLIENT_CLI_COMMANDS_FOLLOW_H_
#define CAIRN_CLIENT_CLI_COMMANDS_FOLLOW_H_

#include "client-cli/cli/command.h"

namespace cairn::cli {

// `follow MODEL#CHANNEL -o DIR`; part of WatchCommands.
Command FollowCommand();

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_FOLLOW_H_
