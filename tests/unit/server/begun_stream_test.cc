// Streams that have begun are not refused: not for the budget of replies, not for the queue of
// the pool. Over real calls of services that only count.

#include <gmock/gmock.h>
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
#include "server/rpc/table_service.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using testing::IsOk;

constexpr int kParts = 100;
constexpr size_t kMaxQueued = 3;
constexpr int64_t kHeldPerPart = int64_t{16} << 10;
constexpr int64_t kBudget = int64_t{256} << 10;

using BeforePart = std::function<void(int part)>;

// What the parts of a download saw, handed to whoever waited for its status.
struct Downloads {
  std::vector<int64_t> limits;
  rpc::Handover handover;
};

// Answers with kParts parts and holds more with each.
class CountingParts final : public service::PartSource {
 public:
  CountingParts(const BeforePart& before, Downloads& seen) : before_(before), seen_(seen) {}

  absl::StatusOr<service::Part> Next(const std::function<int64_t()>& room,
                                     std::string& part) override {
    if (++parts_ > kParts) return service::Part::kEnd;
    before_(parts_);
    seen_.limits.push_back(room());
    seen_.handover.Pass();
    v1::ReadResponse response;
    response.set_data("part");
    part = response.SerializeAsString();
    return service::Part::kFilled;
  }
  int64_t HeldBytes() const override { return parts_ * kHeldPerPart; }

 private:
  const BeforePart& before_;
  Downloads& seen_;
  int parts_ = 0;
};

// Counts messages.
class CountingSink final : public service::MessageSink {
 public:
  explicit CountingSink(const BeforePart& before) : before_(before) {}

  absl::StatusOr<bool> Take(const google::protobuf::Message&) override {
    before_(++messages_);
    return true;
  }
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Complete() override {
    auto response = std::make_unique<v1::WriteResponse>();
    response->set_committed_size_bytes(messages_);
    return response;
  }

 private:
  const BeforePart& before_;
  int messages_ = 0;
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
    seen_.handover.Take();
    return {parts, status};
  }

  const std::shared_ptr<std::atomic<bool>> crowded_ = std::make_shared<std::atomic<bool>>(true);
  BeforePart before_ = [](int) {};
  Downloads seen_;
  const std::unique_ptr<const service::MethodTable> table_ = PartialTable(
      *store_, ServiceNamed("cairn.v1.ArtifactService"), {"Read", "Write"},
      [this](service::MethodTableBuilder& table) {
        table.Streams<v1::ReadRequest>(
            "Read",
            [this](const service::Caller&,
                   const v1::ReadRequest&) -> absl::StatusOr<std::unique_ptr<service::PartSource>> {
              return std::make_unique<CountingParts>(before_, seen_);
            });
        table.Takes<v1::WriteRequest>(
            "Write", [this](const service::Caller&) -> std::unique_ptr<service::MessageSink> {
              return std::make_unique<CountingSink>(before_);
            });
      });
  rpc::TableService service_{environment_, *table_, "cairn.v1.ArtifactService"};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
};

TEST_F(BegunStreamTest, ADownloadIsNotRefusedWhenTheBudgetIsFullAfterItsFirstPart) {
  MemoryCharge others;
  int64_t held = 0;
  before_ = [&](int part) {
    while (part == 2 && replies_.Charge(calls::Replies::kCountedBytes, others).ok()) continue;
    if (part == kParts) held = replies_.held_bytes();
  };
  const auto [parts, status] = ReadAll();
  EXPECT_EQ(parts, kParts);
  EXPECT_THAT(status, IsOk());
  EXPECT_GT(held, kBudget + (kParts - 20) * kHeldPerPart) << "what it holds more is not counted";
}

TEST_F(BegunStreamTest, ADownloadIsRefusedBeforeItsFirstPartWhenTheBudgetIsFull) {
  MemoryCharge others;
  while (replies_.Charge(calls::Replies::kCountedBytes, others).ok()) continue;
  const auto [parts, status] = ReadAll();
  EXPECT_EQ(parts, 0);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BegunStreamTest, WhatADownloadHoldsIsRefusedBeforeItsFirstPart) {
  MemoryCharge others;
  before_ = [&](int) {
    while (replies_.Charge(calls::Replies::kCountedBytes, others).ok()) continue;
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
  EXPECT_THAT(status, IsOk());
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
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(response.committed_size_bytes(), kParts);
}

// With room for large parts.
class QuickReaderTest : public BegunStreamTest {
 protected:
  QuickReaderTest() : BegunStreamTest(int64_t{16} << 20) {}
};

TEST_F(QuickReaderTest, ADownloadHasLargePartsOnceItsClientTookOneQuickly) {
  const auto [parts, status] = ReadAll();
  EXPECT_THAT(status, IsOk());
  ASSERT_EQ(seen_.limits.size(), static_cast<size_t>(kParts));
  EXPECT_EQ(seen_.limits[0], calls::Replies::kPartBytes) << "nothing is known of the client";
  EXPECT_EQ(*std::max_element(seen_.limits.begin(), seen_.limits.end()),
            calls::Replies::kLargePartBytes);
}

TEST_F(QuickReaderTest, ADownloadHasNoLargePartsWhereMuchWaits) {
  MemoryCharge others;
  ASSERT_THAT(replies_.Charge(int64_t{5} << 20, others), IsOk());
  const auto [parts, status] = ReadAll();
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(seen_.limits, std::vector<int64_t>(kParts, calls::Replies::kPartBytes));
  EXPECT_EQ(parts, kParts);
}

}  // namespace
}  // namespace cairn
