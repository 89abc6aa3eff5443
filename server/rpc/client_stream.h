#ifndef CAIRN_SERVER_RPC_CLIENT_STREAM_H_
#define CAIRN_SERVER_RPC_CLIENT_STREAM_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A call of any method that takes a stream and answers once.
//
// Messages arrive as bytes and are parsed here: gRPC tells of one that does not parse as
// if the stream had ended.
// The method's MessageSink takes one message at a time on the pool of the method's effort, where it
// may block; the next is read only then, which is the back-pressure. A call is refused with its
// first message, when the pool takes no more, and not later. What the sink holds is let go on the
// pool too, before the answer leaves. Deletes itself in OnDone, or on the pool then.
class ClientStream final : public grpc::ServerReadReactor<grpc::ByteBuffer> {
 public:
  // Begins to read. All of them outlive the call.
  static ClientStream* Begin(Environment& environment, const service::Method& method,
                             grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  ClientStream(Environment& environment, const service::Method& method,
               grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Step(bool ok);
  absl::Status Complete();
  void End(const absl::Status& status);
  void Answer(const absl::Status& status);

  Environment& environment_;
  const service::Method& method_;
  ThreadPool& pool_;
  grpc::ByteBuffer* const response_;
  CallRecord record_;
  const service::Caller caller_;
  std::unique_ptr<service::MessageSink> sink_;
  grpc::ByteBuffer bytes_;
  const std::unique_ptr<google::protobuf::Message> request_;
  Handover handover_;
  std::atomic<bool> cancelled_{false};
  bool begun_ = false;  // the pool took the first message
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CLIENT_STREAM_H_
