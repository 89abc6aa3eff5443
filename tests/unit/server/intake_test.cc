#include "server/calls/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::calls {
namespace {

using testing::IsOk;

constexpr int64_t kPatienceNanos = 100'000'000;

IntakeOptions Small() {
  IntakeOptions options;
  options.max_bytes = 1000;
  options.expected_bytes = 250;
  options.expected_for = std::chrono::milliseconds(100);
  return options;
}

TEST(IntakeTest, WhatIsExpectedAndWhatWasReceivedFillItUntilItLeaves) {
  const ManualClock clock(0);
  Intake intake(Small(), clock);
  Intake::Ticket first = intake.Begin();
  first.Received(700);
  EXPECT_FALSE(intake.full());
  Intake::Ticket second = intake.Begin();
  EXPECT_FALSE(intake.full()) << "950 of 1000";
  Intake::Ticket third = intake.Begin();
  EXPECT_TRUE(intake.full());
  third.Received(10);
  EXPECT_FALSE(intake.full()) << "960 of 1000";
  second.Received(300);
  EXPECT_TRUE(intake.full());
  first.Leave();
  first.Leave();
  EXPECT_FALSE(intake.full()) << "310 of 1000";
}

TEST(IntakeTest, SmallRequestsFillItByTheirNumber) {
  const ManualClock clock(0);
  IntakeOptions options = Small();
  options.max_calls_under_way = 2;
  Intake intake(options, clock);
  Intake::Ticket first = intake.Begin();
  EXPECT_FALSE(intake.full());
  Intake::Ticket second = intake.Begin();
  EXPECT_TRUE(intake.full());
  first.Received(0);
  EXPECT_TRUE(intake.full());
  first.Leave();
  second.Leave();
  EXPECT_FALSE(intake.full());
}

TEST(IntakeTest, ATicketThatIsMovedOrGoneCountsOnce) {
  const ManualClock clock(0);
  Intake intake(Small(), clock);
  {
    Intake::Ticket first = intake.Begin();
    first.Received(1000);
    Intake::Ticket moved = std::move(first);
    EXPECT_TRUE(intake.full());
    moved = intake.Begin();
    EXPECT_FALSE(intake.full()) << "what it was before has left";
    moved.Received(1000);
  }
  EXPECT_FALSE(intake.full());
}

// A client that sends slowly keeps its place and nobody else's.
TEST(IntakeTest, WhoSendsSlowlyDoesNotKeepTheOthersOut) {
  ManualClock clock(0);
  Intake intake(Small(), clock);
  std::vector<Intake::Ticket> slow;
  for (int i = 0; i < 4; ++i) slow.push_back(intake.Begin());
  EXPECT_TRUE(intake.full());
  clock.AdvanceNanos(kPatienceNanos - 1);
  EXPECT_TRUE(intake.full());
  clock.AdvanceNanos(1);
  EXPECT_FALSE(intake.full());
  slow[0].Received(1000);
  EXPECT_TRUE(intake.full()) << "what came at last counts";
  slow.clear();
  EXPECT_FALSE(intake.full());
}

TEST(IntakeTest, WhoComesWhileItIsFullWaitsAndIsLetInWhenOneLeaves) {
  const ManualClock clock(0);
  Intake intake(Small(), clock);
  Intake::Ticket first = intake.Begin();
  first.Received(1000);
  std::promise<absl::Status> told;
  intake.Admit([] { return absl::OkStatus(); },
               [&told](const absl::Status& status) { told.set_value(status); });
  EXPECT_EQ(intake.waiting(), 1);
  first.Leave();
  auto answer = told.get_future();
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_THAT(answer.get(), IsOk());
}

}  // namespace
}  // namespace cairn::calls
