#include "server/metrics/metric_compactor.h"

#include <future>
#include <memory>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/tally.h"
#include "tests/unit/metrics/series_fixture.h"

namespace cairn::metrics {
namespace {

using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using testing::Tally;

class FolderTest : public SeriesFixture {
 protected:
  size_t RawBatches() { return CountKeys(storage::MetricBatchPrefix(kRun, kMetric)); }

  static CompactorOptions Eager() {
    CompactorOptions options;
    options.min_bytes = 1;
    options.idle_after = std::chrono::milliseconds(1);
    return options;
  }

  std::mt19937_64 random_{7};
};

// Until the compactor has caught up.
void WaitUntilFolded(const MetricCompactor& compactor, int64_t points) {
  ASSERT_TRUE(Eventually([&] { return compactor.folded_points() >= points; }));
}

TEST_F(FolderTest, WhatIsLoggedIsFoldedInTheBackgroundAndReadsTheSame) {
  MetricCompactor compactor(*store_, Eager());
  compactor.Start();
  for (int64_t i = 0; i < 20; ++i) {
    Log(Stretch(random_, i * 1000, 1000));
    compactor.Logged(kRun, kMetric, 16'000);
  }
  WaitUntilFolded(compactor, 20'000);
  EXPECT_EQ(RawBatches(), 0u);
  EXPECT_EQ(ReadAll(), Expected());
  EXPECT_GT(compactor.folded_bytes(), 0);
}

TEST_F(FolderTest, ABatchOfAnEarlierProcessIsFoundAtTheStart) {
  Log(Stretch(random_, 0, 500));
  MetricCompactor compactor(*store_, Eager());
  compactor.Start();
  WaitUntilFolded(compactor, 500);
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FolderTest, AFewPointsStayRawUntilNothingIsLoggedAnyMore) {
  CompactorOptions options = Eager();
  options.min_bytes = int64_t{1} << 30;
  options.idle_min_bytes = 1;
  Log(Stretch(random_, 0, 10));
  MetricCompactor compactor(*store_, options);
  EXPECT_EQ(RawBatches(), 1u);
  compactor.Start();
  WaitUntilFolded(compactor, 10);
  EXPECT_EQ(RawBatches(), 0u);
}

TEST_F(FolderTest, OfManyBatchesTheLaterHalfStaysForThoseThatComeOutOfOrder) {
  for (int64_t i = 0; i < 40; ++i) {
    if (i != 30) Log(Stretch(random_, i * 1000, 1000));
  }
  WaitingSeries waiting;
  ASSERT_THAT(ScanWaiting(*store_->GetSnapshot(),
                          [&](WaitingSeries found) {
                            waiting = std::move(found);
                            return true;
                          }),
              IsOk());
  CompactorOptions options = Eager();
  options.deep_bytes = waiting.bytes;
  options.fold.max_raw_bytes = waiting.bytes / 20;
  MetricCompactor compactor(*store_, options);
  compactor.Logged(kRun, kMetric, waiting.bytes);
  ASSERT_THAT(compactor.FoldAll(/*min_bytes=*/waiting.bytes), IsOk());
  EXPECT_LE(RawBatches(), 20u);
  EXPECT_GE(RawBatches(), 15u);

  Log(Stretch(random_, 30'000, 1000));  // late, but behind all that is folded
  compactor.Logged(kRun, kMetric, 1, 30'000);
  ASSERT_THAT(compactor.FoldAll(), IsOk());
  EXPECT_EQ(compactor.folded_points(), 40'000);  // none was moved between levels
  EXPECT_EQ(RawBatches(), 0u);
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FolderTest, WritersWaitForRoomAndAreCalledWhenThereIs) {
  CompactorOptions options = Eager();
  options.max_waiting_bytes = 100;
  MetricCompactor compactor(*store_, options);
  bool now = false;
  compactor.WhenRoom([&] { now = true; });
  EXPECT_TRUE(now);

  Log(Stretch(random_, 0, 100));
  compactor.Logged(kRun, kMetric, 1600);
  EXPECT_TRUE(compactor.full());
  std::promise<void> room;
  compactor.WhenRoom([&] { room.set_value(); });
  compactor.Start();
  room.get_future().wait();
  WaitUntilFolded(compactor, 100);
  EXPECT_FALSE(compactor.full());
}

TEST_F(FolderTest, WhoWaitsForRoomIsCalledWhenTheFolderStops) {
  CompactorOptions options;
  options.max_waiting_bytes = 1;
  bool called = false;
  {
    MetricCompactor compactor(*store_, options);
    compactor.Logged(kRun, kMetric, 100);
    compactor.WhenRoom([&] { called = true; });
    EXPECT_FALSE(called);
  }
  EXPECT_TRUE(called);
}

TEST_F(FolderTest, WhoWithdrawsWhileItStaysFullLeavesNothingAndIsNotCalled) {
  CompactorOptions options;
  options.max_waiting_bytes = 1;
  int called = 0;
  {
    MetricCompactor compactor(*store_, options);
    compactor.Logged(kRun, kMetric, 100);
    compactor.WhenRoom([&] { ++called; });
    for (int i = 0; i < 1000; ++i) {
      const auto ticket = compactor.WhenRoom([&] { called += 1000; });
      EXPECT_TRUE(compactor.Withdraw(ticket));
      EXPECT_FALSE(compactor.Withdraw(ticket));
    }
    EXPECT_EQ(compactor.waiting_for_room(), 1u);
  }
  EXPECT_EQ(called, 1);
}

TEST_F(FolderTest, ARunThatIsQuietIsFoldedAndForgottenWhileOthersLog) {
  CompactorOptions options = Eager();
  options.min_bytes = int64_t{1} << 30;
  options.idle_min_bytes = 1;
  options.idle_after = std::chrono::hours(1);
  options.quiet_after = std::chrono::milliseconds(1);
  MetricCompactor compactor(*store_, options);
  Log(Stretch(random_, 0, 100));
  compactor.Logged(kRun, kMetric, 1600);
  compactor.LoggedBundle("another", 1);
  compactor.Start();
  EXPECT_TRUE(Eventually(
      [&] { return compactor.folded_points() >= 100 && compactor.waiting_bytes() == 0; }));
  EXPECT_EQ(RawBatches(), 0u);
}

TEST_F(FolderTest, WhatCannotBeFoldedGoesOnCounting) {
  Tally failures;
  CompactorOptions options = Eager();
  options.retry_after = std::chrono::hours(1);
  options.on_failure = [&](const WaitingSeries&, const absl::Status&) { failures.Add(); };
  storage::WriteSet set;
  set.PutOnce(storage::MetricBatchKey(kRun, kMetric, 0, "damaged"), "\xff");
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  MetricCompactor compactor(*store_, options);
  compactor.Logged(kRun, kMetric, 1000);
  compactor.Start();
  failures.WaitFor(1);
  EXPECT_GE(compactor.waiting_bytes(), 1000);
}

TEST_F(FolderTest, ARunWithManyWaitingBundlesTakesNoMore) {
  CompactorOptions options;
  options.max_bundle_bytes = 1000;
  MetricCompactor compactor(*store_, options);
  compactor.LoggedBundle(kRun, 999);
  EXPECT_TRUE(compactor.TakesBundles(kRun));
  compactor.LoggedBundle(kRun, 1);
  EXPECT_FALSE(compactor.TakesBundles(kRun));
  EXPECT_TRUE(compactor.TakesBundles("another"));
}

TEST_F(FolderTest, AFoldThatFailsIsToldAndTriedAgain) {
  Tally failures;
  CompactorOptions options = Eager();
  options.on_failure = [&](const WaitingSeries& series, const absl::Status& status) {
    EXPECT_EQ(series.metric, kMetric);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    failures.Add();
  };
  storage::WriteSet set;
  set.PutOnce(storage::MetricBatchKey(kRun, kMetric, 1, "damaged"), "\xff\xff\xff");
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  options.retry_after = std::chrono::milliseconds(0);
  MetricCompactor compactor(*store_, options);
  compactor.Logged(kRun, kMetric, 3);
  compactor.Start();
  failures.WaitFor(2);
  EXPECT_EQ(RawBatches(), 1u);
  EXPECT_EQ(compactor.folded_points(), 0);
}

}  // namespace
}  // namespace cairn::metrics
