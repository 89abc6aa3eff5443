#ifndef CAIRN_PIPELINE_COMMANDS_EXIT_CODE_H_
#define CAIRN_PIPELINE_COMMANDS_EXIT_CODE_H_

#include <string_view>

#include "absl/status/status.h"

namespace cairn::pipeline {

// Exit codes, the same as those of mlctl, which has some more. They never change.
// Scripts decide by them whether to try again: 8 is worth it, 2 and 3 are not.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;      // Bad data, a full disk, a fault.
inline constexpr int kExitUsage = 2;        // Flags or configuration.
inline constexpr int kExitNotFound = 3;     // A file, model, version or channel.
inline constexpr int kExitAuth = 4;         // The server does not know or does not let the caller.
inline constexpr int kExitConflict = 5;     // The server's state forbids it.
inline constexpr int kExitUnavailable = 8;  // The server is away or too slow.
inline constexpr int kExitIntegrity = 9;    // Bytes do not match their digest.

// The code for a status. By its code, and by its reason where that says more: a file
// that may not be read is a failure and not 4, which is the server's word. What is not
// listed is kExitFailure.
int ExitCodeOf(const absl::Status& status);

// Prints `cairn-pipeline: MESSAGE` and, where one is known, a hint what to do, to
// stderr; returns ExitCodeOf(status). `resume` is the command that goes on where this
// one stopped; empty for none. REQUIRES: `status` is an error. The hint is printed only
// where repeating helps: with kExitUnavailable.
int ReportError(const absl::Status& status, std::string_view resume = {});

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_EXIT_CODE_H_
