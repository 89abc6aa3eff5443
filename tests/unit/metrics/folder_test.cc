#include "server/metrics/folder.h"

#include <atomic>
#include <future>
#include <memory>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "tests/unit/metrics/series_fixture.h"

namespace cairn::metrics {
namespace {

class FolderTest : public SeriesFixture {
 protected:
  size_t RawBatches() { return CountKeys(storage::MetricBatchPrefix(kRun, kMetric)); }

  static FolderOptions Eager() {
    FolderOptions options;
    options.min_bytes = 1;
    options.idle_after = std::chrono::milliseconds(1);
    return options;
  }

  std::mt19937_64 random_{7};
};

// Ends when the folder has caught up; the test's time limit is the only clock.
void WaitUntilFolded(const MetricFolder& folder, int64_t points) {
  while (folder.folded_points() < points) std::this_thread::yield();
}

TEST_F(FolderTest, WhatIsLoggedIsFoldedInTheBackgroundAndReadsTheSame) {
  MetricFolder folder(*store_, Eager());
  ASSERT_TRUE(folder.Start().ok());
  for (int64_t i = 0; i < 20; ++i) {
    Log(Stretch(random_, i * 1000, 1000));
    folder.Logged(kRun, kMetric, 16'000);
  }
  WaitUntilFolded(folder, 20'000);
  EXPECT_EQ(RawBatches(), 0u);
  EXPECT_EQ(ReadAll(), Expected());
  EXPECT_GT(folder.folded_bytes(), 0);
}

TEST_F(FolderTest, ABatchOfAnEarlierProcessIsFoundAtTheStart) {
  Log(Stretch(random_, 0, 500));
  MetricFolder folder(*store_, Eager());
  ASSERT_TRUE(folder.Start().ok());
  WaitUntilFolded(folder, 500);
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FolderTest, AFewPointsStayRawUntilNothingIsLoggedAnyMore) {
  FolderOptions options = Eager();
  options.min_bytes = int64_t{1} << 30;
  options.idle_min_bytes = 1;
  Log(Stretch(random_, 0, 10));
  MetricFolder folder(*store_, options);
  EXPECT_EQ(RawBatches(), 1u);
  ASSERT_TRUE(folder.Start().ok());
  WaitUntilFolded(folder, 10);
  EXPECT_EQ(RawBatches(), 0u);
}

TEST_F(FolderTest, WritersWaitForRoomAndAreCalledWhenThereIs) {
  FolderOptions options = Eager();
  options.max_waiting_bytes = 100;
  MetricFolder folder(*store_, options);
  bool now = false;
  folder.WhenRoom([&] { now = true; });
  EXPECT_TRUE(now);

  Log(Stretch(random_, 0, 100));
  folder.Logged(kRun, kMetric, 1600);
  EXPECT_TRUE(folder.full());
  std::promise<void> room;
  folder.WhenRoom([&] { room.set_value(); });
  ASSERT_TRUE(folder.Start().ok());
  room.get_future().wait();
  WaitUntilFolded(folder, 100);
  EXPECT_FALSE(folder.full());
}

TEST_F(FolderTest, WhoWaitsForRoomIsCalledWhenTheFolderStops) {
  FolderOptions options;
  options.max_waiting_bytes = 1;
  bool called = false;
  {
    MetricFolder folder(*store_, options);
    folder.Logged(kRun, kMetric, 100);
    folder.WhenRoom([&] { called = true; });
    EXPECT_FALSE(called);
  }
  EXPECT_TRUE(called);
}

TEST_F(FolderTest, AFoldThatFailsIsToldAndTriedAgain) {
  std::atomic<int> failures{0};
  FolderOptions options = Eager();
  options.on_failure = [&](const WaitingSeries& series, const absl::Status& status) {
    EXPECT_EQ(series.metric, kMetric);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    ++failures;
  };
  storage::WriteSet set;
  set.PutOnce(storage::MetricBatchKey(kRun, kMetric, 1, "damaged"), "\xff\xff\xff");
  ASSERT_TRUE(store_->CommitAndWait(std::move(set)).ok());
  MetricFolder folder(*store_, options);
  ASSERT_TRUE(folder.Start().ok());
  while (failures < 1) std::this_thread::yield();
  EXPECT_EQ(RawBatches(), 1u);
  EXPECT_EQ(folder.folded_points(), 0);
}

}  // namespace
}  // namespace cairn::metrics
