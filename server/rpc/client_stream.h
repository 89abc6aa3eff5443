#ifndef CAIRN_SERVER_RPC_CLIENT_STREAM_H_
#define CAIRN_SERVER_RPC_CLIENT_STREAM_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/request_stream.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A call of any method that takes a stream and answers once, served as calls::RequestStream says.
//
// Messages arrive as bytes and are parsed there: gRPC tells of one that does not parse as
// if the stream had ended. A message that was not asked for stays with its client, by HTTP/2's
// flow control. What it has sent when it goes away is kept or dropped by the sink. Deletes itself
// in OnDone, which gRPC calls after every other callback.
//
// The sink is made with the call, before anything is read, and works on the pool of the method's
// effort; between two messages the call holds no thread.
class ClientStream final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                           private calls::RequestStream {
 public:
  // Begins to read. All of them outlive the call; the answer is put into `response`.
  static ClientStream* Begin(Environment& environment, const service::Method& method,
                             grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  // Use Begin. Public for make_unique only.
  ClientStream(Environment& environment, const service::Method& method,
               grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  // gRPC's callbacks, from any of its threads: OnCancel beside the others, also at a deadline or a
  // stop of the server, and OnDone last of all.
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What the flow asks for. One read at a time: the next is begun when the sink took the message,
  // so a call holds one message, however fast its client is.
  void Read() override;
  absl::Status Parse(google::protobuf::Message& request) override;
  // Finishes with the answer or the error; gRPC drops what the client still sends. The call may be
  // over within.
  void Answer(absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer) override;

  grpc::ByteBuffer* const response_;  // gRPC's; filled once, before the call is finished
  grpc::ByteBuffer bytes_;            // of the message that was read last
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CLIENT_STREAM_H_
