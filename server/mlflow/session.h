#ifndef CAIRN_SERVER_MLFLOW_SESSION_H_
#define CAIRN_SERVER_MLFLOW_SESSION_H_

#include <coroutine>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/memory_budget.h"
#include "lib/base/thread_pool.h"
#include "server/calls/environment.h"
#include "server/mlflow/inner_call.h"
#include "server/mlflow/rows.h"
#include "server/mlflow/run_places.h"
#include "server/mlflow/task.h"
#include "server/service/caller.h"

namespace cairn::webhooks {
class Deliverer;
}  // namespace cairn::webhooks

namespace cairn::mlflow {

// Awaited to go on behind what waits for the pool; where that stops, here.
struct OnPool {
  ThreadPool& pool;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) const {
    return pool.Resubmit([awaiting] { awaiting.resume(); });
  }
  void await_resume() const noexcept {}
};

// What a route works with: the calls that it may make, for the one who called it.
//
// A route is a few calls of the method table, one after the other. Each asks for its own
// permission, waits for its own turn and is counted. What their answers hold is charged until the
// whole answer was taken. Of one request; used by one thread at a time, by one coroutine.
class Session {
 public:
  // All but the caller outlive it. Without webhooks there are no routes of them.
  Session(calls::Environment& environment, const Rows& rows, RunPlaces& places,
          webhooks::Deliverer* webhooks, service::Caller caller)
      : environment_(environment),
        rows_(rows),
        places_(places),
        webhooks_(webhooks),
        caller_(std::move(caller)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Rows& rows() const { return rows_; }
  const service::Caller& caller() const { return caller_; }
  calls::Environment& environment() const { return environment_; }
  webhooks::Deliverer* webhooks() const { return webhooks_; }

  // Calls a method that answers or plans a change.
  template <typename RequestType, typename ResponseType>
  Task<absl::StatusOr<ResponseType>> Call(Row<RequestType, ResponseType> row, RequestType request) {
    auto answer = co_await CallRow(*row.method, request);
    if (!answer.ok()) co_return answer.status();
    ResponseType response;
    CAIRN_CO_RETURN_IF_ERROR(Unwrap(*std::move(answer), response));
    co_return std::move(response);
  }

  // Reads all points of a metric that the request asks for, part by part on the pool. An error of
  // `take` ends it.
  using TakePoints = std::function<absl::Status(const v1::MetricColumns& columns)>;
  Task<absl::Status> ReadMetrics(v1::ReadMetricsRequest request, TakePoints take);

  // The resource name of a run.
  //   RESOURCE_DOES_NOT_EXIST  no run that the caller may see has this id
  Task<absl::StatusOr<std::string>> NameOfRun(std::string run_id);
  // The run itself.
  Task<absl::StatusOr<v1::Run>> GetRun(std::string run_id);

  // An error of a call about a run in the words of MLflow: RUN_NOT_FOUND, RUN_DELETED and
  // PARAM_CHANGED; others as they are. A run that is gone is forgotten.
  absl::Status ErrorOfRun(const std::string& run_id, const absl::Status& error);

  // Charges what the route itself holds. RESOURCE_EXHAUSTED (QUEUE_FULL).
  absl::Status Charge(int64_t bytes) { return environment_.replies.Charge(bytes, charge_); }
  // What was charged; goes with the answer.
  MemoryCharge TakeCharge() { return std::move(charge_); }

 private:
  Task<InnerCall::Answer> CallRow(const service::Method& method,
                                  google::protobuf::Message& request);
  // Goes on behind what waits for the pool of computations, if a thread that commits is here.
  Task<bool> LeaveCommitter();
  static absl::Status Unwrap(service::Answer answer, google::protobuf::Message& response);

  calls::Environment& environment_;
  const Rows& rows_;
  RunPlaces& places_;
  webhooks::Deliverer* const webhooks_;
  const service::Caller caller_;
  MemoryCharge charge_;
  bool committed_here_ = false;  // the last call was a change, answered by a thread that commits
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_SESSION_H_
