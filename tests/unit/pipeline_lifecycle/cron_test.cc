#include "pipeline/lifecycle/cron.h"

#include <random>

#include "gmock/gmock.h"
#include "lib/base/errors.h"
#include "pipeline/data/dates.h"

namespace cairn::pipeline {
namespace {

using ::testing::HasSubstr;

int64_t At(int year, int month, int day, int hour = 0, int minute = 0) {
  return DaysFromCivil({year, month, day}) * 86'400 + hour * 3600 + minute * 60;
}

int64_t NextOf(std::string_view expression, int64_t after) {
  const auto cron = CronSchedule::Parse(expression);
  EXPECT_TRUE(cron.ok()) << cron.status();
  return cron.ok() ? cron->NextAfter(after) : -2;
}

TEST(CronSchedule, TheNextMinuteThatSatisfiesEveryField) {
  EXPECT_EQ(NextOf("* * * * *", At(2011, 3, 1, 10, 30) + 59), At(2011, 3, 1, 10, 31));
  EXPECT_EQ(NextOf("15 3 * * *", At(2011, 3, 1, 3, 15)), At(2011, 3, 2, 3, 15));
  EXPECT_EQ(NextOf("15 3 * * *", At(2011, 3, 1, 3, 14)), At(2011, 3, 1, 3, 15));
  EXPECT_EQ(NextOf("*/20 9-17/4 * * *", At(2011, 3, 1, 9, 40)), At(2011, 3, 1, 13, 0));
  EXPECT_EQ(NextOf("0 0 1 jan *", At(2011, 3, 1)), At(2012, 1, 1));
}

TEST(CronSchedule, WeekdaysBeginWithSundayAndHaveNames) {
  // 2011-12-09 was a Friday.
  EXPECT_EQ(NextOf("0 3 * * 1", At(2011, 12, 9)), At(2011, 12, 12, 3));
  EXPECT_EQ(NextOf("0 3 * * sun", At(2011, 12, 9)), At(2011, 12, 11, 3));
  EXPECT_EQ(NextOf("0 3 * * 7", At(2011, 12, 9)), At(2011, 12, 11, 3));
  EXPECT_EQ(NextOf("0 3 * * MON-FRI", At(2011, 12, 9, 4)), At(2011, 12, 12, 3));
}

TEST(CronSchedule, ADayOfMonthOrAWeekdayIsEnoughWhereBothAreNamed) {
  EXPECT_EQ(NextOf("0 0 13 * fri", At(2011, 12, 9)), At(2011, 12, 13));
  EXPECT_EQ(NextOf("0 0 13 * fri", At(2011, 12, 13)), At(2011, 12, 16));
}

TEST(CronSchedule, LeapDaysComeAndShortNamesStandForFields) {
  EXPECT_EQ(NextOf("0 0 29 2 *", At(2012, 3, 1)), At(2016, 2, 29));
  EXPECT_EQ(NextOf("@monthly", At(2011, 12, 9)), At(2012, 1, 1));
  EXPECT_EQ(NextOf("@weekly", At(2011, 12, 9)), At(2011, 12, 11));
  EXPECT_EQ(NextOf("@daily", At(2011, 12, 9)), At(2011, 12, 10));
  EXPECT_EQ(NextOf("@hourly", At(2011, 12, 9)), At(2011, 12, 9, 1));
}

TEST(CronSchedule, WhatIsNoExpressionIsRefusedByField) {
  for (const char* bad : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
                          "* * 32 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *",
                          "a * * * *", "1, * * * *", "@yearly", "0 0 30 2 *"}) {
    const auto cron = CronSchedule::Parse(bad);
    EXPECT_FALSE(cron.ok()) << bad;
    EXPECT_TRUE(HasReason(cron.status(), ErrorReason::CONFIG_INVALID)) << bad;
  }
  EXPECT_THAT(std::string(CronSchedule::Parse("* 24 * * *").status().message()),
              HasSubstr("cron.hour"));
  EXPECT_THAT(std::string(CronSchedule::Parse("0 0 30 2 *").status().message()),
              HasSubstr("never"));
}

TEST(CronSchedule, NextIsTheFirstByBruteForce) {
  std::mt19937 random(11);
  const char* const expressions[] = {"*/7 * * * *", "3,33 */5 * * *",    "0 12 1,15 * *",
                                     "59 23 * * 0", "10 4 */9 2-11/3 *", "0 6 10 * mon"};
  for (const char* expression : expressions) {
    const auto cron = *CronSchedule::Parse(expression);
    for (int i = 0; i < 5; ++i) {
      const int64_t after = At(2011, 1, 1) + static_cast<int64_t>(random() % 30'000'000);
      SCOPED_TRACE(std::string(expression) + " after " + std::to_string(after));
      const int64_t next = cron.NextAfter(after);
      EXPECT_GT(next, after);
      EXPECT_EQ(next % 60, 0);
      // Nothing between is one: asked from any minute before it, the answer is the same.
      for (int64_t t = after; t < next; t += 60 * (1 + random() % 500)) {
        ASSERT_EQ(cron.NextAfter(t), next);
      }
    }
  }
}

}  // namespace
}  // namespace cairn::pipeline
