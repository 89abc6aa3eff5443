#ifndef CAIRN_SERVER_RPC_LARGE_REQUEST_H_
#define CAIRN_SERVER_RPC_LARGE_REQUEST_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/large_unary.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/rpc/one_reply.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A unary call of a method whose requests may be large, served as calls::LargeUnary says.
//
// Such requests are up to 4 MiB each. Read as they come, a thousand of them would be in memory
// before the first is served; unread they wait with their clients, by HTTP/2's flow control
// (decision 17).
//
// To gRPC it is a stream of one message: that is how a server decides when to read. On the wire
// the two are the same. Deletes itself in OnDone, which gRPC calls after every other callback.
class LargeRequest final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                           private calls::LargeUnary,
                           private OneReply {
 public:
  // Asks the intake for a turn, and reads the request when it comes; refused without reading where
  // too many wait or the turn does not come in time (QUEUE_FULL). All of them outlive the call; the
  // method answers, into `response`.
  static LargeRequest* Begin(Environment& environment, const service::Method& method,
                             grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  // Use Begin. Public for make_unique only.
  LargeRequest(Environment& environment, const service::Method& method,
               grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  // gRPC's callbacks, from any of its threads. Whether the client is gone is asked, not told: a
  // call that waits is looked after by the intake.
  void OnReadDone(bool ok) override;
  void OnDone() override;

 private:
  // What the flow asks for. Read is called once, when the intake lets the call in.
  void Read() override;
  absl::Status Parse(google::protobuf::Message& request) override;
  // Until the client took the answer.
  absl::Status Charge(int64_t bytes) override { return OneReply::Charge(bytes); }
  // The call may be over within.
  void SendAnswer(absl::StatusOr<service::Answer> answer) override;

  grpc::ByteBuffer* const response_;
  CallRecord record_;
  grpc::ByteBuffer bytes_;  // of the request, until it is parsed
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_LARGE_REQUEST_H_
