#ifndef CAIRN_SERVER_RPC_UNARY_REPLY_H_
#define CAIRN_SERVER_RPC_UNARY_REPLY_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "lib/base/memory_budget.h"
#include "server/rpc/handover.h"
#include "server/rpc/replies.h"

namespace cairn::rpc {

// The one reply of a call, which counts as held until the client took it. Base of reactors,
// which call Sent right before Finish and Over in OnDone.
class OneReply : private ReplyWatch {
 public:
  // Both outlive the call.
  OneReply(Replies& replies, grpc::CallbackServerContext* context)
      : ReplyWatch(replies), context_(context) {}

  // Charges a reply of `bytes`, or what else the call holds until its end. Errors of
  // Replies::Charge.
  absl::Status Charge(int64_t bytes) { return replies().Charge(bytes, charge_); }

 protected:
  void Sent() {
    counted_ = charge_.bytes() != 0;
    if (counted_) Waits(charge_.bytes());
  }
  void Over() {
    if (counted_) Taken();
  }

 private:
  void GiveUp() override { context_->TryCancel(); }

  grpc::CallbackServerContext* const context_;
  MemoryCharge charge_;
  bool counted_ = false;
};

// The reactor of a unary call that gRPC reads. Deletes itself when the call is over.
class UnaryReply final : public grpc::ServerUnaryReactor, public OneReply {
 public:
  // Both outlive the call.
  static UnaryReply* Begin(Replies& replies, grpc::CallbackServerContext* context) {
    return std::make_unique<UnaryReply>(replies, context).release();
  }

  using OneReply::OneReply;

  // Answers. The last thing that is done with this object: the call may be over within.
  void Send(const grpc::Status& status) {
    Sent();
    handover_.Pass();
    Finish(status);
  }

  void OnDone() override {
    handover_.Take();
    Over();
    delete this;
  }

 private:
  // What the library's own reactor of unary calls says of itself: OnDone never waits for
  // long, so it need not be given to another thread.
  bool InternalInlineable() override { return true; }

  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_UNARY_REPLY_H_
