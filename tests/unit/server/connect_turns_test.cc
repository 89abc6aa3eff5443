// Calls over HTTP that wait: large requests unread until there is room, and for operations until
// their client leaves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "google/longrunning/operations.pb.h"
#include "lib/base/errors.h"
#include "lib/base/shared_budget.h"
#include "lib/http/http_server.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_routes.h"
#include "server/gateway/connect_wait.h"
#include "server/operations/operations.h"
#include "tests/testing/connect_call.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using testing::ConnectCall;
using testing::Eventually;
using testing::IsOk;

constexpr size_t kLargeBytes = size_t{1} << 20;

class ConnectTurnsTest : public RpcTest {
 protected:
  explicit ConnectTurnsTest(std::chrono::milliseconds longest = std::chrono::minutes(1))
      : RpcTest({}, 100, calls::RepliesOptions().budget_bytes, OneLargeInTurn(kLargeBytes)) {
    auto router =
        http::Router::Create(gateway::ConnectRoutes(environment_, *table_, Limits(longest)));
    auto server = http::HttpServer::Start({}, *std::move(router));
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }
  ~ConnectTurnsTest() override { Open(); }

  static gateway::ArrivalLimits Limits(std::chrono::milliseconds longest) {
    gateway::ArrivalLimits limits;
    limits.longest = longest;
    limits.max_bytes = 2 * kLargeBytes;
    limits.max_bytes_of_one = kLargeBytes;
    return limits;
  }

  // Lets those end that are being served.
  void Open() {
    if (!opened_.exchange(true)) open_.set_value();
  }

  std::unique_ptr<ConnectCall> Begin() const {
    return std::make_unique<ConnectCall>(server_->address(),
                                         "/cairn.v1.ArtifactService/BatchUpdateBlobs",
                                         "application/proto", "Expect: 100-continue\r\n");
  }
  static void Send(ConnectCall& call) {
    v1::BatchUpdateBlobsRequest request;
    request.add_entries()->set_data(std::string(kLargeBytes, 'x'));
    call.Send(request.SerializeAsString());
    call.End();
  }

  absl::StatusOr<v1::BatchUpdateBlobsResponse> Serve(const v1::BatchUpdateBlobsRequest& request) {
    ++served_;
    gate_.wait();
    v1::BatchUpdateBlobsResponse response;
    for (int i = 0; i < request.entries_size(); ++i) response.add_results();
    return response;
  }

  std::promise<void> open_;
  const std::shared_future<void> gate_ = open_.get_future().share();
  std::atomic<bool> opened_{false};
  std::atomic<int> served_{0};
  const std::unique_ptr<const service::MethodTable> table_ = PartialTable(
      *store_, ServiceNamed("cairn.v1.ArtifactService"), {"BatchUpdateBlobs"},
      [this](service::MethodTableBuilder& table) {
        table.Answers<v1::BatchUpdateBlobsRequest>(
            "BatchUpdateBlobs",
            [this](const service::Caller&, const v1::BatchUpdateBlobsRequest& request) {
              return Serve(request);
            });
      });
  std::unique_ptr<http::HttpServer> server_;
};

class SlowTurnsTest : public ConnectTurnsTest {
 protected:
  SlowTurnsTest() : ConnectTurnsTest(std::chrono::milliseconds(1)) {}
};

TEST_F(ConnectTurnsTest, LargeRequestsAreReadInTheirTurn) {
  const auto first = Begin();
  EXPECT_EQ(first->Status(), 100);  // it may send: nobody else does
  const auto second = Begin();
  ASSERT_TRUE(Eventually([this] { return intake_.waiting() == 1; }));
  Send(*first);
  ASSERT_TRUE(Eventually([this] { return served_ == 1; }));
  EXPECT_EQ(intake_.waiting(), 1);
  Open();
  EXPECT_EQ(second->Status(), 100);
  Send(*second);
  EXPECT_TRUE(Eventually([this] { return served_ == 2; }));
  EXPECT_TRUE(Eventually([this] { return metrics_.in_flight() == 0; }));
}

// A message that does not come to its end is given up, whichever kind of call reads it.
TEST_F(SlowTurnsTest, AMessageHasToArriveInTime) {
  ConnectCall call(server_->address(), "/cairn.v1.ArtifactService/BatchUpdateBlobs",
                   "application/proto");
  EXPECT_EQ(call.Status(), 504);
  const std::string body = call.Rest();
  EXPECT_NE(body.find("a message of a request must arrive within 1 ms"), std::string::npos) << body;
  EXPECT_TRUE(Eventually([this] { return metrics_.in_flight() == 0; }));
  EXPECT_EQ(served_, 0);
}

TEST(ArrivalTest, OneCallerHasAShareAndTheRefusalNamesTheLimit) {
  SharedBudget budget(400'000, 200'000);
  const gateway::Arrival ann{budget, "ann", std::chrono::milliseconds(1)};
  const gateway::Arrival bob{budget, "bob", std::chrono::milliseconds(1)};
  SharedCharge held;
  SharedCharge small;
  SharedCharge other;
  EXPECT_TRUE(ann.Charge(200'000, held).ok());
  EXPECT_TRUE(ann.Charge(gateway::kUncountedBytes, small).ok());
  const absl::Status full = ann.Charge(gateway::kUncountedBytes + 1, small);
  EXPECT_TRUE(HasReason(full, ErrorReason::QUEUE_FULL)) << full;
  EXPECT_NE(full.message().find("of one caller that are not complete hold at most 200000 bytes"),
            std::string::npos);
  EXPECT_TRUE(bob.Charge(200'000, other).ok());
}

TEST_F(ConnectTurnsTest, WhoLeavesWhileWaitingIsNotServed) {
  const auto first = Begin();
  EXPECT_EQ(first->Status(), 100);
  const auto second = Begin();
  ASSERT_TRUE(Eventually([this] { return intake_.waiting() == 1; }));
  second->Leave();
  EXPECT_TRUE(Eventually([this] { return intake_.waiting() == 0; }));
  first->Leave();  // in the middle of its request
  EXPECT_TRUE(Eventually([this] { return metrics_.in_flight() == 0; }));
  EXPECT_FALSE(intake_.full());
  EXPECT_EQ(served_, 0);
}

TEST_F(ConnectTurnsTest, AWaitForAnOperationEndsWhenItsClientLeaves) {
  const auto made = Apply<google::longrunning::Operation>(
      operations::PlanCreate("a", NextTime(), v1::PurgeExperimentMetadata()));
  ASSERT_THAT(made, IsOk());
  const auto* descriptor =
      ServiceNamed("google.longrunning.Operations").FindMethodByName("WaitOperation");
  service::Method method;
  method.path = "google.longrunning.Operations/WaitOperation";
  method.descriptor = descriptor;
  method.request = &google::longrunning::WaitOperationRequest::default_instance();
  method.serve = service::OperationWaits{store_.get(), &operations_};
  gateway::ConnectCall::Input input;
  input.bytes = R"({"name": ")" + made->name() + "\"}";
  std::atomic<int> status = 0;
  const auto departure = std::make_shared<http::Departure>();
  gateway::BeginConnectWait(
      environment_, method, service::Caller(), calls::CallRecord(environment_, method.path.c_str()),
      input, {},
      http::Responder([&status](const http::Response& response) { status = response.status; },
                      departure));
  EXPECT_EQ(status, 0);
  EXPECT_EQ(metrics_.in_flight(), 1);
  departure->Depart();
  EXPECT_EQ(status, 200);
  EXPECT_EQ(metrics_.in_flight(), 0);
}

}  // namespace
}  // namespace cairn
