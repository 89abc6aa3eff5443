// A search that nobody waits for any more ends on the server too.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;

constexpr int kRunsToSearch = 400;
// Each text begins nearly everywhere like the values it is compared with, so that one
// comparison takes as long as it can: all of them take many seconds.
constexpr size_t kTextBytes = 5'900;
constexpr size_t kValueBytes = 2'500;
constexpr int kValues = 60;

class EndedSearchTest : public ::testing::Test {
 protected:
  EndedSearchTest() : server_(folder_ / "store") {
    EXPECT_TRUE(server_.Start());
    stub_ = v1::TrackingService::NewStub(
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials()));
    for (int i = 0; i < kRunsToSearch; ++i) {
      v1::CreateRunRequest request;
      request.set_parent("experiments/0");
      (*request.mutable_run()->mutable_params())["text"] =
          std::string(kTextBytes, 'a') + std::to_string(i);
      grpc::ClientContext context;
      v1::Run run;
      EXPECT_THAT(stub_->CreateRun(&context, request, &run), IsOk());
    }
    filter_ = "params.text IN (x";
    for (int i = 0; i < kValues; ++i) {
      filter_ += fmt::format(", \"*{}b{}*\"", std::string(kValueBytes, 'a'), i);
    }
    filter_ += ")";
  }

  bool MetricsHave(const std::string& line) {
    return testing::HttpGet(server_.http_address(), "/metrics").find(line) != std::string::npos;
  }

  // Waits until the server has counted the end of a call with this code.
  bool ServerCounts(const std::string& method, const std::string& code) {
    const std::string line = fmt::format(
        "cairn_calls_total{{method=\"cairn.v1.TrackingService/{}\",code=\"{}\"}} 1", method, code);
    return testing::Eventually([&] { return MetricsHave(line); },
                               {.most = std::chrono::seconds(4)});
  }

  testing::TempFolder folder_;
  testing::ServerProcess server_;
  std::unique_ptr<v1::TrackingService::Stub> stub_;
  std::string filter_;
};

TEST_F(EndedSearchTest, AtTheDeadlineOfItsCall) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  v1::SearchRunsRequest request;
  request.set_filter(filter_);
  v1::SearchRunsResponse response;
  EXPECT_EQ(stub_->SearchRuns(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(ServerCounts("SearchRuns", "DEADLINE_EXCEEDED"));
}

TEST_F(EndedSearchTest, WhenTheClientCancels) {
  grpc::ClientContext context;
  v1::CountRunsRequest request;
  request.set_filter(filter_);
  v1::CountRunsResponse response;
  grpc::CompletionQueue done;
  grpc::Status status;
  stub_->AsyncCountRuns(&context, request, &done)->Finish(&response, &status, nullptr);
  // Once the server is at it.
  EXPECT_TRUE(testing::Eventually([this] { return !MetricsHave("\ncairn_calls_in_flight 0\n"); }));
  context.TryCancel();
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(done.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(ServerCounts("CountRuns", "CANCELLED"));
}

}  // namespace
}  // namespace cairn
