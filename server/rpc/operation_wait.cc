#include "server/rpc/operation_wait.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "google/longrunning/operations.pb.h"
#include "grpcpp/alarm.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "server/operations/operation_runner.h"
#include "server/operations/operations.h"
#include "server/rpc/handover.h"

namespace cairn::rpc {
namespace {

using google::longrunning::WaitOperationRequest;
using grpc::ServerUnaryReactor;

constexpr int64_t kMaxWaitSeconds = int64_t{366} * 24 * 3600;

// One WaitOperation: answers when the operation is done, when the time is up or when the
// caller has gone, whichever comes first. Holds no thread meanwhile. Owns itself until
// OnDone; whoever may call it later holds a weak pointer.
class OperationWait final : public ServerUnaryReactor,
                            public std::enable_shared_from_this<OperationWait> {
 public:
  OperationWait(Environment& environment, const service::Method& method,
                const grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                grpc::ByteBuffer* response)
      : environment_(environment),
        record_(environment, method.path.c_str()),
        received_(Receive(environment, method, CallerOf(environment, context), *request, request_)),
        response_(response) {}

  static ServerUnaryReactor* Begin(Environment& environment, const service::Method& method,
                                   const grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
    auto wait = std::make_shared<OperationWait>(environment, method, context, request, response);
    wait->self_ = wait;
    wait->Start();
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

  void Start() {
    if (!received_.ok()) return SettleWith(received_);
    const auto& timeout = request_.timeout();
    if (timeout.seconds() < 0 || timeout.nanos() < 0) {
      return SettleWith(InvalidField(ErrorReason::VALUE_INVALID, "timeout",
                                     std::to_string(timeout.seconds()), "must not be negative"));
    }
    const auto stored =
        operations::ReadOperation(*environment_.store.GetSnapshot(), request_.name());
    if (!stored.ok()) return SettleWith(stored.status());
    const std::weak_ptr<OperationWait> self = weak_from_this();
    if (request_.has_timeout()) {
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
    wait_ = environment_.operations.WhenDone(request_.name(), [self] {
      if (const auto wait = self.lock()) wait->Settle();
    });
  }

  // Answers with the operation as it is now.
  void Settle() {
    if (!TakeTurn()) return;
    auto stored = operations::ReadOperation(*environment_.store.GetSnapshot(), request_.name());
    if (stored.ok()) *response_ = ToByteBuffer(stored->value);
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
  WaitOperationRequest request_;
  const absl::Status received_;
  grpc::ByteBuffer* const response_;
  grpc::Alarm alarm_;
  Handover handover_;
  Mutex mutex_;
  bool settled_ CAIRN_GUARDED_BY(mutex_) = false;
  int64_t wait_ = 0;  // of WhenDone
  std::shared_ptr<OperationWait> self_;
};

}  // namespace

grpc::ServerUnaryReactor* WaitOperation(Environment& environment, const service::Method& method,
                                        const grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) {
  return OperationWait::Begin(environment, method, context, request, response);
}

}  // namespace cairn::rpc
