#include "server/gateway/connect_metric_stream.h"

#include <string>
#include <utility>

namespace cairn::gateway {

void ConnectMetricStream::Begin(calls::Environment& environment, const service::Method& method,
                                service::Caller caller, calls::CallRecord record, Arrival arrival,
                                StreamHead head, std::shared_ptr<http::Exchange> exchange) {
  const auto call =
      std::make_shared<ConnectMetricStream>(environment, method, std::move(caller), record,
                                            std::move(arrival), head, std::move(exchange));
  call->Keep();
  call->Serve();
  call->Watch();
}

ConnectMetricStream::ConnectMetricStream(calls::Environment& environment,
                                         const service::Method& method, service::Caller caller,
                                         calls::CallRecord record, Arrival arrival, StreamHead head,
                                         std::shared_ptr<http::Exchange> exchange)
    : ConnectStream(environment, std::move(arrival), head, Requests::kInTurn, std::move(exchange)),
      MetricStream(environment, method, std::move(caller), record),
      pool_(environment.pools.compute),
      answer_type_(*method.descriptor->output_type()) {}

void ConnectMetricStream::Read() {
  LetGo();
  Receive([this](bool message) {
    // One at a time, so the order stays.
    const auto handle = [this, self = shared_from_this(), message] { Received(message); };
    if (!pool_.Resubmit(handle)) handle();
  });
}

void ConnectMetricStream::Write(const v1::LogMetricsResponse& acknowledged) {
  acknowledged_ = acknowledged;
  exchange_->Later([this, self = shared_from_this()] { Written(true); });
}

void ConnectMetricStream::End(const absl::Status& status) {
  if (!acknowledged_.has_value()) return Finish(status);
  absl::StatusOr<std::string> rendered = Render(
      answer_type_, service::Answer(std::make_unique<v1::LogMetricsResponse>(*acknowledged_)));
  if (!rendered.ok()) return Finish(rendered.status());
  Finish(status, *std::move(rendered));
}

}  // namespace cairn::gateway
