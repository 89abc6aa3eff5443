#include "server/gateway/connect_client_stream.h"

#include <string>
#include <utility>

namespace cairn::gateway {

void ConnectClientStream::Begin(calls::Environment& environment, const service::Method& method,
                                service::Caller caller, calls::CallRecord record, Arrival arrival,
                                StreamHead head, std::shared_ptr<http::Exchange> exchange) {
  const auto call =
      std::make_shared<ConnectClientStream>(environment, method, std::move(caller), record,
                                            std::move(arrival), head, std::move(exchange));
  call->Keep();
  call->Serve();
  call->Watch();
}

ConnectClientStream::ConnectClientStream(calls::Environment& environment,
                                         const service::Method& method, service::Caller caller,
                                         calls::CallRecord record, Arrival arrival, StreamHead head,
                                         std::shared_ptr<http::Exchange> exchange)
    : ConnectStream(environment, std::move(arrival), head, Requests::kInTurn, std::move(exchange)),
      RequestStream(environment, method, std::move(caller), record) {}

void ConnectClientStream::Read() {
  LetGo();
  Receive([this](bool message) { Received(message); });
}

void ConnectClientStream::Answer(
    absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer) {
  if (!answer.ok()) return Finish(answer.status());
  absl::StatusOr<std::string> rendered =
      Render(*method_.descriptor->output_type(), service::Answer(*std::move(answer)));
  if (!rendered.ok()) return Finish(rendered.status());
  Finish(absl::OkStatus(), *std::move(rendered));
}

}  // namespace cairn::gateway
