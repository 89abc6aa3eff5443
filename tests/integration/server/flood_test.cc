// Floods of frames, and clients that send one byte at a time: what they cost the server and the
// others. HTTP/2 is written by hand.
//
// CAIRN_FLOOD_SECONDS=10 CAIRN_FLOOD_CONNECTIONS=200 CAIRN_SLOW_CONNECTIONS=1500 are the long
// forms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "lib/base/digest.h"
#include "tests/integration/server/connections.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using namespace cairn::testing;  // NOLINT(google-build-using-namespace): frames by hand
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr const char* kPath = "/cairn.v1.AdminService/GetServerInfo";

int NumberOf(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

// What one connection sends first, and then again and again.
struct FloodKind {
  std::string first;
  std::function<std::string(uint32_t& stream)> next;
};

FloodKind RapidResets() {
  return {"", [](uint32_t& stream) {
            std::string frames;
            for (int i = 0; i < 500; ++i, stream += 2) {
              frames += Frame(kHeadersFrame, kEndHeadersFlag, stream, CallHeaders(kPath)) +
                        ResetOf(stream);
            }
            return frames;
          }};
}

FloodKind Continuations() {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += HeaderField("x-flood", std::string(100, 'v'));
  return {Frame(kHeadersFrame, kNoFlags, 1, CallHeaders(kPath)),
          [fields](uint32_t&) { return Frame(kContinuationFrame, kNoFlags, 1, fields); }};
}

FloodKind ManyOf(const std::string& frame) {
  std::string frames;
  for (int i = 0; i < 1000; ++i) frames += frame;
  return {"", [frames](uint32_t&) { return frames; }};
}
FloodKind Settings() { return ManyOf(Frame(kSettingsFrame, kNoFlags, 0)); }
FloodKind Pings() { return ManyOf(Frame(kPingFrame, kNoFlags, 0, "12345678")); }

FloodKind LargeHeaders() {
  std::string headers = CallHeaders(kPath);
  for (int i = 0; i < 100; ++i) headers += HeaderField("x-large", std::string(120, 'v'));
  return {"", [headers](uint32_t& stream) {
            std::string frames;
            for (int i = 0; i < 20; ++i, stream += 2) {
              frames += Frame(kHeadersFrame, kEndHeadersFlag, stream, headers);
            }
            return frames;
          }};
}

class FloodTest : public ::testing::Test {
 protected:
  explicit FloodTest(std::vector<std::string> flags = {})
      : server_(folder_ / "store", std::move(flags)) {}
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    busy_.emplace(server_.grpc_address());
  }
  void TearDown() override {
    for (std::thread& thread : threads_) thread.join();
  }

  // Connections that flood until the end, and come again when they are cut; a thread has
  // several, which take turns.
  void Flood(const FloodKind& kind, int connections) {
    const int threads = std::min(connections, 8);
    for (int i = 0; i < threads; ++i) {
      const int own = connections / threads + (i < connections % threads ? 1 : 0);
      threads_.emplace_back([this, kind, own] { FloodFrom(kind, own); });
    }
  }

  void FloodFrom(const FloodKind& kind, int connections) {
    struct One {
      explicit One(const std::string& address) : connection(address) {}
      FloodConnection connection;
      uint32_t stream = 1;
    };
    std::vector<std::unique_ptr<One>> all(static_cast<size_t>(connections));
    while (steady_clock::now() < end_) {
      for (auto& one : all) {
        if (one == nullptr) {
          one = std::make_unique<One>(server_.grpc_address());
          if (!one->connection.Send(Http2Hello() + kind.first)) one.reset();
        } else if (!one->connection.Send(kind.next(one->stream))) {
          one.reset();
          ++cut_;
        }
      }
    }
  }

  // Calls one by one until the end; all of them succeed. The p99 in milliseconds.
  double CallCalmly() {
    Caller calm(server_.grpc_address());
    std::vector<double> millis;
    while (steady_clock::now() < end_) {
      const auto begin = steady_clock::now();
      const grpc::Status status = calm.Call(seconds(10));
      EXPECT_THAT(status, IsOk());
      millis.push_back(
          std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
      std::this_thread::sleep_for(milliseconds(2));
    }
    std::sort(millis.begin(), millis.end());
    return millis[millis.size() * 99 / 100];
  }

  // A client that calls one by one and one with 256 calls under way, beside the flood.
  void ExpectLittleCost(const FloodKind& kind) {
    Flood(kind, NumberOf("CAIRN_FLOOD_CONNECTIONS", 2));
    int64_t failed = -1;
    threads_.emplace_back([this, &failed] { failed = busy_->KeepCalling(256, end_); });
    const double p99 = CallCalmly();
    TearDown();
    threads_.clear();
    Report(p99);
    EXPECT_EQ(failed, 0) << "an honest client was cut";
    EXPECT_GT(cut_, 0);
    EXPECT_LE((PeakResidentBytes(server_.pid()) >> 20), 400);
    EXPECT_NE(HttpGet(server_.http_address(), "/health").find(" 200 "), std::string::npos);
  }

  void Report(double p99) const {
    std::printf("peak %ld MiB, now %ld MiB, p99 of others %.1f ms, %d cut\n",
                static_cast<long>((PeakResidentBytes(server_.pid()) >> 20)),
                static_cast<long>(ResidentBytes(server_.pid()) >> 20), p99, cut_.load());
  }

  TempFolder folder_;
  ServerProcess server_;
  const steady_clock::time_point end_ =
      steady_clock::now() + seconds(NumberOf("CAIRN_FLOOD_SECONDS", 3));
  std::optional<Caller> busy_;
  std::atomic<int> cut_{0};
  std::vector<std::thread> threads_;
};

TEST_F(FloodTest, RapidResetsCostLittle) { ExpectLittleCost(RapidResets()); }
TEST_F(FloodTest, ContinuationsWithoutEndCostLittle) { ExpectLittleCost(Continuations()); }
TEST_F(FloodTest, SettingsCostLittle) { ExpectLittleCost(Settings()); }
TEST_F(FloodTest, PingsCostLittle) { ExpectLittleCost(Pings()); }
TEST_F(FloodTest, LargeHeadersCostLittle) { ExpectLittleCost(LargeHeaders()); }

// Half of them in the middle of the headers of a call, half in the middle of its message.
class SlowClientTest : public FloodTest {
 protected:
  explicit SlowClientTest(std::vector<std::string> flags = {}) : FloodTest(std::move(flags)) {}

  // Opens them; then each sends one byte after the other until the end.
  void Drip(int count) {
    threads_.emplace_back([this, count] {
      const std::string headers = Frame(kHeadersFrame, kEndHeadersFlag, 1,
                                        CallHeaders("/cairn.v1.TrackingService/LogBatch"));
      const std::string message = std::string("\0\0\x0f\x42\x40", 5) + std::string(10'000, 'x');
      const std::string call = headers + Frame(kDataFrame, kNoFlags, 1, message);
      const std::string parts[] = {call.substr(headers.size() + 14), headers};
      std::vector<FloodConnection> connections;
      for (int i = 0; i < count; ++i) {
        connections.emplace_back(server_.grpc_address());
        const std::string begun = i % 2 == 0 ? call.substr(0, headers.size() + 14) : "";
        if (connections.back().Send(Http2Hello() + begun)) ++opened_;
      }
      for (size_t at = 0; steady_clock::now() < end_; ++at) {
        for (size_t i = 0; i < connections.size(); ++i) {
          const std::string& part = parts[i % 2];
          if (at < part.size()) connections[i].Send(part.substr(at, 1));
        }
      }
    });
  }

  std::atomic<int> opened_{0};
};

TEST_F(SlowClientTest, ManyThatSendByteByByteCostLittle) {
  const int count = NumberOf("CAIRN_SLOW_CONNECTIONS", 300);
  Drip(count);
  const double p99 = CallCalmly();
  TearDown();
  threads_.clear();
  Report(p99);
  EXPECT_EQ(opened_, count);
  EXPECT_LE((PeakResidentBytes(server_.pid()) >> 20), 400);
}

class EverythingAtOnceTest : public SlowClientTest {
 protected:
  EverythingAtOnceTest() : SlowClientTest({"--memory-limit", "512MiB"}) {}

  // Uploads one blob after the other until the end.
  void Upload(int64_t number) {
    const auto channel =
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials());
    const auto stub = v1::ArtifactService::NewStub(channel);
    for (int64_t i = 0; steady_clock::now() < end_; ++i) {
      v1::BatchUpdateBlobsRequest request;
      auto& entry = *request.add_entries();
      entry.set_data(std::string(256 << 10, 'u') + std::to_string(number) + "/" +
                     std::to_string(i));
      const Digest digest = DigestOf(entry.data());
      entry.mutable_digest()->set_sha256(digest.Hex());
      entry.mutable_digest()->set_size_bytes(digest.size_bytes);
      grpc::ClientContext context;
      v1::BatchUpdateBlobsResponse response;
      const grpc::Status status = stub->BatchUpdateBlobs(&context, request, &response);
      ++(status.ok() && response.results(0).status().code() == 0 ? uploaded_ : refused_);
    }
  }

  std::atomic<int> uploaded_{0};
  std::atomic<int> refused_{0};
};

TEST_F(EverythingAtOnceTest, StaysBelowTheMemoryLimitAndAnswersTheOthers) {
  const int connections = NumberOf("CAIRN_FLOOD_CONNECTIONS", 10) / 5;
  for (const FloodKind& kind :
       {RapidResets(), Continuations(), Settings(), Pings(), LargeHeaders()}) {
    Flood(kind, std::max(connections, 1));
  }
  Drip(NumberOf("CAIRN_SLOW_CONNECTIONS", 300));
  for (int i = 0; i < 64; ++i) threads_.emplace_back([this, i] { Upload(i); });
  const double p99 = CallCalmly();
  TearDown();
  threads_.clear();
  Report(p99);
  std::printf("%d uploads, %d refused\n", uploaded_.load(), refused_.load());
  EXPECT_GT(uploaded_, 0);
  EXPECT_LT((PeakResidentBytes(server_.pid()) >> 20), 512);
}

}  // namespace
}  // namespace cairn
