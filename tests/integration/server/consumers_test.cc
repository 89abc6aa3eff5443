// Who serves a channel, over real sockets: reported, listed, watched and kept over a restart.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/errors.h"
#include "lib/client/client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;
using v1::Consumer;

constexpr const char* kServed = "models/churn/channels/production";
constexpr const char* kServedPolicy =
    "apiVersion: cairn/v1\n"
    "kind: PromotionPolicy\n"
    "metadata: {name: churn}\n"
    "spec:\n"
    "  target: {model: churn, channel: production}\n"
    "  evidence: {trust: reported}\n"
    "  gates:\n"
    "    - {id: floor, metric: silhouette, pass: \">= 0.1\"}\n"
    "  choose: {order: [{field: version, direction: higher}]}\n";

class ConsumersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Connect();
    v1::ApplyPolicyRequest apply;
    apply.set_source(kServedPolicy);
    ASSERT_THAT(client_->promotion().ApplyPolicy(apply), IsOk());
  }

  void Connect() {
    ASSERT_TRUE(server_.Start());
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
  }

  absl::StatusOr<Consumer> Report(const std::string& id, Consumer::State state, int64_t number) {
    v1::ReportServingRequest request;
    Consumer& consumer = *request.mutable_consumer();
    consumer.set_name(std::string(kServed) + "/consumers/" + id);
    consumer.set_state(state);
    consumer.set_version("models/churn/versions/" + std::to_string(number));
    consumer.set_epoch(number);
    return client_->registry().ReportServing(request);
  }

  std::vector<Consumer> List() {
    v1::ListConsumersRequest request;
    request.set_parent(kServed);
    const auto list = client_->registry().ListConsumers(request);
    EXPECT_THAT(list, IsOk());
    return list.ok() ? std::vector<Consumer>(list->consumers().begin(), list->consumers().end())
                     : std::vector<Consumer>();
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<client::Client> client_;
};

TEST_F(ConsumersTest, WhatWasReportedIsListedAndOutlivesTheServer) {
  ASSERT_THAT(Report("b", Consumer::FAILED, 2), IsOk());
  ASSERT_THAT(Report("a%2F1", Consumer::LOADED, 1), IsOk());
  const std::vector<Consumer> before = List();
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0].name(), std::string(kServed) + "/consumers/a%2F1");
  EXPECT_EQ(before[0].state(), Consumer::LOADED);
  EXPECT_EQ(before[0].lag(), -1) << "the channel serves nothing yet";
  EXPECT_EQ(before[1].state(), Consumer::FAILED);
  EXPECT_FALSE(before[1].stale());
  EXPECT_EQ(before[1].principal(), "local");

  server_.Kill();
  Connect();
  const std::vector<Consumer> after = List();
  ASSERT_EQ(after.size(), 2U);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(after[i].DebugString(), before[i].DebugString());
}

TEST_F(ConsumersTest, ACheckIsNoReport) {
  v1::ReportServingRequest request;
  request.mutable_consumer()->set_name(std::string(kServed) + "/consumers/a");
  request.mutable_consumer()->set_state(Consumer::STOPPED);
  request.set_validate_only(true);
  EXPECT_THAT(client_->registry().ReportServing(request), IsOk());
  EXPECT_TRUE(List().empty());
}

TEST_F(ConsumersTest, AnotherModelsChannelOrVersionIsRefused) {
  v1::ReportServingRequest request;
  Consumer& consumer = *request.mutable_consumer();
  consumer.set_name("models/other/channels/production/consumers/a");
  consumer.set_state(Consumer::LOADED);
  consumer.set_version("models/other/versions/1");
  EXPECT_THAT(client_->registry().ReportServing(request),
              FailsWith(ErrorReason::CHANNEL_NOT_FOUND));
  consumer.set_name(std::string(kServed) + "/consumers/a");
  EXPECT_THAT(client_->registry().ReportServing(request), FailsWith(ErrorReason::VALUE_INVALID));
}

// Four at a time name the same consumers and new ones: the last wins, and nobody is told of
// another.
TEST_F(ConsumersTest, ReportsThatMeetAreAllTaken) {
  std::vector<std::thread> threads;
  std::vector<absl::Status> failures(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &failure = failures[t]] {
      for (int i = 1; i <= 50; ++i) {
        failure.Update(Report("shared", Consumer::LOADED, i).status());
        failure.Update(
            Report(std::to_string(t) + "-" + std::to_string(i), Consumer::LOADED, 1).status());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& failure : failures) EXPECT_THAT(failure, IsOk());
  v1::ListConsumersRequest request;
  request.set_parent(kServed);
  request.set_page_size(1000);
  const auto list = client_->registry().ListConsumers(request);
  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->consumers_size(), 201);
}

}  // namespace
}  // namespace cairn
