// What clients can make the server hold: messages that unpack to much more, answers that
// nobody takes. Raw sockets send and then do nothing.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/client/client.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using testing::PeakResidentBytes;
using testing::RawCallOptions;
using testing::RawConnection;
using testing::ServerProcess;
using testing::TempFolder;

constexpr int64_t kMebi = int64_t{1} << 20;
constexpr int kBombMegabytes = 1024;

class BoundedMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_TRUE(connected.ok()) << connected.status();
    client_ = *std::move(connected);
  }

  int64_t Peak() const { return PeakResidentBytes(server_.pid()); }
  // What a client that reads sees of the server meanwhile.
  void ExpectServing() { EXPECT_TRUE(client_->Ping().ok()); }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<client::Client> client_;
};

TEST_F(BoundedMemoryTest, MessagesThatUnpackToAGigabyteAreRefusedPacked) {
  const std::string bomb = testing::ZipOfZeros(kBombMegabytes);
  ASSERT_LT(bomb.size(), size_t{2} << 20);
  const int64_t before = Peak();
  for (const char* path :
       {"/cairn.v1.TrackingService/LogBatch", "/cairn.v1.TrackingService/GetRun",
        "/cairn.v1.TrackingService/LogMetrics", "/cairn.v1.ArtifactService/Write",
        "/cairn.v1.ArtifactService/Read", "/grpc.health.v1.Health/Check"}) {
    RawConnection connection(server_.grpc_address());
    ASSERT_TRUE(connection.ok());
    // The server may end the call before it has everything.
    connection.Begin(path, bomb, "gzip");
    const std::string answer = connection.ReadUntilEnd(10);
    EXPECT_NE(answer.find("grpc-status"), std::string::npos) << path;
    EXPECT_NE(answer.find("Compression algorithm 'gzip' is disabled"), std::string::npos) << path;
  }
  EXPECT_LT(Peak() - before, 32 * kMebi);
  ExpectServing();
}

TEST_F(BoundedMemoryTest, ACompressedMessageIsUnimplemented) {
  const auto channel =
      grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials());
  const auto stub = v1::TrackingService::NewStub(channel);
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    v1::LogBatchRequest request;
    (*request.mutable_tags())["long"] = std::string(5000, 'x');
    v1::LogBatchResponse response;
    const grpc::Status status = stub->LogBatch(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
    EXPECT_NE(status.error_message().find("is disabled"), std::string::npos);
  }
}

}  // namespace
}  // namespace cairn
