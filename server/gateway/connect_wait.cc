#include "server/gateway/connect_wait.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/calls/operation_wait.h"
#include "server/gateway/connect_codec.h"

namespace cairn::gateway {
namespace {

// One call, over once it is answered.
class ConnectWait final : public calls::OperationWait {
 public:
  ConnectWait(calls::Environment& environment, const service::Method& method,
              service::Caller caller, calls::CallRecord record, ConnectCall::Input input,
              http::Responder responder)
      : OperationWait(environment, method, std::move(caller), record),
        answer_type_(*method.descriptor->output_type()),
        input_(std::move(input)),
        responder_(std::move(responder)) {}

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    return ParseMessage(input_.codec, input_.bytes, request);
  }

  void Send(absl::StatusOr<service::Answer> answer) override {
    const auto body = answer.ok() ? RenderAnswer(input_.codec, answer_type_, *std::move(answer))
                                  : absl::StatusOr<std::string>(answer.status());
    http::Response response =
        body.ok() ? http::TextResponse(*body, TypeOf(input_.codec)) : ErrorAnswer(body.status());
    const http::Responder responder = responder_;
    Over();
    responder.Answer(std::move(response));
  }

  const google::protobuf::Descriptor& answer_type_;
  const ConnectCall::Input input_;
  const http::Responder responder_;
};

}  // namespace

void BeginConnectWait(calls::Environment& environment, const service::Method& method,
                      service::Caller caller, calls::CallRecord record, ConnectCall::Input input,
                      std::optional<std::chrono::steady_clock::time_point> deadline,
                      http::Responder responder) {
  const auto longest = std::chrono::steady_clock::now() + kLongestConnectWait;
  const auto wait = std::make_shared<ConnectWait>(environment, method, std::move(caller), record,
                                                  std::move(input), std::move(responder));
  wait->Serve(std::min(deadline.value_or(longest), longest));
}

}  // namespace cairn::gateway
