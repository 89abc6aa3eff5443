#include "server/gateway/connect_server_stream.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"

namespace cairn::gateway {

void ConnectServerStream::Begin(calls::Environment& environment, const service::Method& method,
                                service::Caller caller, calls::CallRecord record, Arrival arrival,
                                StreamHead head, std::shared_ptr<http::Exchange> exchange) {
  const auto call =
      std::make_shared<ConnectServerStream>(environment, method, std::move(caller), record,
                                            std::move(arrival), head, std::move(exchange));
  call->Keep();
  call->Receive([call = call.get()](bool /*always*/) { call->TakeRequest(); });
  call->Watch();
}

ConnectServerStream::ConnectServerStream(calls::Environment& environment,
                                         const service::Method& method, service::Caller caller,
                                         calls::CallRecord record, Arrival arrival, StreamHead head,
                                         std::shared_ptr<http::Exchange> exchange)
    : ConnectStream(environment, std::move(arrival), head, Requests::kOne, std::move(exchange)),
      AnswerStream(environment, method, std::move(caller), record),
      request_(Envelope()) {}

void ConnectServerStream::TakeRequest() {
  request_ = TakeReceived();
  if (!request_.ok()) return Serve();
  Receive([this](bool more) {
    if (more) request_ = TakeReceived();  // why the body does not end here
    Serve();
  });
}

absl::Status ConnectServerStream::Parse(google::protobuf::Message& request) {
  const bool came = request_.ok();
  absl::Status parsed = ConnectStream::Parse(std::move(request_), request);
  // After an error the connection may still be reading what nobody hears.
  if (came) LetGo();
  return parsed;
}

absl::Status ConnectServerStream::Write(std::string part) {
  const auto bytes = static_cast<int64_t>(part.size());
  CAIRN_ASSIGN_OR_RETURN(std::string rendered,
                         Render(*method_.descriptor->output_type(), std::move(part)));
  ChargeMoreForPart(std::max<int64_t>(0, static_cast<int64_t>(rendered.size()) - bytes));
  Send(std::move(rendered),
       [this, self = shared_from_this()](const absl::Status& taken) { Written(taken.ok()); });
  return absl::OkStatus();
}

}  // namespace cairn::gateway
