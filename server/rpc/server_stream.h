#ifndef CAIRN_SERVER_RPC_SERVER_STREAM_H_
#define CAIRN_SERVER_RPC_SERVER_STREAM_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/answer_stream.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A call of any method that answers with a stream, served as calls::AnswerStream says; what stands
// here is how gRPC is told to write and how it tells what became of that. gRPC itself bounds what
// it holds of a stream to the message being written, and cancels a call whose deadline is over.
// Deletes itself in OnDone, which gRPC calls after every other callback.
//
// The request is parsed when the call's turn on the pool comes, with the first part: until then the
// call holds its bytes. Between two parts it holds no thread.
class ServerStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                           private calls::AnswerStream {
 public:
  // Begins to serve. All of them outlive the call; the bytes of `request` are shared.
  static ServerStream* Begin(Environment& environment, const service::Method& method,
                             grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

  // Use Begin. Public for make_unique only.
  ServerStream(Environment& environment, const service::Method& method,
               grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

  // gRPC's callbacks, from any of its threads: OnCancel beside the others, also at a deadline or a
  // stop of the server, and OnDone last of all.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What the flow asks for. One write at a time: the next part is asked of the source when gRPC
  // took the one before.
  absl::Status Parse(google::protobuf::Message& request) override;
  absl::Status Write(std::string part) override;
  // After the last part was taken. The call may be over within.
  void End(const absl::Status& status) override;
  // Ends a write that waits for the client's window, too.
  void Abort() override { context_->TryCancel(); }

  grpc::CallbackServerContext* const context_;  // gRPC's; there until OnDone
  grpc::ByteBuffer bytes_;                      // of the request, until it is parsed
  grpc::ByteBuffer part_;                       // being written
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_SERVER_STREAM_H_
