#ifndef CAIRN_CLIENT_CLI_CLI_EXIT_CODE_H_
#define CAIRN_CLIENT_CLI_CLI_EXIT_CODE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cairn/v1/promotion.pb.h"

namespace cairn::cli {

// What the process ends with. The numbers are a promise: scripts rely on them.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitAuth = 4,
  kExitConflict = 5,
  kExitPolicyFail = 6,
  kExitInconclusive = 7,
  kExitUnavailable = 8,
  kExitIntegrity = 9,
  kExitPartial = 10,
  kExitPolicyError = 11,
  kExitInterrupted = 130,
};

// The exit code for an error, by its reason and else by its code.
ExitCode ExitCodeFor(const absl::Status& status);

// The exit code for a decision, of a dry run as of a real one: 0 when it moved
// the channel, would have moved it, or found the best version served already;
// else by the verdict.
ExitCode ExitCodeFor(const v1::Decision& decision);

// What to tell of an error: its message, or its code where it came without one. Never empty.
std::string MessageOf(const absl::Status& status);

// What a person can do about an error; empty when there is nothing to say. `command` is the path of
// the command that was called, whose help is named; empty when there is no such command.
std::string HintFor(const absl::Status& status, std::string_view command = "");

// The error as one line of JSON with `code`, `reason`, `message`, `hint`,
// `request_id`, `retryable` and `metadata`.
std::string ErrorJson(const absl::Status& status, const std::string& hint);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_EXIT_CODE_H_
