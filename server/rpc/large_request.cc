#include "server/rpc/large_request.h"

#include <memory>
#include <utility>

namespace cairn::rpc {

LargeRequest* LargeRequest::Begin(Environment& environment, const service::Method& method,
                                  grpc::CallbackServerContext* context,
                                  grpc::ByteBuffer* response) {
  auto* call = std::make_unique<LargeRequest>(environment, method, context, response).release();
  call->handover_.Pass();
  call->ServeInTurn();
  return call;
}

LargeRequest::LargeRequest(Environment& environment, const service::Method& method,
                           grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : LargeUnary(environment, method, CallerOf(environment, context)),
      OneReply(environment.replies, context),
      response_(response),
      record_(environment, method.path.c_str()) {}

void LargeRequest::Read() {
  handover_.Pass();
  StartRead(&bytes_);
}

void LargeRequest::OnReadDone(bool ok) {
  handover_.Take();
  ok ? Received(static_cast<int64_t>(bytes_.Length())) : ReceivedNothing();
}

void LargeRequest::OnDone() {
  handover_.Take();
  Over();
  delete this;
}

absl::Status LargeRequest::Parse(google::protobuf::Message& request) {
  absl::Status parsed = ParseRequest(bytes_, request);
  bytes_.Clear();
  return parsed;
}

void LargeRequest::SendAnswer(absl::StatusOr<service::Answer> answer) {
  const absl::Status status = answer.status();
  if (status.ok()) *response_ = ToByteBuffer(*std::move(answer));
  Sent();
  const grpc::Status outcome = record_.Finish(status);
  handover_.Pass();
  Finish(outcome);
}

}  // namespace cairn::rpc
