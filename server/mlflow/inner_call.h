#ifndef CAIRN_SERVER_MLFLOW_INNER_CALL_H_
#define CAIRN_SERVER_MLFLOW_INNER_CALL_H_

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/base/memory_budget.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/calls/unary.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::mlflow {

// One unary call of a method of the table for a request that is a message already, served as
// calls::Unary says: who may make it, in which turn, what it is charged for and that it is counted
// are those of a call that came over gRPC or Connect.
//
// It is awaited once, where it lies in the coroutine's frame:
//
//   auto answer = co_await InnerCall(environment, row, caller, request, charge);
//
// The coroutine goes on where the call was answered: a change by a thread that commits, which is
// everybody's. What it does next has to be short, or to be handed to a pool (Session does).
class InnerCall final : private calls::Unary {
 public:
  using Answer = absl::StatusOr<service::Answer>;

  // All of them outlive the call. `request`, which is of the type that the method takes, is
  // emptied. What the answer holds is charged to `charge`.
  InnerCall(calls::Environment& environment, const service::Method& method,
            const service::Caller& caller, google::protobuf::Message& request, MemoryCharge& charge)
      : Unary(environment, method, caller),
        request_(request),
        charge_(charge),
        record_(environment, method.path.c_str()) {}

  // What co_await asks for.
  bool await_ready() const noexcept { return false; }
  // False: it was answered at once, and the coroutine goes on without being resumed, so that a loop
  // of such calls does not grow the stack.
  bool await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    Serve(static_cast<int64_t>(request_.ByteSizeLong()));
    return !passed_.exchange(true);
  }
  Answer await_resume() { return std::move(answer_); }

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    request.GetReflection()->Swap(&request, &request_);
    return absl::OkStatus();
  }
  absl::Status Charge(int64_t bytes) override {
    return environment_.replies.Charge(bytes, charge_);
  }
  void Send(absl::StatusOr<service::Answer> answer) override {
    record_.End(answer.status());
    answer_ = std::move(answer);
    if (passed_.exchange(true)) awaiting_.resume();
  }

  google::protobuf::Message& request_;
  MemoryCharge& charge_;
  calls::CallRecord record_;
  Answer answer_;
  std::coroutine_handle<> awaiting_;
  // Set by whoever comes first: await_suspend on its way out, or the answer.
  std::atomic<bool> passed_{false};
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_INNER_CALL_H_
