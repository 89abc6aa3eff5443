#ifndef CAIRN_CLIENT_CLI_COMMANDS_CONSUMERS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_CONSUMERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// All that report to serve the channel, which is a resource name, by name; there are at most a
// thousand. Those too that have stopped or fallen silent and are not forgotten yet.
absl::StatusOr<v1::ListConsumersResponse> AllConsumers(Session& session,
                                                       const std::string& channel);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_CONSUMERS_H_
