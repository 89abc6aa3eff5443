// A call that waits for an operation, over a transport that is a promise and a runner that does
// not run.

#include "server/calls/operation_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "google/longrunning/operations.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/operations/operations.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using google::longrunning::Operation;
using google::longrunning::WaitOperationRequest;
using testing::IsOk;
using testing::StatusIs;

class PlainWait final : public calls::OperationWait {
 public:
  PlainWait(calls::Environment& environment, const service::Method& method,
            WaitOperationRequest request)
      : OperationWait(environment, method, service::Caller(),
                      calls::CallRecord(environment, method.path.c_str())),
        request_(std::move(request)) {}

  using OperationWait::Cancelled;

  bool answered() const { return answered_; }
  absl::StatusOr<Operation> Get() { return answer_.get_future().get(); }

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    static_cast<WaitOperationRequest&>(request) = request_;
    return absl::OkStatus();
  }
  void Send(absl::StatusOr<service::Answer> answer) override {
    const auto self = shared_from_this();
    Over();
    answered_ = true;
    if (!answer.ok()) return answer_.set_value(answer.status());
    answer_.set_value(static_cast<const Operation&>(
        *std::get<std::unique_ptr<google::protobuf::Message>>(*answer)));
  }

  const WaitOperationRequest request_;
  std::promise<absl::StatusOr<Operation>> answer_;
  std::atomic<bool> answered_{false};
};

class OperationWaitTest : public RpcTest {
 protected:
  // An operation that nobody works on.
  std::string Operate() {
    const auto made =
        Apply<Operation>(operations::PlanCreate("a", NextTime(), v1::PurgeExperimentMetadata()));
    EXPECT_THAT(made, IsOk());
    return made.ok() ? made->name() : "";
  }

  // Ends it.
  void Cancel(const std::string& name) {
    google::longrunning::CancelOperationRequest request;
    request.set_name(name);
    auto plan = operations::PlanCancel(*Now(), request, NextTime());
    ASSERT_TRUE(plan.ok()) << plan.status();
    plan->write_set.principal = "local";  // somebody, not the runner
    EXPECT_TRUE(Apply<google::protobuf::Empty>(std::move(plan)).ok());
  }

  std::shared_ptr<PlainWait> Wait(const std::string& name,
                                  std::optional<calls::Alarms::Time> until = std::nullopt,
                                  std::optional<int64_t> timeout_seconds = std::nullopt) {
    WaitOperationRequest request;
    request.set_name(name);
    if (timeout_seconds.has_value()) request.mutable_timeout()->set_seconds(*timeout_seconds);
    auto wait = std::make_shared<PlainWait>(environment_, method_, std::move(request));
    wait->Serve(until);
    return wait;
  }

  const service::Method method_ = [this] {
    service::Method method;
    method.path = "google.longrunning.Operations/WaitOperation";
    method.request = &WaitOperationRequest::default_instance();
    method.serve = service::OperationWaits{store_.get(), &operations_};
    return method;
  }();
};

TEST_F(OperationWaitTest, ItAnswersWhenTheOperationIsDone) {
  const std::string name = Operate();
  const auto wait = Wait(name);
  EXPECT_FALSE(wait->answered());
  Cancel(name);
  const auto answer = wait->Get();
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->done());
  EXPECT_EQ(metrics_.in_flight(), 0);
}

TEST_F(OperationWaitTest, OneThatIsDoneIsAnsweredAtOnce) {
  const std::string name = Operate();
  Cancel(name);
  EXPECT_TRUE(Wait(name)->Get()->done());
}

TEST_F(OperationWaitTest, ItAnswersWithTheOperationAsItIsWhenTheTimeIsOver) {
  const std::string name = Operate();
  EXPECT_FALSE(Wait(name, std::nullopt, /*timeout_seconds=*/0)->Get()->done());
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(Wait(name, now)->Get()->done()) << "that of the transport";
  EXPECT_FALSE(Wait(name, now + std::chrono::hours(1), 0)->Get()->done()) << "the earlier one";
  EXPECT_FALSE(Wait(name, now, 3600)->Get()->done()) << "the earlier one";
}

TEST_F(OperationWaitTest, ItAnswersOnceWhenNobodyWaitsAnyMore) {
  const std::string name = Operate();
  const auto wait = Wait(name);
  wait->Cancelled();
  wait->Cancelled();
  EXPECT_FALSE(wait->Get()->done());
  Cancel(name);
}

TEST_F(OperationWaitTest, WhatIsNotThereAndATimeBeforeNowAreRefused) {
  EXPECT_THAT(Wait("operations/none")->Get(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Wait(Operate(), std::nullopt, -1)->Get(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(OperationWaitTest, NothingIsLeftOfACallThatWasAnswered) {
  const std::string name = Operate();
  std::weak_ptr<PlainWait> left;
  {
    const auto wait = Wait(name, std::chrono::steady_clock::now() + std::chrono::hours(1));
    left = wait;
    Cancel(name);
    EXPECT_THAT(wait->Get(), IsOk());
  }
  EXPECT_TRUE(left.expired());
}

}  // namespace
}  // namespace cairn
