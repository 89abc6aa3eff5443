#include "pipeline/lifecycle/schedule.h"

#include <deque>

#include "gmock/gmock.h"

namespace cairn::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ListedTrigger final : public Trigger {
 public:
  explicit ListedTrigger(std::deque<std::string> reasons) : reasons_(std::move(reasons)) {}
  absl::StatusOr<std::string> Next() override {
    if (reasons_.empty()) return std::string();
    std::string reason = reasons_.front();
    reasons_.pop_front();
    return reason;
  }

 private:
  std::deque<std::string> reasons_;
};

// Turns that fail as told, and what was waited and said.
struct World {
  std::deque<absl::Status> results;  // OK when there are none left.
  std::vector<std::string> turns;
  std::vector<int64_t> pauses;
  std::vector<std::string> said;
  size_t stop_after_pauses = 1000;

  absl::Status Run(Trigger& trigger, ScheduleOptions options) {
    return RunSchedule(
        trigger,
        [this](const std::string& reason) {
          turns.push_back(reason);
          if (results.empty()) return absl::OkStatus();
          absl::Status status = results.front();
          results.pop_front();
          return status;
        },
        options,
        [this](int64_t nanos) {
          pauses.push_back(nanos / kNanosPerSecond);
          return pauses.size() < stop_after_pauses;
        },
        [this](const std::string& line) { said.push_back(line); });
  }
};

TEST(Schedule, TakesATurnForEachReasonUntilItIsToldToStop) {
  ListedTrigger trigger({"one", "two"});
  World world;
  EXPECT_TRUE(world.Run(trigger, {}).ok());
  EXPECT_THAT(world.turns, ElementsAre("one", "two"));
}

TEST(Schedule, AFailureThatMayPassIsTriedAgainWithGrowingPauses) {
  ListedTrigger trigger({"one", "two"});
  World world;
  world.results = {absl::UnavailableError("away"), absl::UnavailableError("away"),
                   absl::OkStatus()};
  EXPECT_TRUE(world.Run(trigger, {}).ok());
  EXPECT_THAT(world.turns, ElementsAre("one", "one", "one", "two"));
  EXPECT_THAT(world.pauses, ElementsAre(5, 10));
}

TEST(Schedule, AFailureThatStaysIsSaidAndTheNextReasonIsWaitedFor) {
  ListedTrigger trigger({"one", "two"});
  World world;
  world.results = {absl::InvalidArgumentError("no column CustomerID")};
  EXPECT_TRUE(world.Run(trigger, {}).ok());
  EXPECT_THAT(world.turns, ElementsAre("one", "two"));
  EXPECT_THAT(world.said, ::testing::Contains(HasSubstr("no column CustomerID")));
  EXPECT_THAT(world.pauses, SizeIs(0));
}

TEST(Schedule, RepetitionsHaveAnEndAndTheLastErrorIsThatOfALimitedSchedule) {
  ListedTrigger trigger({"one", "two"});
  World world;
  for (int i = 0; i < 3; ++i) world.results.push_back(absl::UnavailableError("away"));
  ScheduleOptions options;
  options.retries = 2;
  options.most_turns = 1;
  EXPECT_EQ(world.Run(trigger, options).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(world.turns, SizeIs(3));
}

TEST(Schedule, AStopEndsThePauseAndIsNoError) {
  ListedTrigger trigger({"one", "two"});
  World world;
  world.results = {absl::UnavailableError("away")};
  world.stop_after_pauses = 1;
  EXPECT_TRUE(world.Run(trigger, {}).ok());
  EXPECT_THAT(world.turns, ElementsAre("one"));
}

// A clock that waiting moves.
struct WaitingWorld {
  ManualClock clock{1'323'388'800 * kNanosPerSecond};  // 2011-12-09 00:00 UTC
  std::vector<std::string> said;
  CronTrigger Trigger(std::string_view expression) {
    return CronTrigger(
        *CronSchedule::Parse(expression), clock,
        [this](int64_t nanos) {
          clock.AdvanceNanos(nanos);
          return true;
        },
        [this](const std::string& line) { said.push_back(line); });
  }
};

TEST(CronTrigger, WaitsUntilItIsDue) {
  WaitingWorld world;
  CronTrigger trigger = world.Trigger("30 3 * * *");
  EXPECT_THAT(*trigger.Next(), HasSubstr("2011-12-09 03:30 UTC"));
  EXPECT_EQ(world.clock.NowUnixNanos() / kNanosPerSecond, 1'323'388'800 + 3 * 3600 + 1800);
  EXPECT_THAT(*trigger.Next(), HasSubstr("2011-12-10 03:30 UTC"));
}

TEST(CronTrigger, WhatWasDueWhileATurnRanIsOneTurnAtOnce) {
  WaitingWorld world;
  CronTrigger trigger = world.Trigger("@hourly");
  EXPECT_THAT(*trigger.Next(), HasSubstr("01:00 UTC"));
  // The turn takes five and a half hours.
  world.clock.AdvanceNanos((5 * 3600 + 1800) * kNanosPerSecond);
  const int64_t before = world.clock.NowUnixNanos();
  EXPECT_THAT(*trigger.Next(), HasSubstr("02:00 UTC"));
  EXPECT_EQ(world.clock.NowUnixNanos(), before);
  EXPECT_THAT(*trigger.Next(), HasSubstr("07:00 UTC"));
}

}  // namespace
}  // namespace cairn::pipeline
