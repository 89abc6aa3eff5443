// Streams of metrics that wait for folding room which never comes, over real calls.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "cairn/v1/tracking.grpc.pb.h"
#include "server/metrics/metric_compactor.h"
#include "server/rpc/table_service.h"
#include "tests/testing/eventually.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using std::chrono::seconds;
using testing::Eventually;

// A tracking service whose compactor folds nothing and is full from the start.
class WaitingStreamTest : public RpcTest {
 protected:
  WaitingStreamTest() : RpcTest(Full()) {
    compactor_->Logged("other", "loss", 1);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::TrackingService::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                                                             grpc::InsecureChannelCredentials()));
  }
  ~WaitingStreamTest() override { StopEnds(); }

  // Begins a stream that reads one batch, stores it and waits for room then.
  void BeginToWait() {
    stream_ = stub_->LogMetrics(&context_);
    v1::LogMetricsRequest request;
    request.set_run(run_.name());
    auto* metric = request.add_metrics();
    metric->set_key("loss");
    metric->add_steps(1);
    metric->add_values(1);
    request.set_batch_number(1);
    EXPECT_TRUE(stream_->Write(request));
    v1::LogMetricsResponse stored;
    EXPECT_TRUE(stream_->Read(&stored));
    EXPECT_EQ(stored.acknowledged_batch_number(), 1);
    EXPECT_TRUE(Eventually([this] { return compactor_->waiting_for_room() == 1; }));
  }

  // The stop of a server, which cancels what is under way; false if it hangs.
  bool StopEnds() {
    auto ended = std::async(std::launch::async, [this] { Stop(); });
    if (ended.wait_for(seconds(10)) == std::future_status::ready) return true;
    compactor_ = nullptr;  // gives room to all, so that the test ends
    return false;
  }

  void Stop() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  static metrics::CompactorOptions Full() {
    metrics::CompactorOptions options;
    options.max_waiting_bytes = 0;
    return options;
  }

  const v1::Run run_ = CreateRun();
  const std::unique_ptr<const service::MethodTable> table_ = PartialTable(
      *store_, ServiceNamed("cairn.v1.TrackingService"), {"LogMetrics"},
      [this](service::MethodTableBuilder& table) {
        table.Serves("LogMetrics",
                     service::PointStream{store_.get(), &SystemIds(), compactor_.get(), &leases_});
      });
  rpc::TableService service_{environment_, *table_, "cairn.v1.TrackingService"};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TrackingService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::LogMetricsRequest, v1::LogMetricsResponse>> stream_;
};

TEST_F(WaitingStreamTest, AClientThatGoesAwayWhileItsStreamWaitsDoesNotHangAStop) {
  BeginToWait();
  context_.TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([this] { return metrics_.in_flight() == 0; }));
  EXPECT_EQ(compactor_->waiting_for_room(), 0u) << "leaves something with the compactor";
  EXPECT_TRUE(StopEnds());
}

TEST_F(WaitingStreamTest, AStopEndsAStreamThatWaits) {
  BeginToWait();
  EXPECT_TRUE(StopEnds());
}

TEST_F(WaitingStreamTest, ADeadlineEndsAStreamThatWaits) {
  context_.set_deadline(std::chrono::system_clock::now() + seconds(2));
  BeginToWait();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Eventually([this] { return metrics_.in_flight() == 0; }));
}

TEST_F(WaitingStreamTest, RoomThatComesAfterTheEndOfTheStreamTouchesNothing) {
  BeginToWait();
  EXPECT_TRUE(StopEnds());
  compactor_ = nullptr;  // calls all that waited
}

}  // namespace
}  // namespace cairn
