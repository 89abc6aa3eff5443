// Large requests wait unread until there is room, over real calls of a service that only counts.

#include "server/rpc/large_request.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/table_service.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using Request = v1::BatchUpdateBlobsRequest;
using Response = v1::BatchUpdateBlobsResponse;
using testing::Eventually;
using testing::IsOk;

constexpr size_t kRequestBytes = size_t{1} << 20;

class LargeRequestTest : public RpcTest {
 protected:
  LargeRequestTest()
      : RpcTest({}, 100, calls::RepliesOptions().budget_bytes, OneLargeInTurn(kRequestBytes)) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::InsecureChannelCredentials());
    stub_ = v1::ArtifactService::NewStub(channel_);
  }
  ~LargeRequestTest() override {
    Open();
    for (std::thread& sender : senders_) sender.join();
    server_->Shutdown();
    server_->Wait();
  }

  // Lets those end that are being served.
  void Open() {
    if (!opened_.exchange(true)) open_.set_value();
  }

  std::future<grpc::Status> Send(grpc::ClientContext& context) {
    auto answer = std::make_shared<std::promise<grpc::Status>>();
    senders_.emplace_back([this, &context, answer] {
      Request request;
      request.add_entries()->set_data(std::string(kRequestBytes, 'x'));
      Response response;
      answer->set_value(stub_->BatchUpdateBlobs(&context, request, &response));
      results_ += response.results_size();
    });
    return answer->get_future();
  }

  absl::StatusOr<Response> Serve(const Request& request) {
    ++served_;
    gate_.wait();
    Response response;
    for (int i = 0; i < request.entries_size(); ++i) response.add_results();
    return response;
  }

  grpc::ClientContext contexts_[5];  // outlive the senders
  std::promise<void> open_;
  const std::shared_future<void> gate_ = open_.get_future().share();
  std::atomic<bool> opened_{false};
  std::atomic<int> served_{0};
  std::atomic<int> results_{0};
  const std::unique_ptr<const service::MethodTable> table_ = PartialTable(
      *store_, ServiceNamed("cairn.v1.ArtifactService"), {"BatchUpdateBlobs"},
      [this](service::MethodTableBuilder& table) {
        table.Answers<Request>(
            "BatchUpdateBlobs",
            [this](const service::Caller&, const Request& request) { return Serve(request); });
      });
  rpc::TableService service_{environment_, *table_, "cairn.v1.ArtifactService"};
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
  std::vector<std::thread> senders_;
};

TEST_F(LargeRequestTest, ThoseWhoFindNoRoomWaitAndAreAllAnswered) {
  std::vector<std::future<grpc::Status>> answers;
  answers.push_back(Send(contexts_[0]));
  ASSERT_TRUE(Eventually([this] { return served_ == 1; }));
  for (int i = 1; i < 4; ++i) answers.push_back(Send(contexts_[i]));
  ASSERT_TRUE(Eventually([this] { return intake_.waiting() == 3; }));
  EXPECT_EQ(served_, 1);
  Open();
  for (auto& answer : answers) EXPECT_THAT(answer.get(), IsOk());
  EXPECT_EQ(served_, 4);
  EXPECT_TRUE(Eventually([this] { return results_ == 4; }));
}

TEST_F(LargeRequestTest, OneMoreThanMayWaitIsRefusedWithADelay) {
  std::vector<std::future<grpc::Status>> answers;
  answers.push_back(Send(contexts_[0]));
  ASSERT_TRUE(Eventually([this] { return served_ == 1; }));
  for (int i = 1; i < 4; ++i) answers.push_back(Send(contexts_[i]));
  ASSERT_TRUE(Eventually([this] { return intake_.waiting() == 3; }));
  const grpc::Status refused = Send(contexts_[4]).get();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(refused.error_details()));
  google::rpc::RetryInfo retry;
  EXPECT_TRUE(std::any_of(details.details().begin(), details.details().end(),
                          [&retry](const auto& detail) { return detail.UnpackTo(&retry); }));
}

TEST_F(LargeRequestTest, WhoLeavesWhileWaitingIsNotServed) {
  auto first = Send(contexts_[0]);
  ASSERT_TRUE(Eventually([this] { return served_ == 1; }));
  auto second = Send(contexts_[1]);
  ASSERT_TRUE(Eventually([this] { return intake_.waiting() == 1; }));
  contexts_[1].TryCancel();
  EXPECT_EQ(second.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([this] { return intake_.waiting() == 0; }));
  Open();
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_EQ(served_, 1);
}

TEST_F(LargeRequestTest, WhatDoesNotParseIsRefusedAndLeaves) {
  Open();
  grpc::GenericStub generic(channel_);
  for (int i = 0; i < 3; ++i) {
    const grpc::Slice garbage("\xff\xff\xff not a message");
    const grpc::ByteBuffer bytes(&garbage, 1);
    grpc::ByteBuffer response;
    grpc::ClientContext context;
    std::promise<grpc::Status> answer;
    generic.UnaryCall(&context, "/cairn.v1.ArtifactService/BatchUpdateBlobs", grpc::StubOptions(),
                      &bytes, &response,
                      [&answer](const grpc::Status& status) { answer.set_value(status); });
    EXPECT_EQ(answer.get_future().get().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(served_, 0);
  EXPECT_FALSE(intake_.full());
}

}  // namespace
}  // namespace cairn
