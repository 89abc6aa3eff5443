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

  // Stores a blob of `bytes` noise and answers with the request that reads it.
  std::string ReadRequestOfBlob(size_t bytes) {
    std::string noise(bytes, '\0');
    uint64_t state = 1;
    for (char& byte : noise) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<char>(state >> 56);
    }
    const Digest digest = DigestOf(noise);
    const auto channel =
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials());
    const auto stub = v1::ArtifactService::NewStub(channel);
    grpc::ClientContext context;
    v1::WriteResponse response;
    const auto writer = stub->Write(&context, &response);
    for (size_t at = 0; at < noise.size(); at += kMebi) {
      v1::WriteRequest part;
      if (at == 0) {
        part.set_resource_name(
            fmt::format("uploads/0b5d2f6a-6f0c-4a58-9d0e-0123456789ab/blobs/{}/{}", digest.Hex(),
                        digest.size_bytes));
      }
      part.set_write_offset(static_cast<int64_t>(at));
      part.set_data(noise.substr(at, kMebi));
      part.set_finish_write(at + kMebi >= noise.size());
      writer->Write(part);
    }
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
    v1::ReadRequest request;
    request.mutable_digest()->set_sha256(digest.Hex());
    request.mutable_digest()->set_size_bytes(digest.size_bytes);
    return request.SerializeAsString();
  }

  // Makes `runs` runs with parameters of 6,000 bytes each, so that a page of them is large.
  void MakeLargeRuns(int runs) {
    for (int i = 0; i < runs; ++i) {
      v1::CreateRunRequest create;
      create.set_parent("experiments/0");
      const auto run = client_->tracking().CreateRun(create);
      ASSERT_TRUE(run.ok()) << run.status();
      v1::LogBatchRequest batch;
      batch.set_run(run->name());
      for (int k = 0; k < 60; ++k) {
        (*batch.mutable_params())[fmt::format("p{}", k)] = std::string(6000, 'x');
      }
      ASSERT_TRUE(client_->tracking().LogBatch(batch).ok());
    }
  }

  // A curve of `points` points; answers with the request that reads it.
  std::string ReadRequestOfCurve(int points) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    const auto run = client_->tracking().CreateRun(create);
    EXPECT_TRUE(run.ok()) << run.status();
    v1::LogBatchRequest batch;
    batch.set_run(run->name());
    auto* columns = batch.add_metrics();
    columns->set_key("loss");
    for (int i = 0; i < points; ++i) {
      columns->add_steps(i);
      columns->add_times_unix_millis(1'700'000'000'000 + i);
      columns->add_values(1.0 / (1 + i));
    }
    EXPECT_TRUE(client_->tracking().LogBatch(batch).ok());
    v1::ReadMetricsRequest request;
    request.set_run(run->name());
    request.set_key("loss");
    return request.SerializeAsString();
  }

  // Opens `count` connections that ask for `path` and never read, and waits until the server
  // has sent them what it can.
  void Stall(int count, const char* path, const std::string& request,
             const RawCallOptions& options) {
    for (int i = 0; i < count; ++i) {
      auto& connection =
          stalled_.emplace_back(std::make_unique<RawConnection>(server_.grpc_address(), options));
      ASSERT_TRUE(connection->ok());
      ASSERT_TRUE(connection->Begin(path, request));
    }
    int64_t last = -1;
    for (int quiet = 0; quiet < 5; std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
      const int64_t now = testing::ResidentBytes(server_.pid());
      quiet = now - last < kMebi ? quiet + 1 : 0;
      last = now;
    }
  }

  int64_t Peak() const { return PeakResidentBytes(server_.pid()); }
  // What a client that reads sees of the server meanwhile.
  void ExpectServing() { EXPECT_TRUE(client_->Ping().ok()); }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<client::Client> client_;
  std::vector<std::unique_ptr<RawConnection>> stalled_;
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

// Clients that are told how much they may be sent, and those that take all and do not read.
constexpr uint32_t kWindows[] = {65'535, 1 << 30};
constexpr int kStalled = 300;  // of each kind

TEST_F(BoundedMemoryTest, ReadersOfBlobsThatStallHoldOnePartEach) {
  const std::string request = ReadRequestOfBlob(8 * kMebi);
  const int64_t before = testing::ResidentBytes(server_.pid());
  for (const uint32_t window : kWindows) {
    Stall(kStalled, "/cairn.v1.ArtifactService/Read", request, {.window_bytes = window});
  }
  // The pieces of the first 64, and for each a part and what a call and a connection take.
  EXPECT_LT(Peak() - before, 16 * kMebi + 2 * kStalled * (int64_t{192} << 10));
  ExpectServing();
}

TEST_F(BoundedMemoryTest, ReadersOfCurvesThatStallHoldOnePartEach) {
  const std::string request = ReadRequestOfCurve(100'000);
  const int64_t before = testing::ResidentBytes(server_.pid());
  for (const uint32_t window : kWindows) {
    Stall(kStalled, "/cairn.v1.TrackingService/ReadMetrics", request, {.window_bytes = window});
  }
  EXPECT_LT(Peak() - before, 160 * kMebi);
  ExpectServing();
}

TEST_F(BoundedMemoryTest, LargePagesThatNobodyTakesAreRefusedAboveTheBudget) {
  MakeLargeRuns(10);
  v1::SearchRunsRequest request;
  const int64_t before = testing::ResidentBytes(server_.pid());
  for (const uint32_t window : kWindows) {
    Stall(kStalled, "/cairn.v1.TrackingService/SearchRuns", request.SerializeAsString(),
          {.window_bytes = window});
  }
  EXPECT_LT(Peak() - before, 200 * kMebi);
  // Others get small answers, and a large one as soon as the stalled clients have gone.
  v1::SearchRunsRequest small;
  small.set_page_size(1);
  small.mutable_read_mask()->add_paths("name");
  EXPECT_TRUE(client_->tracking().SearchRuns(small).ok());
  stalled_.clear();
  absl::Status large = absl::UnknownError("not tried");
  for (int i = 0; i < 100 && !large.ok(); ++i) {
    large = client_->tracking().SearchRuns(request).status();
    if (!large.ok()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(large.ok()) << large;
}

}  // namespace
}  // namespace cairn
