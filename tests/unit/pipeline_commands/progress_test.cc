#include "pipeline/commands/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::pipeline {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

StageProgress Runs(int64_t done, int64_t total) {
  return {.stage = "evaluate", .unit = kRunsUnit, .done = done, .total = total};
}

TEST(ProgressText, SaysAmountSpeedAndWhatIsLeft) {
  EXPECT_EQ(ProgressText(Runs(20, 55), 4), "evaluate  20 of 55 runs (36 %), 5.0 runs/s, 7 s left");
  EXPECT_EQ(ProgressText({.stage = "load",
                          .unit = kBytesUnit,
                          .done = 12'300'000,
                          .total = 45'000'000,
                          .rows = 541'909},
                         2),
            "load  12.3 of 45.0 MB (27 %), 271,000 rows/s, 5 s left");
  EXPECT_EQ(ProgressText(
                {.stage = "upload", .unit = kBytesUnit, .done = 5'000'000, .total = 10'000'000}, 1),
            "upload  5.0 of 10.0 MB (50 %), 5.0 MB/s, 1 s left");
}

TEST(ProgressText, SlowWorkSaysHowLongEachTakes) {
  EXPECT_EQ(ProgressText({.stage = "backfill", .unit = kMonthsUnit, .done = 5, .total = 13}, 10),
            "backfill  5 of 13 months (38 %), 2.0 s each, 16 s left");
}

TEST(ProgressText, WorkThatNobodyMeasuresSaysItsName) {
  EXPECT_EQ(ProgressText({.stage = "features"}, 30), "features");
}

// Kind of fault: a division by no time or no work, and a guess from one tick of the clock.
TEST(ProgressText, WithoutTimeOrWorkNothingIsPredicted) {
  EXPECT_EQ(ProgressText(Runs(0, 55), 10), "evaluate  0 of 55 runs (0 %)");
  EXPECT_EQ(ProgressText(Runs(1, 55), 0), "evaluate  1 of 55 runs (1 %)");
  EXPECT_EQ(ProgressText(Runs(1, 55), 0.4), "evaluate  1 of 55 runs (1 %)");
}

TEST(ProgressText, NothingIsLeftAtTheEndNorBehindIt) {
  for (const int64_t done : {55, 60}) {
    const std::string text = ProgressText(Runs(done, 55), 11);
    EXPECT_THAT(text, HasSubstr("(100 %)"));
    EXPECT_THAT(text, Not(HasSubstr("left")));
  }
}

TEST(ProgressText, NeverSaysThatAllIsDoneBeforeItIs) {
  EXPECT_THAT(ProgressText(Runs(999, 1000), 10), HasSubstr("(99 %)"));
}

TEST(ProgressText, FitsALineWithTheLargestNumbersThereAre) {
  const std::string text = ProgressText({.stage = "transaction_status",
                                         .unit = kBytesUnit,
                                         .done = 8'000'000'000,
                                         .total = 8'589'934'592,
                                         .rows = 1'000'000'000},
                                        36'000);
  EXPECT_LE(text.size(), 79u) << text;
}

TEST(DurationText, IsAsExactAsAnybodyWants) {
  EXPECT_EQ(DurationText(-1), "less than a second");
  EXPECT_EQ(DurationText(0.99), "less than a second");
  EXPECT_EQ(DurationText(59.4), "59 s");
  EXPECT_EQ(DurationText(59.6), "1 min 00 s");
  EXPECT_EQ(DurationText(125), "2 min 05 s");
  EXPECT_EQ(DurationText(3600), "1 h 00 min");
  EXPECT_EQ(DurationText(100'000), "27 h 46 min");
}

TEST(MayRewriteLine, OnlyOnATerminalThatUnderstandsItAndIsAllowedTo) {
  EXPECT_TRUE(MayRewriteLine(true, "xterm", nullptr));
  EXPECT_TRUE(MayRewriteLine(true, nullptr, ""));
  EXPECT_FALSE(MayRewriteLine(false, "xterm", nullptr));
  EXPECT_FALSE(MayRewriteLine(true, "dumb", nullptr));
  EXPECT_FALSE(MayRewriteLine(true, "xterm", "1"));
}

class ProgressTest : public ::testing::Test {
 protected:
  void Wait(double seconds) {
    clock_.AdvanceNanos(static_cast<int64_t>(seconds * static_cast<double>(kNanosPerSecond)));
  }
  std::string Take() { return std::exchange(written_, ""); }

  ManualClock clock_{1};
  std::string written_;
  const Progress::Write write_ = [this](const std::string& text) { written_ += text; };
};

StageRecord Record(const std::string& name, double seconds) {
  StageRecord record;
  record.name = name;
  record.rows_in = 1000;
  record.rows_out = 900;
  record.seconds = seconds;
  return record;
}

TEST_F(ProgressTest, OneLineIsRewrittenAndGoneBeforeTheStageIsTold) {
  Progress progress(true, clock_, write_);
  const RunObserver observer = progress.Observer();
  observer.progress({.stage = "evaluate"});
  EXPECT_EQ(Take(), "\r  evaluate\033[K");
  observer.progress(Runs(1, 4));
  EXPECT_EQ(Take(), "\r  evaluate  1 of 4 runs (25 %)\033[K");
  Wait(2);
  observer.progress(Runs(2, 4));
  EXPECT_EQ(Take(), "\r  evaluate  2 of 4 runs (50 %), 1.0 runs/s, 2 s left\033[K");
  observer.stage(Record("evaluate", 0.5));
  EXPECT_EQ(Take(), "\r\033[Kevaluate                 1,000 →       900 rows    0.500 s\n");
}

TEST_F(ProgressTest, ALongStageIsToldWithItsSpeed) {
  Progress progress(true, clock_, write_);
  progress.Observer().stage(Record("load", 2));
  EXPECT_THAT(Take(), EndsWith("2.000 s  500 rows/s\n"));
}

// Kind of fault: a terminal that does nothing but draw.
TEST_F(ProgressTest, DrawsTenTimesASecondAtMost) {
  Progress progress(true, clock_, write_);
  progress.Show(Runs(1, 100));
  Take();
  Wait(0.09);
  progress.Show(Runs(2, 100));
  EXPECT_EQ(Take(), "");
  Wait(0.02);
  progress.Show(Runs(3, 100));
  EXPECT_THAT(Take(), HasSubstr("3 of 100"));
}

TEST_F(ProgressTest, APassThatBeginsAgainCountsItsOwnTime) {
  Progress progress(true, clock_, write_);
  progress.Show(Runs(90, 100));
  Wait(10);
  progress.Show(Runs(10, 100));
  Take();
  Wait(1);
  progress.Show(Runs(20, 100));
  EXPECT_THAT(Take(), HasSubstr("20.0 runs/s, 4 s left"));
}

TEST_F(ProgressTest, WhatIsSaidStandsAboveTheLineThatMoves) {
  Progress progress(true, clock_, write_);
  progress.Show(Runs(1, 4));
  Take();
  progress.Say("warning: something");
  EXPECT_EQ(Take(), "\r\033[Kwarning: something\n\r  evaluate  1 of 4 runs (25 %)\033[K");
}

TEST_F(ProgressTest, AHiddenLineComesBackWithItsTime) {
  Progress progress(true, clock_, write_);
  progress.Show(Runs(1, 4));
  Wait(2);
  progress.Hide();
  Take();
  progress.Show(Runs(2, 4));
  EXPECT_THAT(Take(), HasSubstr("1.0 runs/s"));
}

TEST_F(ProgressTest, TheLineIsGoneAtTheEndWhateverHappened) {
  {
    Progress progress(true, clock_, write_);
    progress.Show(Runs(1, 4));
  }
  EXPECT_THAT(Take(), EndsWith("\r\033[K"));
}

TEST_F(ProgressTest, WithoutATerminalNothingMovesAndQuartersAreTold) {
  Progress progress(false, clock_, write_);
  progress.Show({.stage = "load", .unit = kBytesUnit, .done = 5, .total = 10});
  for (int i = 1; i <= 55; ++i) progress.Show(Runs(i, 55));
  progress.Observer().stage(Record("evaluate", 2));
  EXPECT_EQ(Take(),
            "  14 of 55 training runs\n  28 of 55 training runs\n  42 of 55 training runs\n"
            "evaluate                 1,000 →       900 rows    2.000 s\n");
}

}  // namespace
}  // namespace cairn::pipeline
