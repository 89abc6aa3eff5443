#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "google/longrunning/operations.grpc.pb.h"
#include "grpcpp/alarm.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "server/operations/operation_runner.h"
#include "server/operations/operations.h"
#include "server/rpc/handover.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/services.h"

namespace cairn::rpc {
namespace {

using google::longrunning::Operation;
using google::longrunning::Operations;
using google::longrunning::WaitOperationRequest;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using storage::Snapshot;

constexpr int64_t kMaxWaitSeconds = int64_t{366} * 24 * 3600;

// One WaitOperation: answers when the operation is done, when the time is up or when the
// caller has gone, whichever comes first. Holds no thread meanwhile. Owns itself until
// OnDone; whoever may call it later holds a weak pointer.
class OperationWait final : public ServerUnaryReactor,
                            public std::enable_shared_from_this<OperationWait> {
 public:
  OperationWait(Environment& environment, const WaitOperationRequest* request, Operation* response)
      : environment_(environment),
        record_(environment, "google.longrunning.Operations/WaitOperation"),
        name_(request->name()),
        response_(response) {}

  static ServerUnaryReactor* Begin(Environment& environment, const WaitOperationRequest* request,
                                   Operation* response) {
    auto wait = std::make_shared<OperationWait>(environment, request, response);
    wait->self_ = wait;
    wait->Start(*request);
    wait->handover_.Pass();
    return wait.get();
  }

  ~OperationWait() override { environment_.operations.StopWaiting(wait_); }

  void OnCancel() override {
    handover_.Take();
    Settle();
  }
  void OnDone() override {
    handover_.Take();
    { MutexLock lock(&mutex_); }  // OnCancel came before
    self_.reset();
  }

 private:
  // Whom an alarm wakes.
  struct Ringing {
    explicit Ringing(std::weak_ptr<OperationWait> wakes) : wait(std::move(wakes)) {}
    std::weak_ptr<OperationWait> wait;
    Handover handover;
  };

  void Start(const WaitOperationRequest& request) {
    const auto& timeout = request.timeout();
    if (timeout.seconds() < 0 || timeout.nanos() < 0) {
      return SettleWith(InvalidField(ErrorReason::VALUE_INVALID, "timeout",
                                     std::to_string(timeout.seconds()), "must not be negative"));
    }
    const auto stored = operations::ReadOperation(*environment_.store.GetSnapshot(), name_);
    if (!stored.ok()) return SettleWith(stored.status());
    const std::weak_ptr<OperationWait> self = weak_from_this();
    if (request.has_timeout()) {
      const auto span = std::chrono::seconds(std::min(timeout.seconds(), kMaxWaitSeconds)) +
                        std::chrono::nanoseconds(timeout.nanos());
      // Freed by the callback, which comes once, also when the alarm is taken back.
      auto* ringing = std::make_unique<Ringing>(self).release();
      ringing->handover.Pass();
      alarm_.Set(std::chrono::system_clock::now() +
                     std::chrono::duration_cast<std::chrono::system_clock::duration>(span),
                 [ringing](bool) {
                   ringing->handover.Take();
                   const std::unique_ptr<Ringing> owned(ringing);
                   if (const auto wait = owned->wait.lock()) wait->Settle();
                 });
    }
    wait_ = environment_.operations.WhenDone(name_, [self] {
      if (const auto wait = self.lock()) wait->Settle();
    });
  }

  // Answers with the operation as it is now.
  void Settle() {
    if (!TakeTurn()) return;
    auto stored = operations::ReadOperation(*environment_.store.GetSnapshot(), name_);
    if (stored.ok()) *response_ = std::move(stored->value);
    FinishWith(stored.status());
  }

  void SettleWith(const absl::Status& status) {
    if (TakeTurn()) FinishWith(status);
  }

  void FinishWith(const absl::Status& status) {
    const grpc::Status answer = record_.Finish(status);
    handover_.Pass();
    Finish(answer);
  }

  // True for the first one that asks.
  bool TakeTurn() {
    MutexLock lock(&mutex_);
    return !std::exchange(settled_, true);
  }

  Environment& environment_;
  CallRecord record_;
  const std::string name_;
  Operation* const response_;
  grpc::Alarm alarm_;
  Handover handover_;
  Mutex mutex_;
  bool settled_ CAIRN_GUARDED_BY(mutex_) = false;
  int64_t wait_ = 0;  // of WhenDone
  std::shared_ptr<OperationWait> self_;
};

class OperationsServiceImpl final : public ParsedService<Operations> {
 public:
  explicit OperationsServiceImpl(Environment& environment) : env_(environment) {
    Parsed(environment, this, &OperationsServiceImpl::GetOperation,
           &OperationsServiceImpl::ListOperations, &OperationsServiceImpl::DeleteOperation,
           &OperationsServiceImpl::CancelOperation, &OperationsServiceImpl::WaitOperation);
  }

  ServerUnaryReactor* GetOperation(CallbackServerContext* context,
                                   const google::longrunning::GetOperationRequest* request,
                                   Operation* response) override {
    return ServeRead(
        env_, "google.longrunning.Operations/GetOperation", context, request, response,
        Effort::kQuick,
        [](const Snapshot& snapshot,
           const google::longrunning::GetOperationRequest& get) -> absl::StatusOr<Operation> {
          auto stored = operations::ReadOperation(snapshot, get.name());
          if (!stored.ok()) return stored.status();
          return std::move(stored->value);
        });
  }

  ServerUnaryReactor* ListOperations(
      CallbackServerContext* context, const google::longrunning::ListOperationsRequest* request,
      google::longrunning::ListOperationsResponse* response) override {
    return ServeRead(env_, "google.longrunning.Operations/ListOperations", context, request,
                     response, Effort::kLong, operations::ListOperations);
  }

  ServerUnaryReactor* DeleteOperation(CallbackServerContext* context,
                                      const google::longrunning::DeleteOperationRequest* request,
                                      google::protobuf::Empty* response) override {
    return ServeMutation(
        env_, "google.longrunning.Operations/DeleteOperation", context, request, response,
        [request](const Snapshot& snapshot) { return operations::PlanDelete(snapshot, *request); },
        NoteChange(request->name()));
  }

  ServerUnaryReactor* CancelOperation(CallbackServerContext* context,
                                      const google::longrunning::CancelOperationRequest* request,
                                      google::protobuf::Empty* response) override {
    const int64_t now = env_.clock.NowUnixNanos();
    return ServeMutation(
        env_, "google.longrunning.Operations/CancelOperation", context, request, response,
        [request, now](const Snapshot& snapshot) {
          return operations::PlanCancel(snapshot, *request, now);
        },
        NoteChange(request->name()));
  }

  ServerUnaryReactor* WaitOperation(CallbackServerContext*, const WaitOperationRequest* request,
                                    Operation* response) override {
    return OperationWait::Begin(env_, request, response);
  }

 private:
  std::function<void()> NoteChange(const std::string& name) {
    return [this, name] { env_.operations.Changed(name); };
  }

  Environment& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOperationsService(Environment& environment) {
  return std::make_unique<OperationsServiceImpl>(environment);
}

}  // namespace cairn::rpc
