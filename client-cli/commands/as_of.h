#ifndef CAIRN_CLIENT_CLI_COMMANDS_AS_OF_H_
#define CAIRN_CLIENT_CLI_COMMANDS_AS_OF_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"
#include "client-cli/commands/session.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {

// Reads of the past: a command that has the flag hands what it says to its requests.
inline constexpr Flag kAsOf = {
    .name = "as-of",
    .value = "TIME|REVISION",
    .help = "as it was at a time, such as 2026-03-01T12:00:00Z, or at a revision of the store",
    .blank_rule = "; leave it out for what is there now"};

// A moment as a person wrote it. Both absent: now.
struct AsOf {
  std::optional<int64_t> revision;
  std::optional<int64_t> unix_nanos;
};

// What --as-of says: a bare number is a revision. INVALID_ARGUMENT (VALUE_INVALID) for what is
// neither.
absl::StatusOr<AsOf> AsOfFlag(const Session& session);

// Asks for it in a request with `as_of_revision` and `as_of_time`.
template <typename Request>
absl::Status SetAsOf(const Session& session, Request& request) {
  CAIRN_ASSIGN_OR_RETURN(const AsOf as_of, AsOfFlag(session));
  if (as_of.revision) request.set_as_of_revision(*as_of.revision);
  if (as_of.unix_nanos) *request.mutable_as_of_time() = ToTimestamp(*as_of.unix_nanos);
  return absl::OkStatus();
}

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_AS_OF_H_
