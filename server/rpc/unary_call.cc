#include "server/rpc/unary_call.h"

#include <utility>

#include "server/storage/mutation.h"

namespace cairn::rpc {

using google::protobuf::Message;
using service::Effort;

grpc::ServerUnaryReactor* UnaryCall::Begin(Environment& environment, const service::Method& method,
                                           grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) {
  auto* call =
      std::make_unique<UnaryCall>(environment, method, context, request, response).release();
  call->Serve();
  return call;
}

UnaryCall::UnaryCall(Environment& environment, const service::Method& method,
                     grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                     grpc::ByteBuffer* response)
    : OneReply(environment.replies, context),
      environment_(environment),
      method_(method),
      bytes_(request),
      response_(response),
      size_bytes_(static_cast<int64_t>(request->Length())),
      record_(environment, method.path.c_str()),
      caller_(CallerOf(environment, context)) {}

void UnaryCall::Serve() {
  std::holds_alternative<service::ChangeFunction>(method_.serve) ? ServeChange() : ServeAnswer();
}

void UnaryCall::ServeAnswer() {
  environment_.pools.Run(method_, method_.effort(), size_bytes_, caller_.ended,
                         [this](const absl::Status& status) {
                           if (!status.ok()) return Send(status);
                           Answer();
                         });
}

absl::Status UnaryCall::Parse() {
  request_.reset(method_.request->New());
  absl::Status parsed = Receive(environment_, method_, caller_, *bytes_, *request_);
  // The call's own, which nobody reads any more.
  const_cast<grpc::ByteBuffer*>(bytes_)->Clear();
  return parsed;
}

void UnaryCall::Answer() {
  if (const absl::Status parsed = Parse(); !parsed.ok()) return Send(parsed);
  auto answer = std::get<service::AnswerFunction>(method_.serve)(caller_, *request_);
  absl::Status status = answer.status();
  if (status.ok()) status = Charge(BytesOf(*answer));
  if (status.ok()) *response_ = ToByteBuffer(*std::move(answer));
  Send(status);
}

void UnaryCall::ServeChange() {
  if (const absl::Status parsed = Parse(); !parsed.ok()) return Send(parsed);
  change_ = std::get<service::ChangeFunction>(method_.serve)(caller_, *request_);
  auto in_turn = [this](const absl::Status& status) {
    if (!status.ok()) return Send(status);
    RunChange();
  };
  WaitingRoom& room = environment_.folding_room;
  if (change_.brings_points && room.MustWait()) {
    room.Wait(size_bytes_, caller_.ended, std::move(in_turn));
  } else {
    environment_.pools.Run(method_, change_.effort.value_or(method_.effort()), size_bytes_,
                           caller_.ended, std::move(in_turn));
  }
}

storage::RequestContext UnaryCall::RequestOf() const {
  storage::RequestContext context{caller_.requester, method_.path, "", false, caller_.principal()};
  const auto& fields = *request_->GetReflection();
  if (method_.request_id != nullptr) {
    context.request_id = fields.GetString(*request_, method_.request_id);
  }
  if (method_.validate_only != nullptr) {
    context.validate_only = fields.GetBool(*request_, method_.validate_only);
  }
  return context;
}

void UnaryCall::RunChange() {
  // What was committed must be answered, and the answer is about as large as the request: so room
  // for both is made before, but not while the call waits.
  if (const absl::Status room = Charge(2 * size_bytes_); !room.ok()) return Send(room);
  storage::RequestContext context = RequestOf();
  const bool stores = !context.validate_only;
  environment_.mutator.Run(std::move(context), *request_, std::move(change_.plan), StampEtag,
                           [this, stores](absl::StatusOr<std::unique_ptr<Message>> answer) {
                             if (answer.ok()) {
                               if (stores && change_.stored) change_.stored(**answer);
                               *response_ = ToByteBuffer(**answer);
                             }
                             Send(answer.status());
                           });
}

void UnaryCall::Send(const absl::Status& status) {
  Sent();
  const grpc::Status answer = record_.Finish(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc
