#ifndef CAIRN_SERVER_RPC_ONE_REPLY_H_
#define CAIRN_SERVER_RPC_ONE_REPLY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "lib/base/memory_budget.h"
#include "server/calls/replies.h"

namespace cairn::rpc {

using calls::Replies;
using calls::ReplyWatch;

// The one reply of a call, which counts as held until the client took it (calls::Replies). Base of
// reactors, which call Sent right before Finish and Over in OnDone. A call whose client takes
// nothing for a minute is cancelled, by the one thread of Replies. Small replies are not charged
// and not watched: that would cost every call a lock.
class OneReply : private ReplyWatch {
 public:
  // Both outlive the call. Nothing is charged yet.
  OneReply(Replies& replies, grpc::CallbackServerContext* context)
      : ReplyWatch(replies), context_(context) {}

  // Charges a reply of `bytes`, or what else the call holds until its end. Errors of
  // Replies::Charge.
  absl::Status Charge(int64_t bytes) { return replies().Charge(bytes, charge_); }

 protected:
  // The reply is on its way from now on.
  void Sent() {
    counted_ = charge_.bytes() != 0;
    if (counted_) Waits(charge_.bytes());
  }
  // In OnDone. The client took it or is gone; what was charged is given back with this object.
  void Over() {
    if (counted_) Taken();
  }

 private:
  // The client took nothing for too long. gRPC then drops the reply and calls OnDone.
  void GiveUp() override { context_->TryCancel(); }

  grpc::CallbackServerContext* const context_;
  // For the reply, until the call is over.
  MemoryCharge charge_;
  bool counted_ = false;  // Sent told of it, so Over has to
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_ONE_REPLY_H_
