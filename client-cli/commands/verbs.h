#ifndef CAIRN_CLIENT_CLI_COMMANDS_VERBS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_VERBS_H_

#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/method_options.pb.h"
#include "client-cli/cli/command.h"

namespace cairn::cli {

// What commands on tokens, roles and permissions have in common.

// The verb that a user writes in any case: read, log, promote, approve, override or admin. A usage
// error for another word. Pure.
absl::StatusOr<v1::Verb> VerbNamed(const std::string& text);

// Of those that may take away the last administrator.
inline constexpr Flag kForce = {.name = "force",
                                .kind = FlagKind::kSwitch,
                                .help = "also when nobody could administer the server any more"};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_VERBS_H_
