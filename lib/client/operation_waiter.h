#ifndef CAIRN_LIB_CLIENT_OPERATION_WAITER_H_
#define CAIRN_LIB_CLIENT_OPERATION_WAITER_H_

#include <chrono>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/longrunning/operations.pb.h"
#include "lib/client/services.h"

namespace cairn::client {

// How to wait for a long-running operation.
struct WaitOptions {
  // How long at most; zero or less waits until it is done.
  std::chrono::milliseconds at_most{0};
  // How often on_progress is told; > 0.
  std::chrono::milliseconds interval{1000};
  // Told of each state of the operation that was seen, the last one included; may be empty.
  std::function<void(const google::longrunning::Operation&)> on_progress;
};

// Waits until `operation` is done and returns it as it is then; its error, if it has one,
// is in it and not the result's. Asks the server again and again to wait for `interval`, so
// that no single call is long. The operation goes on whatever this returns:
//
// - DEADLINE_EXCEEDED (CALL_ENDED): it is not done after `at_most`.
// - NOT_FOUND (OPERATION_NOT_FOUND), CANCELLED after Transport::Cancel, and whatever a
//   call may fail with.
//
// Safe to call from any thread.
absl::StatusOr<google::longrunning::Operation> AwaitOperation(
    OperationsClient& client, google::longrunning::Operation operation,
    const WaitOptions& options = {});

// What an operation that is done ended with: OK, or its error with the details as
// payloads, as if a call had failed with it. OK for one that is not done. Pure.
absl::Status OperationError(const google::longrunning::Operation& operation);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_OPERATION_WAITER_H_
