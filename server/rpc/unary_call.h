#ifndef CAIRN_SERVER_RPC_UNARY_CALL_H_
#define CAIRN_SERVER_RPC_UNARY_CALL_H_

#include <memory>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/rpc/one_reply.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A unary call of any method that answers or plans a change: parses, waits for its turn as the
// method's effort says, charges and counts.
//
// What is answered inline is parsed and answered where it came; for the rest the request waits as
// bytes. A change is planned by the Mutator, behind those that wait for room to fold when it brings
// points. Deletes itself when the call is over.
class UnaryCall final : public grpc::ServerUnaryReactor, private OneReply {
 public:
  // Begins to serve. All of them outlive the call; `request` is emptied once it is parsed.
  static grpc::ServerUnaryReactor* Begin(Environment& environment, const service::Method& method,
                                         grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response);

  UnaryCall(Environment& environment, const service::Method& method,
            grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
            grpc::ByteBuffer* response);

  void OnDone() override {
    handover_.Take();
    Over();
    delete this;
  }

 private:
  // What the library's own reactor of unary calls says of itself: OnDone never waits for
  // long, so it need not be given to another thread.
  bool InternalInlineable() override { return true; }

  void Serve();
  void ServeAnswer();
  void ServeChange();
  absl::Status Parse();
  void Answer();
  void RunChange();
  storage::RequestContext RequestOf() const;

  // Sends the answer, or the error. The last thing that is done with this object: the call may be
  // over within.
  void Send(const absl::Status& status);

  Environment& environment_;
  const service::Method& method_;
  const grpc::ByteBuffer* const bytes_;
  grpc::ByteBuffer* const response_;
  const int64_t size_bytes_;  // of the request
  CallRecord record_;
  const service::Caller caller_;
  std::unique_ptr<google::protobuf::Message> request_;  // once it is parsed
  service::Change change_;
  Handover handover_;
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_UNARY_CALL_H_
