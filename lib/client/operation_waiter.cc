#include "lib/client/operation_waiter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

using google::longrunning::Operation;
using std::chrono::milliseconds;
using WaitClock = std::chrono::steady_clock;

absl::Status NotDoneYet(const Operation& operation) {
  return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
               fmt::format("{} is not done yet and goes on", operation.name()))
      .With("operation", operation.name());
}

google::longrunning::WaitOperationRequest WaitRequest(const Operation& operation,
                                                      milliseconds timeout) {
  google::longrunning::WaitOperationRequest request;
  request.set_name(operation.name());
  request.mutable_timeout()->set_seconds(timeout.count() / 1000);
  request.mutable_timeout()->set_nanos(static_cast<int32_t>(timeout.count() % 1000) * 1'000'000);
  return request;
}

}  // namespace

absl::StatusOr<Operation> AwaitOperation(OperationsClient& client, Operation operation,
                                         const WaitOptions& options) {
  const auto begin = WaitClock::now();
  // Half of a call's time leaves the other half for the answer.
  const milliseconds longest(std::max<int64_t>(1, client.options().call_timeout_millis / 2));
  while (true) {
    if (options.on_progress) options.on_progress(operation);
    if (operation.done()) return operation;
    milliseconds wait = std::min(options.interval, longest);
    if (options.at_most > milliseconds::zero()) {
      const auto passed = std::chrono::duration_cast<milliseconds>(WaitClock::now() - begin);
      if (passed >= options.at_most) return NotDoneYet(operation);
      wait = std::min(wait, options.at_most - passed);
    }
    CAIRN_ASSIGN_OR_RETURN(operation, client.WaitOperation(WaitRequest(operation, wait)));
  }
}

absl::Status OperationError(const Operation& operation) {
  if (!operation.has_error()) return absl::OkStatus();
  absl::Status status(static_cast<absl::StatusCode>(operation.error().code()),
                      operation.error().message());
  for (const google::protobuf::Any& detail : operation.error().details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace cairn::client
