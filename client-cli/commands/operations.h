#ifndef CAIRN_CLIENT_CLI_COMMANDS_OPERATIONS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_OPERATIONS_H_

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"
#include "client-cli/commands/session.h"
#include "google/longrunning/operations.pb.h"

namespace cairn::cli {

// --wait: stay until a long-running operation is done.
inline constexpr Flag kWait = {.name = "wait",
                               .kind = FlagKind::kSwitch,
                               .help = "wait until it is done, instead of printing its name"};
inline constexpr Flag kPatience = {.name = "patience",
                                   .kind = FlagKind::kDuration,
                                   .value = "DURATION",
                                   .help = "how long to wait at most; by default until it is done"};

inline constexpr Flag kBackground = {.name = "background",
                                     .kind = FlagKind::kSwitch,
                                     .help = "print the operation's name, instead of waiting"};

// Prints the operation's name, or with --wait waits until it is done, with its progress on
// the standard error, and prints it then. REQUIRES: the command has kWait and kPatience.
//
// The exit code is that of the operation's error; 10 when it left some runs as they were;
// 8 when --patience is over. An interrupt ends the waiting and not the operation: 130. In
// both cases a note says how to wait on.
// Where a scrub found damage it is 9.
absl::StatusOr<int> FollowOperation(Session& session, google::longrunning::Operation operation);

// The same for commands that wait unless --background is given. REQUIRES: the command has
// kBackground and kPatience.
absl::StatusOr<int> AwaitOperation(Session& session, google::longrunning::Operation operation);

// Waits until the operation is done, with its progress on the standard error, and answers it as it
// is then; its error is in it. An interrupt and --patience as above. REQUIRES: the command has
// kPatience.
absl::StatusOr<google::longrunning::Operation> WaitUntilDone(
    Session& session, const google::longrunning::Operation& operation);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_OPERATIONS_H_
