#ifndef CAIRN_SERVER_RPC_LARGE_REQUEST_H_
#define CAIRN_SERVER_RPC_LARGE_REQUEST_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/intake.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/rpc/one_reply.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A unary call of a method whose requests may be large: none is read before the intake lets it in
// (intake.h), and it is parsed and answered on the pool of the method's effort.
//
// To gRPC it is a stream of one message: that is how a server decides when to read. On the wire
// the two are the same. Deletes itself in OnDone.
class LargeRequest final : public grpc::ServerReadReactor<grpc::ByteBuffer>, private OneReply {
 public:
  // Reads the request in its turn. All of them outlive the call; the method answers.
  static LargeRequest* Begin(Environment& environment, const service::Method& method,
                             grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  LargeRequest(Environment& environment, const service::Method& method,
               grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  void OnReadDone(bool ok) override;
  void OnDone() override;

 private:
  void Start();
  absl::Status WhyNothing() const;
  absl::Status Respond();

  // The last thing that is done with this object: the call may be over within.
  void Answer(const absl::Status& status);

  Environment& environment_;
  const service::Method& method_;
  grpc::ByteBuffer* const response_;
  CallRecord record_;
  const service::Caller caller_;
  Intake::Ticket ticket_;
  grpc::ByteBuffer bytes_;
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_LARGE_REQUEST_H_
