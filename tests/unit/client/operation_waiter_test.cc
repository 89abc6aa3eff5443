#include "lib/client/operation_waiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace cairn::client {
namespace {

using google::longrunning::Operation;
using std::chrono::milliseconds;
using testing::IsOk;
using testing::StatusIs;

Operation Started() {
  Operation operation;
  operation.set_name("operations/1");
  return operation;
}

TEST(OperationWaiterTest, ItIsAskedForUntilItIsDone) {
  FakeServer server;
  server.SetWaitsLeft(3);
  const auto client = server.Connect();
  int seen = 0;
  const auto done = AwaitOperation(
      client->operations(), Started(),
      {.interval = milliseconds(5), .on_progress = [&seen](const Operation&) { ++seen; }});
  ASSERT_THAT(done, IsOk());
  EXPECT_TRUE(done->done());
  EXPECT_EQ(seen, 5);  // as it began, three times running, done
}

TEST(OperationWaiterTest, OneThatIsDoneIsNotAskedForAgain) {
  FakeServer server;
  Operation operation = Started();
  operation.set_done(true);
  const auto done = AwaitOperation(server.Connect()->operations(), operation);
  ASSERT_THAT(done, IsOk());
  MutexLock lock(&server.state().mutex);
  EXPECT_EQ(server.state().operation_waits, 0);
}

TEST(OperationWaiterTest, WaitingEndsWhenTheTimeIsOverAndSaysThatItGoesOn) {
  FakeServer server;
  server.SetWaitsLeft(1 << 30);
  const auto client = server.Connect();
  const auto waited = AwaitOperation(client->operations(), Started(),
                                     {.at_most = milliseconds(20), .interval = milliseconds(5)});
  EXPECT_THAT(waited, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(MetadataOf(waited.status(), "operation"), "operations/1");
}

TEST(OperationWaiterTest, AServerThatIsBusyForAMomentDoesNotEndTheWaiting) {
  FakeServer server;
  server.SetWaitsLeft(1);
  {
    MutexLock lock(&server.state().mutex);
    server.state().unavailable_left = 2;
  }
  const auto client = server.Connect();
  EXPECT_THAT(AwaitOperation(client->operations(), Started(), {.interval = milliseconds(5)}),
              IsOk());
}

TEST(OperationWaiterTest, CancellingTheTransportEndsTheWaiting) {
  FakeServer server;
  server.SetWaitsLeft(1 << 30);
  const auto client = server.Connect();
  int seen = 0;
  const auto waited =
      AwaitOperation(client->operations(), Started(),
                     {.interval = milliseconds(5), .on_progress = [&](const Operation&) {
                        if (++seen == 3) client->Cancel();
                      }});
  EXPECT_THAT(waited, StatusIs(absl::StatusCode::kCancelled));
}

TEST(OperationWaiterTest, AnErrorKeepsItsDetails) {
  const absl::Status failure = Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_IN_USE,
                                     "a model version came from it")
                                   .With("run", "r");
  Operation operation = Started();
  EXPECT_THAT(OperationError(operation), IsOk());
  operation.set_done(true);
  operation.mutable_error()->set_code(static_cast<int>(failure.code()));
  operation.mutable_error()->set_message(std::string(failure.message()));
  failure.ForEachPayload([&operation](auto url, const absl::Cord& payload) {
    auto* detail = operation.mutable_error()->add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  EXPECT_EQ(OperationError(operation), failure);
  EXPECT_TRUE(HasReason(OperationError(operation), ErrorReason::RUN_IN_USE));
}

}  // namespace
}  // namespace cairn::client
