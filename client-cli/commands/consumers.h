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

// Who serves, as a user names it: `MODEL#CHANNEL`, or the resource name of one of its consumers.
struct ConsumerReference {
  std::string channel;   // as ResolveChannel takes it
  std::string consumer;  // what it calls itself; empty: whichever there is
};

// `consumer` is what --consumer says, empty without. A usage error for a consumer's resource name
// without a name or with a broken escape, and for one beside --consumer. Pure.
absl::StatusOr<ConsumerReference> ParseConsumerReference(const std::string& text,
                                                         const std::string& consumer);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_CONSUMERS_H_
