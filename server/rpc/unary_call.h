#ifndef CAIRN_SERVER_RPC_UNARY_CALL_H_
#define CAIRN_SERVER_RPC_UNARY_CALL_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/unary.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/rpc/one_reply.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A unary call of any method that answers or plans a change, served as calls::Unary says; what
// stands here is where gRPC has the bytes, and how it is told that the answer is there. Most calls
// of a server are of this kind, so it is one object, made when the call comes and deleted in
// OnDone. gRPC has read the request by then: methods with large ones are LargeRequest's.
class UnaryCall final : public grpc::ServerUnaryReactor, private calls::Unary, private OneReply {
 public:
  // Begins to serve, on the calling thread where the method is inline, so the answer may be sent
  // before this returns. All of them outlive the call; `request` is emptied once it is parsed.
  static grpc::ServerUnaryReactor* Begin(Environment& environment, const service::Method& method,
                                         grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response);

  // Use Begin. Public for make_unique only.
  UnaryCall(Environment& environment, const service::Method& method,
            grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
            grpc::ByteBuffer* response);

  // gRPC's callback, last of all. Whether the client is gone is asked when the call's turn comes.
  void OnDone() override {
    handover_.Take();
    Over();
    delete this;
  }

 private:
  // What the library's own reactor of unary calls says of itself: OnDone never waits for
  // long, so it need not be given to another thread.
  bool InternalInlineable() override { return true; }

  // What the flow asks for, on the thread that serves the call: gRPC's own or one of the pools.
  absl::Status Parse(google::protobuf::Message& request) override;
  // Until the client took the answer.
  absl::Status Charge(int64_t bytes) override { return OneReply::Charge(bytes); }
  // From gRPC's thread, the pool's or the committer's. The call may be over within. Counts the
  // outcome, then finishes with the reply or the error.
  void Send(absl::StatusOr<service::Answer> answer) override;

  const grpc::ByteBuffer* const bytes_;  // of the request, until it is parsed; gRPC's
  grpc::ByteBuffer* const response_;     // gRPC's as well
  CallRecord record_;
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_UNARY_CALL_H_
