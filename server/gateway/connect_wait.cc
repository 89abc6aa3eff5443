#include "server/gateway/connect_wait.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "lib/base/status_macros.h"
#include "server/calls/operation_wait.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/connect_envelope.h"
#include "server/gateway/connect_reply.h"

namespace cairn::gateway {
namespace {

// Unpacked on the connection's thread.
constexpr size_t kRequestBytes = size_t{64} << 10;

// One call, over once it is answered.
class ConnectWait final : public calls::OperationWait {
 public:
  ConnectWait(calls::Environment& environment, const service::Method& method,
              service::Caller caller, calls::CallRecord record, ConnectCall::Input input,
              http::Responder responder)
      : OperationWait(environment, method, std::move(caller), record),
        input_(std::move(input)),
        responder_(std::move(responder)),
        reply_(environment.replies, *method.descriptor->output_type(), input_.codec,
               input_.takes_gzip) {}

  void Left() { Cancelled(); }

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                           Unpack({input_.compressed, std::move(input_.bytes)}, kRequestBytes));
    return ParseMessage(input_.codec, bytes, request);
  }

  void Send(absl::StatusOr<service::Answer> answer) override {
    absl::Status outcome;
    http::Response response = reply_.Make(std::move(answer), outcome);
    const http::Responder responder = responder_;
    Over();
    responder.Answer(std::move(response));
  }

  ConnectCall::Input input_;
  const http::Responder responder_;
  ConnectReply reply_;
};

}  // namespace

void BeginConnectWait(calls::Environment& environment, const service::Method& method,
                      service::Caller caller, calls::CallRecord record, ConnectCall::Input input,
                      std::optional<std::chrono::steady_clock::time_point> deadline,
                      const http::Responder& responder) {
  const auto wait = std::make_shared<ConnectWait>(environment, method, std::move(caller), record,
                                                  std::move(input), responder);
  wait->Serve(deadline);
  responder.OnGone([call = std::weak_ptr<ConnectWait>(wait)] {
    if (const auto left = call.lock()) left->Left();
  });
}

}  // namespace cairn::gateway
