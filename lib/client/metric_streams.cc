#include <utility>

#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/client/services.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {

absl::StatusOr<v1::LogMetricsResponse> TrackingClient::LogMetrics(
    std::vector<v1::LogMetricsRequest> batches) {
  const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  v1::LogMetricsResponse response;
  const auto writer = stub->LogMetrics(context.get(), &response);
  for (v1::LogMetricsRequest& batch : batches) {
    if (batch.batch_id().empty()) batch.set_batch_id(transport_.options().ids->NewUuid4());
    if (!writer->Write(batch)) break;
  }
  writer->WritesDone();
  absl::Status status = transport_.impl().Convert(writer->Finish());
  if (!status.ok()) return status;
  return response;
}

absl::Status TrackingClient::ReadMetrics(
    const v1::ReadMetricsRequest& request,
    const std::function<bool(const v1::MetricColumns&)>& on_part) {
  const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  const auto reader = stub->ReadMetrics(context.get(), request);
  v1::ReadMetricsResponse part;
  bool stopped = false;
  while (!stopped && reader->Read(&part)) stopped = !on_part(part.columns());
  if (stopped) context.get()->TryCancel();
  const grpc::Status status = reader->Finish();
  return stopped ? absl::OkStatus() : transport_.impl().Convert(status);
}

}  // namespace cairn::client
