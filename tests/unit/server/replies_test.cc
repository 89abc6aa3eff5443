#include "server/calls/replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::calls {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr RepliesOptions kOptions{.budget_bytes = 400 << 10,
                                  .stall_timeout = std::chrono::hours(1)};

class Waiting final : public ReplyWatch {
 public:
  explicit Waiting(Replies& replies) : ReplyWatch(replies) {}
  ~Waiting() override { Taken(); }
  int given_up = 0;
  bool over_within = false;  // giving up ends the call at once, as a call may

 private:
  void GiveUp() override {
    ++given_up;
    if (over_within) Taken();
  }
};

TEST(RepliesTest, LargeRepliesLeaveTheLastQuarterToSmallOnes) {
  Replies replies(kOptions);
  MemoryCharge large;
  EXPECT_THAT(replies.Charge(300 << 10, large), IsOk());
  MemoryCharge more;
  const absl::Status refused = replies.Charge(Replies::kPartBytes + 1, more);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReasonOf(refused), "QUEUE_FULL");
  EXPECT_THAT(replies.Charge(Replies::kPartBytes, more), IsOk());
  EXPECT_THAT(replies.Charge(Replies::kPartBytes, more),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(replies.Charge(Replies::kCountedBytes - 1, more), IsOk());
  large.Release();
  EXPECT_EQ(replies.held_bytes(), Replies::kPartBytes);
}

TEST(RepliesTest, LargePartsHaveAQuarterOfTheBudget) {
  Replies replies(kOptions);
  MemoryCharge parts[2];
  EXPECT_FALSE(replies.ChargeLargePart(parts[0])) << "192 of 400 KiB are more than a quarter";
  Replies more({.budget_bytes = 1200 << 10});
  EXPECT_TRUE(more.ChargeLargePart(parts[0]));
  EXPECT_FALSE(more.ChargeLargePart(parts[1]));
  parts[0].Release();
  EXPECT_TRUE(more.ChargeLargePart(parts[1]));
  EXPECT_EQ(more.held_bytes(), Replies::kLargePartBytes - Replies::kPartBytes);
}

TEST(RepliesTest, WhoTakesNothingIsGivenUpOnceAndTheOthersAreNot) {
  Replies replies(kOptions);
  Waiting stalled(replies);
  Waiting took(replies);
  Waiting again(replies);
  stalled.Waits(0);
  took.Waits(0);
  again.Waits(0);
  took.Taken();
  again.Taken();
  const auto now = Replies::Clock::now();
  while (Replies::Clock::now() == now) continue;
  again.Waits(0);
  replies.EndStalled(now);
  replies.EndStalled(now);
  EXPECT_EQ(stalled.given_up, 1);
  EXPECT_EQ(took.given_up, 0);
  EXPECT_EQ(again.given_up, 0);
}

TEST(RepliesTest, ALargeReplyThatIsTakenSteadilyButSlowlyIsNotGivenUp) {
  Replies replies(kOptions);
  Waiting large(replies);
  const auto before = Replies::Clock::now();
  large.Waits(100 * Replies::kSlowestBytesPerSecond);
  replies.EndStalled(before + std::chrono::seconds(99));
  EXPECT_EQ(large.given_up, 0);
  replies.EndStalled(Replies::Clock::now() + std::chrono::seconds(100));
  EXPECT_EQ(large.given_up, 1);
}

TEST(RepliesTest, ALargeReplyThatWaitsKeepsNoSmallOneFromBeingGivenUp) {
  Replies replies(kOptions);
  Waiting large(replies);
  Waiting small(replies);
  large.Waits(100 * Replies::kSlowestBytesPerSecond);
  small.Waits(0);
  replies.EndStalled(Replies::Clock::now());
  EXPECT_EQ(large.given_up, 0);
  EXPECT_EQ(small.given_up, 1);
  small.Waits(0);  // as one that is taken up again
  replies.EndStalled(Replies::Clock::now());
  EXPECT_EQ(small.given_up, 2);
}

TEST(RepliesTest, ACallMayEndWhileItIsGivenUp) {
  Replies replies(kOptions);
  Waiting stalled(replies);
  stalled.over_within = true;
  stalled.Waits(0);
  replies.EndStalled(Replies::Clock::now());
  EXPECT_EQ(stalled.given_up, 1);
}

}  // namespace
}  // namespace cairn::calls
