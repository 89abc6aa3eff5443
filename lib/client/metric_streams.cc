#include <utility>

#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/client/services.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {
namespace {

// Reads to the end, or until `on_message` returns false, which is no error.
template <typename Response, typename OnMessage>
absl::Status ReadWhile(const Transport::Impl& transport, ScopedContext& context,
                       grpc::ClientReader<Response>& reader, const OnMessage& on_message) {
  bool stopped = false;
  for (Response message; !stopped && reader.Read(&message);) stopped = !on_message(message);
  if (stopped) context.get()->TryCancel();
  const grpc::Status status = reader.Finish();
  return stopped ? absl::OkStatus() : transport.Convert(status);
}

}  // namespace

absl::StatusOr<v1::LogMetricsResponse> TrackingClient::LogMetrics(
    std::vector<v1::LogMetricsRequest> batches) {
  const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  const auto stream = stub->LogMetrics(context.get());
  if (!batches.empty() && batches[0].writer_id().empty()) {
    batches[0].set_writer_id(transport_.options().ids->NewUuid4());
  }
  // The server reads on whether or not its answers are read, so all can be sent first.
  int64_t number = 0;
  for (v1::LogMetricsRequest& batch : batches) {
    if (batch.batch_number() == 0) batch.set_batch_number(number + 1);
    number = batch.batch_number();
    if (!stream->Write(batch)) break;
  }
  stream->WritesDone();
  v1::LogMetricsResponse last;
  for (v1::LogMetricsResponse answer; stream->Read(&answer);) last = answer;
  absl::Status status = transport_.impl().Convert(stream->Finish());
  if (!status.ok()) return status;
  return last;
}

absl::Status TrackingClient::ReadMetrics(
    const v1::ReadMetricsRequest& request,
    const std::function<bool(const v1::MetricColumns&)>& on_part) {
  const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  const auto reader = stub->ReadMetrics(context.get(), request);
  return ReadWhile(transport_.impl(), context, *reader,
                   [&](const v1::ReadMetricsResponse& part) { return on_part(part.columns()); });
}

absl::StatusOr<std::vector<v1::MetricBucket>> TrackingClient::ReadMetricBuckets(
    const v1::ReadMetricsRequest& request) {
  const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  const auto reader = stub->ReadMetrics(context.get(), request);
  std::vector<v1::MetricBucket> buckets;
  for (v1::ReadMetricsResponse part; reader->Read(&part);) {
    for (v1::MetricBucket& bucket : *part.mutable_buckets()) buckets.push_back(std::move(bucket));
  }
  absl::Status status = transport_.impl().Convert(reader->Finish());
  if (!status.ok()) return status;
  return buckets;
}

absl::Status TrackingClient::ReadCurves(
    const v1::ReadCurvesRequest& request,
    const std::function<bool(v1::ReadCurvesResponse)>& on_curve) {
  const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
  ScopedContext context(transport_.impl());
  const auto reader = stub->ReadCurves(context.get(), request);
  return ReadWhile(transport_.impl(), context, *reader,
                   [&](v1::ReadCurvesResponse& curve) { return on_curve(std::move(curve)); });
}

}  // namespace cairn::client
