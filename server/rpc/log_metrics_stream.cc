#include "server/rpc/log_metrics_stream.h"

#include <memory>

namespace cairn::rpc {

LogMetricsStream* LogMetricsStream::Begin(Environment& environment, const service::Method& method,
                                          grpc::CallbackServerContext* context) {
  auto* stream = std::make_unique<LogMetricsStream>(environment, method, context).release();
  stream->Serve();
  return stream;
}

LogMetricsStream::LogMetricsStream(Environment& environment, const service::Method& method,
                                   grpc::CallbackServerContext* context)
    : MetricStream(environment, method, CallerOf(environment, context),
                   CallRecord(environment, method.path.c_str())) {}

void LogMetricsStream::OnReadDone(bool ok) {
  handover_.Take();
  Received(ok);
}

void LogMetricsStream::OnWriteDone(bool ok) {
  handover_.Take();
  Written(ok);
}

void LogMetricsStream::OnCancel() {
  handover_.Take();
  Cancelled();
}

void LogMetricsStream::OnDone() {
  handover_.Take();
  Over();
  delete this;
}

void LogMetricsStream::Read() {
  handover_.Pass();
  StartRead(&bytes_);
}

absl::Status LogMetricsStream::Parse(google::protobuf::Message& request) {
  absl::Status parsed = ParseRequest(bytes_, request);
  bytes_.Clear();
  return parsed;
}

void LogMetricsStream::Write(const v1::LogMetricsResponse& acknowledged) {
  acknowledged_ = acknowledged;
  handover_.Pass();
  StartWrite(&acknowledged_);
}

void LogMetricsStream::End(const absl::Status& status) {
  const grpc::Status answer = ToGrpcStatus(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc
