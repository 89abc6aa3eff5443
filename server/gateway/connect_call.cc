#include "server/gateway/connect_call.h"

#include <memory>
#include <utility>
#include <variant>

#include "lib/base/status_macros.h"

namespace cairn::gateway {
namespace {

// Messages above this are read and written by the pool: a millisecond of JSON, about.
constexpr int64_t kLargeMessageBytes = int64_t{16} << 10;

}  // namespace

ConnectCall::ConnectCall(calls::Environment& environment, const service::Method& method,
                         service::Caller caller, calls::CallRecord record, Input input,
                         http::Responder responder)
    : Unary(environment, method, std::move(caller)),
      request_bytes_(static_cast<int64_t>(input.bytes.size())),
      input_(std::move(input)),
      record_(record),
      responder_(std::move(responder)) {}

void ConnectCall::Begin(calls::Environment& environment, const service::Method& method,
                        service::Caller caller, calls::CallRecord record, Input input,
                        http::Responder responder) {
  auto* call = std::make_unique<ConnectCall>(environment, method, std::move(caller), record,
                                             std::move(input), std::move(responder))
                   .release();
  if (call->request_bytes_ <= kLargeMessageBytes) return call->Serve(call->request_bytes_);
  if (!environment.pools.compute.TrySubmit([call] { call->Serve(call->request_bytes_); })) {
    call->Send(calls::Overloaded());
  }
}

absl::Status ConnectCall::Parse(google::protobuf::Message& request) {
  const std::string bytes = std::move(input_.bytes);  // nobody reads them any more
  return ParseMessage(input_.codec, bytes, request);
}

// What a change answers is about as large as its request, and comes in a thread that commits.
void ConnectCall::Send(absl::StatusOr<service::Answer> answer) {
  answer_ = std::move(answer);
  const bool commits = std::holds_alternative<service::ChangeFunction>(method_.serve);
  if (commits && answer_.ok() && request_bytes_ > kLargeMessageBytes &&
      environment_.pools.compute.TrySubmit([this] { Finish(); })) {
    return;
  }
  Finish();
}

absl::StatusOr<std::string> ConnectCall::Render() {
  CAIRN_RETURN_IF_ERROR(answer_.status());
  CAIRN_ASSIGN_OR_RETURN(
      std::string body,
      RenderAnswer(input_.codec, *method_.descriptor->output_type(), *std::move(answer_)));
  // JSON holds more than was charged for; what was stored is answered all the same.
  const auto bytes = static_cast<int64_t>(body.size());
  if (bytes > charge_.bytes() && bytes > calls::Replies::kCountedBytes) {
    environment_.replies.ChargeBegun(bytes - charge_.bytes(), charge_);
  }
  return body;
}

void ConnectCall::Finish() {
  auto body = Render();
  record_.End(body.status());
  http::Response response = body.ok() ? http::TextResponse(*std::move(body), TypeOf(input_.codec))
                                      : ErrorAnswer(body.status());
  if (charge_.bytes() != 0) response.held = std::make_shared<MemoryCharge>(std::move(charge_));
  // The server may be gone once all its requests are answered, so nothing is left by then.
  const http::Responder responder = responder_;
  delete this;
  responder.Answer(std::move(response));
}

}  // namespace cairn::gateway
