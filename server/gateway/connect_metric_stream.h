#ifndef CAIRN_SERVER_GATEWAY_CONNECT_METRIC_STREAM_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_METRIC_STREAM_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/message.h"
#include "server/calls/metric_stream.h"
#include "server/gateway/connect_stream.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::gateway {

// A call of LogMetrics over HTTP, served as calls::MetricStream says, half duplex: HTTP/1.1 gives
// most clients no answer before they have sent all. So of the acknowledgements the newest is kept,
// which says all that the others did, and sent at the end, also before an error.
//
// Messages are parsed and planned on the pool of computations, because the HTTP server has few
// threads.
class ConnectMetricStream final : public ConnectStream, private calls::MetricStream {
 public:
  // Begins to read. All of them outlive the call; the record has begun.
  static void Begin(calls::Environment& environment, const service::Method& method,
                    service::Caller caller, calls::CallRecord record, Arrival arrival,
                    StreamHead head, std::shared_ptr<http::Exchange> exchange);

  // Use Begin.
  ConnectMetricStream(calls::Environment& environment, const service::Method& method,
                      service::Caller caller, calls::CallRecord record, Arrival arrival,
                      StreamHead head, std::shared_ptr<http::Exchange> exchange);
  ~ConnectMetricStream() override { Over(); }

 private:
  // What the flow asks for, some of it with its lock held.
  void Read() override;
  absl::Status Parse(google::protobuf::Message& request) override {
    return ConnectStream::Parse(TakeReceived(), request);
  }
  void Write(const v1::LogMetricsResponse& acknowledged) override;
  // The call may be deleted within.
  void End(const absl::Status& status) override;

  // The client left or its deadline is over. What was handed to the committer is stored all the
  // same.
  void Ended() override { Cancelled(); }

  ThreadPool& pool_;
  const google::protobuf::Descriptor& answer_type_;
  std::optional<v1::LogMetricsResponse> acknowledged_;  // the newest
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_METRIC_STREAM_H_
