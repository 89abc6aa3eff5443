// Streams that have begun are not refused: not for the budget of replies, not for the queue of
// the pool. Over real calls of services that only count.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "server/rpc/handover.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/streams.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

constexpr int kParts = 100;
constexpr size_t kMaxQueued = 3;
constexpr int64_t kHeldPerPart = int64_t{16} << 10;
constexpr int64_t kBudget = int64_t{256} << 10;

using BeforePart = std::function<void(int part)>;

// Answers with kParts parts and holds more with each.
class CountingReads final : public rpc::ServerStream {
 public:
  CountingReads(rpc::Environment& environment, grpc::CallbackServerContext* context,
                const BeforePart& before, std::vector<int64_t>& limits, rpc::Handover& handover)
      : ServerStream(environment, "Reads", context, rpc::Effort::kDisk),
        before_(before),
        limits_(limits),
        handover_(handover) {}

 private:
  absl::StatusOr<bool> Produce(grpc::ByteBuffer& part) override {
    if (++parts_ > kParts) return false;
    before_(parts_);
    limits_.push_back(PartBytes());
    handover_.Pass();
    v1::ReadResponse response;
    response.set_data("part");
    part = rpc::ToByteBuffer(response.SerializeAsString());
    return true;
  }
  int64_t HeldBytes() const override { return parts_ * kHeldPerPart; }

  const BeforePart& before_;
  std::vector<int64_t>& limits_;  // of the parts
  rpc::Handover& handover_;       // to the test, which reads after the call what parts wrote
  int parts_ = 0;
};

// Counts messages.
class CountingWrites final : public rpc::ClientStream<v1::WriteRequest, v1::WriteResponse> {
 public:
  CountingWrites(rpc::Environment& environment, v1::WriteResponse* response,
                 const BeforePart& before)
      : ClientStream(environment, "Writes", response), before_(before) {}

 private:
  absl::StatusOr<bool> Take(const v1::WriteRequest&) override {
    before_(++messages_);
    return true;
  }
  absl::Status Complete() override {
    response().set_committed_size_bytes(messages_);
    return absl::OkStatus();
  }
  void Release() override {}

  const BeforePart& before_;
  int messages_ = 0;
};

using Base = v1::ArtifactService::WithRawCallbackMethod_Read<v1::ArtifactService::CallbackService>;

class CountingService final : public rpc::ParsedService<v1::ArtifactService, Base> {
 public:
  CountingService(rpc::Environment& environment, const BeforePart& before)
      : environment_(environment), before_(before) {
    ParsedStream<CountingWrites::Handler, v1::WriteRequest>(
        [this](grpc::CallbackServerContext*, v1::WriteResponse* response) {
          auto* call = std::make_unique<CountingWrites>(environment_, response, before_).release();
          call->Start();
          return call;
        });
  }
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Read(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer*) override {
    auto* call =
        std::make_unique<CountingReads>(environment_, context, before_, limits, handover).release();
    call->Start();
    return call;
  }

  std::vector<int64_t> limits;  // of the parts of Reads
  rpc::Handover handover;       // from Reads to whoever waited for its status

 private:
  rpc::Environment& environment_;
  const BeforePart& before_;
};

class BegunStreamTest : public RpcTest {
 protected:
  explicit BegunStreamTest(int64_t budget = kBudget) : RpcTest({}, kMaxQueued, budget) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::ArtifactService::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                                             grpc::InsecureChannelCredentials()));
  }
  ~BegunStreamTest() override {
    *crowded_ = false;
    server_->Shutdown();
    server_->Wait();
  }

  // Keeps the queue of the pool full from now on: whoever leaves it brings others.
  static void Crowd(ThreadPool& pool, const std::shared_ptr<std::atomic<bool>>& crowded) {
    while (*crowded && pool.TrySubmit([&pool, crowded] { Crowd(pool, crowded); })) continue;
  }

  // Reads to the end; how many parts came, and the status.
  std::pair<int, grpc::Status> ReadAll() {
    grpc::ClientContext context;
    const auto reader = stub_->Read(&context, v1::ReadRequest());
    v1::ReadResponse part;
    int parts = 0;
    while (reader->Read(&part)) ++parts;
    const grpc::Status status = reader->Finish();
    service_.handover.Take();
    return {parts, status};
  }

  const std::shared_ptr<std::atomic<bool>> crowded_ = std::make_shared<std::atomic<bool>>(true);
  BeforePart before_ = [](int) {};
  CountingService service_{environment_, before_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
};

TEST_F(BegunStreamTest, ADownloadIsNotRefusedWhenTheBudgetIsFullAfterItsFirstPart) {
  MemoryCharge others;
  int64_t held = 0;
  before_ = [&](int part) {
    while (part == 2 && replies_.Charge(rpc::Replies::kCountedBytes, others).ok()) continue;
    if (part == kParts) held = replies_.held_bytes();
  };
  const auto [parts, status] = ReadAll();
  EXPECT_EQ(parts, kParts);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_GT(held, kBudget + (kParts - 20) * kHeldPerPart) << "what it holds more is not counted";
}

TEST_F(BegunStreamTest, ADownloadIsRefusedBeforeItsFirstPartWhenTheBudgetIsFull) {
  MemoryCharge others;
  while (replies_.Charge(rpc::Replies::kCountedBytes, others).ok()) continue;
  const auto [parts, status] = ReadAll();
  EXPECT_EQ(parts, 0);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BegunStreamTest, WhatADownloadHoldsIsRefusedBeforeItsFirstPart) {
  MemoryCharge others;
  before_ = [&](int) {
    while (replies_.Charge(rpc::Replies::kCountedBytes, others).ok()) continue;
  };
  const auto [parts, status] = ReadAll();
  EXPECT_EQ(parts, 0);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BegunStreamTest, ADownloadIsNotRefusedWhenTheQueueIsFullAfterItsFirstPart) {
  before_ = [&](int part) {
    if (part == 1) Crowd(pool_, crowded_);
  };
  const auto [parts, status] = ReadAll();
  EXPECT_EQ(parts, kParts);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(BegunStreamTest, AnUploadIsNotRefusedWhenTheQueueIsFullAfterItsFirstMessage) {
  before_ = [&](int message) {
    if (message == 1) Crowd(pool_, crowded_);
  };
  grpc::ClientContext context;
  v1::WriteResponse response;
  const auto writer = stub_->Write(&context, &response);
  int sent = 0;
  while (sent < kParts && writer->Write(v1::WriteRequest())) ++sent;
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.committed_size_bytes(), kParts);
}

// With room for large parts.
class QuickReaderTest : public BegunStreamTest {
 protected:
  QuickReaderTest() : BegunStreamTest(int64_t{16} << 20) {}
};

TEST_F(QuickReaderTest, ADownloadHasLargePartsOnceItsClientTookOneQuickly) {
  const auto [parts, status] = ReadAll();
  EXPECT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(service_.limits.size(), static_cast<size_t>(kParts));
  EXPECT_EQ(service_.limits[0], rpc::Replies::kPartBytes) << "nothing is known of the client";
  EXPECT_EQ(*std::max_element(service_.limits.begin(), service_.limits.end()),
            rpc::Replies::kLargePartBytes);
}

TEST_F(QuickReaderTest, ADownloadHasNoLargePartsWhereMuchWaits) {
  MemoryCharge others;
  ASSERT_TRUE(replies_.Charge(int64_t{5} << 20, others).ok());
  const auto [parts, status] = ReadAll();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(service_.limits, std::vector<int64_t>(kParts, rpc::Replies::kPartBytes));
  EXPECT_EQ(parts, kParts);
}

}  // namespace
}  // namespace cairn
