#include "server/rpc/unary_call.h"

#include <utility>

namespace cairn::rpc {

grpc::ServerUnaryReactor* UnaryCall::Begin(Environment& environment, const service::Method& method,
                                           grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) {
  auto* call =
      std::make_unique<UnaryCall>(environment, method, context, request, response).release();
  call->Serve(static_cast<int64_t>(request->Length()));
  return call;
}

UnaryCall::UnaryCall(Environment& environment, const service::Method& method,
                     grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                     grpc::ByteBuffer* response)
    : Unary(environment, method, CallerOf(environment, context)),
      OneReply(environment.replies, context),
      bytes_(request),
      response_(response),
      record_(environment, method.path.c_str()) {}

absl::Status UnaryCall::Parse(google::protobuf::Message& request) {
  absl::Status parsed = ParseRequest(*bytes_, request);
  // The call's own, which nobody reads any more.
  const_cast<grpc::ByteBuffer*>(bytes_)->Clear();
  return parsed;
}

void UnaryCall::Send(absl::StatusOr<service::Answer> answer) {
  const absl::Status status = answer.status();
  if (status.ok()) *response_ = ToByteBuffer(*std::move(answer));
  Sent();
  const grpc::Status outcome = record_.Finish(status);
  handover_.Pass();
  Finish(outcome);
}

}  // namespace cairn::rpc
