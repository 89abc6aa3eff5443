#include "server/rpc/server_stream.h"

#include <memory>
#include <utility>

namespace cairn::rpc {

ServerStream* ServerStream::Begin(Environment& environment, const service::Method& method,
                                  grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request) {
  auto* stream = std::make_unique<ServerStream>(environment, method, context, request).release();
  stream->handover_.Pass();
  stream->Serve();
  return stream;
}

ServerStream::ServerStream(Environment& environment, const service::Method& method,
                           grpc::CallbackServerContext* context, const grpc::ByteBuffer* request)
    : AnswerStream(environment, method, CallerOf(environment, context),
                   CallRecord(environment, method.path.c_str())),
      context_(context),
      bytes_(*request) {}

void ServerStream::OnWriteDone(bool ok) {
  handover_.Take();
  part_.Clear();
  Written(ok);
}

void ServerStream::OnCancel() {
  handover_.Take();
  Cancelled();
  handover_.Pass();
}

void ServerStream::OnDone() {
  handover_.Take();
  Over();
  delete this;
}

absl::Status ServerStream::Parse(google::protobuf::Message& request) {
  absl::Status parsed = ParseRequest(bytes_, request);
  bytes_.Clear();
  return parsed;
}

absl::Status ServerStream::Write(std::string part) {
  part_ = ToByteBuffer(std::move(part));
  handover_.Pass();
  StartWrite(&part_);
  return absl::OkStatus();
}

void ServerStream::End(const absl::Status& status) {
  const grpc::Status answer = ToGrpcStatus(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc
