#include "server/rpc/client_stream.h"

#include <utility>

namespace cairn::rpc {

ClientStream* ClientStream::Begin(Environment& environment, const service::Method& method,
                                  grpc::CallbackServerContext* context,
                                  grpc::ByteBuffer* response) {
  auto* stream = std::make_unique<ClientStream>(environment, method, context, response).release();
  stream->Serve();
  return stream;
}

ClientStream::ClientStream(Environment& environment, const service::Method& method,
                           grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : RequestStream(environment, method, CallerOf(environment, context),
                    CallRecord(environment, method.path.c_str())),
      response_(response) {}

void ClientStream::OnReadDone(bool ok) {
  handover_.Take();
  Received(ok);
}

void ClientStream::OnCancel() {
  handover_.Take();
  Cancelled();
  handover_.Pass();
}

void ClientStream::OnDone() {
  handover_.Take();
  delete this;
}

void ClientStream::Read() {
  handover_.Pass();
  StartRead(&bytes_);
}

absl::Status ClientStream::Parse(google::protobuf::Message& request) {
  absl::Status parsed = ParseRequest(bytes_, request);
  bytes_.Clear();
  return parsed;
}

void ClientStream::Answer(absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer) {
  if (answer.ok()) *response_ = ToByteBuffer(**answer);
  const grpc::Status status = ToGrpcStatus(answer.status());
  handover_.Pass();
  Finish(status);
}

}  // namespace cairn::rpc
