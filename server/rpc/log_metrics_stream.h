#ifndef CAIRN_SERVER_RPC_LOG_METRICS_STREAM_H_
#define CAIRN_SERVER_RPC_LOG_METRICS_STREAM_H_

#include "absl/status/status.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/message.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/metric_stream.h"
#include "server/rpc/call.h"
#include "server/rpc/handover.h"
#include "server/service/method.h"

namespace cairn::rpc {

// A call of LogMetrics, served as calls::MetricStream says: both directions go at once here, so a
// client hears what is durable while it sends on.
//
// Messages arrive as bytes and are parsed there, on gRPC's thread: gRPC tells of one that does not
// parse as if the stream had ended. gRPC ends a read that is under way when the call is finished,
// and cancels a call whose deadline is over. Deletes itself in OnDone, which gRPC calls after every
// other callback.
class LogMetricsStream final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, cairn::v1::LogMetricsResponse>,
      private calls::MetricStream {
 public:
  // What gRPC makes the calls with: bytes come in, messages go out.
  using Handler =
      grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, cairn::v1::LogMetricsResponse>;

  // Begins to read. All of them outlive the call. The method's row is a service::PointStream.
  static LogMetricsStream* Begin(Environment& environment, const service::Method& method,
                                 grpc::CallbackServerContext* context);

  // Use Begin. Public for make_unique only.
  LogMetricsStream(Environment& environment, const service::Method& method,
                   grpc::CallbackServerContext* context);

  // gRPC's callbacks, from any of its threads: OnCancel beside the others, also at a deadline or a
  // stop of the server, and OnDone last of all.
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What the flow asks for, some of it with its lock held; gRPC calls back on other threads.
  void Read() override;
  absl::Status Parse(google::protobuf::Message& request) override;
  // Keeps a copy until OnWriteDone. Small and of one type, so gRPC itself writes the message.
  void Write(const v1::LogMetricsResponse& acknowledged) override;
  // Acknowledgements that were written before come first. The call may be over within.
  void End(const absl::Status& status) override;

  grpc::ByteBuffer bytes_;                      // of the message that was read last
  cairn::v1::LogMetricsResponse acknowledged_;  // being written
  Handover handover_;  // between the threads of reads, of writes and of commits
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_LOG_METRICS_STREAM_H_
