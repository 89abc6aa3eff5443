#include "server/rpc/large_request.h"

#include <utility>

#include "lib/base/status_macros.h"

namespace cairn::rpc {

LargeRequest* LargeRequest::Begin(Environment& environment, const service::Method& method,
                                  grpc::CallbackServerContext* context,
                                  grpc::ByteBuffer* response) {
  auto* call = std::make_unique<LargeRequest>(environment, method, context, response).release();
  call->Start();
  return call;
}

LargeRequest::LargeRequest(Environment& environment, const service::Method& method,
                           grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : OneReply(environment.replies, context),
      environment_(environment),
      method_(method),
      response_(response),
      record_(environment, method.path.c_str()),
      caller_(CallerOf(environment, context)) {}

void LargeRequest::Start() {
  if (const auto known = service::CheckIdentity(environment_.access, caller_); !known.ok()) {
    return Answer(known);
  }
  handover_.Pass();
  environment_.intake.Admit(caller_.ended, [this](const absl::Status& status) {
    handover_.Take();
    if (!status.ok()) return Answer(status);
    ticket_ = environment_.intake.Begin();
    handover_.Pass();
    StartRead(&bytes_);
  });
}

void LargeRequest::OnReadDone(bool ok) {
  handover_.Take();
  if (!ok) return Answer(WhyNothing());
  const auto bytes = static_cast<int64_t>(bytes_.Length());
  ticket_.Received(bytes);
  handover_.Pass();
  environment_.pools.Run(method_, method_.effort(), bytes, caller_.ended,
                         [this](const absl::Status& status) {
                           handover_.Take();
                           Answer(status.ok() ? Respond() : status);
                         });
}

void LargeRequest::OnDone() {
  handover_.Take();
  Over();
  delete this;
}

// Of a call that ended before its request came, or came without one.
absl::Status LargeRequest::WhyNothing() const {
  absl::Status ended = caller_.Ended();
  return ended.ok() ? Unparsed(*method_.descriptor->input_type()) : ended;
}

absl::Status LargeRequest::Respond() {
  const std::unique_ptr<google::protobuf::Message> request(method_.request->New());
  CAIRN_RETURN_IF_ERROR(Receive(environment_, method_, caller_, bytes_, *request));
  bytes_.Clear();
  CAIRN_ASSIGN_OR_RETURN(auto answer,
                         std::get<service::AnswerFunction>(method_.serve)(caller_, *request));
  CAIRN_RETURN_IF_ERROR(Charge(calls::BytesOf(answer)));
  *response_ = ToByteBuffer(std::move(answer));
  return absl::OkStatus();
}

void LargeRequest::Answer(const absl::Status& status) {
  ticket_.Leave();
  Sent();
  const grpc::Status answer = record_.Finish(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc
