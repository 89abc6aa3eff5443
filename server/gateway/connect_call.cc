#include "server/gateway/connect_call.h"

#include <memory>
#include <utility>
#include <variant>

#include "server/core/limits.h"
#include "server/gateway/connect_envelope.h"

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
      responder_(std::move(responder)),
      reply_(environment.replies, *method.descriptor->output_type(), input_.codec,
             input_.takes_gzip) {}

void ConnectCall::Begin(calls::Environment& environment, const service::Method& method,
                        service::Caller caller, calls::CallRecord record, Input input,
                        http::Responder responder) {
  auto* call = std::make_unique<ConnectCall>(environment, method, std::move(caller), record,
                                             std::move(input), std::move(responder))
                   .release();
  const bool compressed = call->input_.compressed;
  if (!compressed && call->request_bytes_ <= kLargeMessageBytes) {
    return call->Serve(call->request_bytes_);
  }
  const auto serve = [call, compressed] {
    compressed ? call->ServeUnpacked() : call->Serve(call->request_bytes_);
  };
  if (!environment.pools.compute.TrySubmit(serve)) call->Send(calls::Overloaded());
}

void ConnectCall::ServeUnpacked() {
  auto unpacked = Unpack({true, std::move(input_.bytes)}, limits::kMessageBytes);
  if (!unpacked.ok()) return Send(unpacked.status());
  input_.bytes = *std::move(unpacked);
  request_bytes_ = static_cast<int64_t>(input_.bytes.size());
  Serve(request_bytes_);
}

absl::Status ConnectCall::Parse(google::protobuf::Message& request) {
  const std::string bytes = std::move(input_.bytes);  // nobody reads them any more
  return ParseMessage(input_.codec, bytes, request);
}

// What a change answers is about as large as its request, and comes in a thread that commits.
void ConnectCall::Send(absl::StatusOr<service::Answer> answer) {
  answer_ = std::move(answer);
  const bool commits = std::holds_alternative<service::ChangeFunction>(method_.serve);
  const int64_t at_once = reply_.packs() ? kLargeMessageBytes / 8 : kLargeMessageBytes;
  if (commits && answer_.ok() && request_bytes_ > at_once &&
      environment_.pools.compute.TrySubmit([this] { Finish(); })) {
    return;
  }
  Finish();
}

void ConnectCall::Finish() {
  absl::Status outcome;
  http::Response response = reply_.Make(std::move(answer_), outcome);
  record_.End(outcome);
  // The server may be gone once all its requests are answered, so nothing is left by then.
  const http::Responder responder = responder_;
  delete this;
  responder.Answer(std::move(response));
}

}  // namespace cairn::gateway
