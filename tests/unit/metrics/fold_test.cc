#include "server/metrics/fold.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/metrics/block_codec.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/metrics/series_fixture.h"

namespace cairn::metrics {
namespace {

using storage::KeyKind;
using testing::FailsWith;
using testing::IsOk;

class FoldTest : public SeriesFixture {};

TEST_F(FoldTest, BlocksReplaceTheRawBatches) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 5; ++i) Log(Stretch(random, i * 1000, 1000));
  FoldAll();
  EXPECT_EQ(CountKind(KeyKind::kMetricBatch), 0u);
  EXPECT_EQ(CountKind(KeyKind::kMetricBlock), 5u);
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FoldTest, ASecondFoldFindsNothing) {
  std::mt19937_64 random(2);
  Log(Stretch(random, 0, 100));
  FoldAll();
  const FoldPlan plan = PlanOnce();
  EXPECT_TRUE(plan.nothing_to_write);
  EXPECT_FALSE(plan.more);
  EXPECT_TRUE(plan.write_set.puts.empty());
}

TEST_F(FoldTest, OfTwoFoldsFromOneSnapshotTheSecondIsRefused) {
  std::mt19937_64 random(3);
  Log(Stretch(random, 0, 100));
  FoldPlan first = PlanOnce();
  FoldPlan second = PlanOnce();
  EXPECT_THAT(store_->CommitAndWait(std::move(first.write_set)), IsOk());
  const auto refused = store_->CommitAndWait(std::move(second.write_set));
  EXPECT_TRUE(HasReason(refused.status(), ErrorReason::COMMIT_CONFLICT));
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FoldTest, AFoldPlannedBeforeThePurgeBringsNothingBack) {
  std::mt19937_64 random(4);
  Log(Stretch(random, 0, 100));
  FoldPlan plan = PlanOnce();
  storage::WriteSet purge;
  purge.Delete(storage::RunKey(kRun));
  ASSERT_THAT(store_->CommitAndWait(std::move(purge)), IsOk());
  EXPECT_THAT(store_->CommitAndWait(std::move(plan.write_set)),
              FailsWith(ErrorReason::COMMIT_CONFLICT));
}

TEST_F(FoldTest, PointsLoggedBetweenPlanAndCommitStay) {
  std::mt19937_64 random(5);
  Log(Stretch(random, 0, 100));
  FoldPlan plan = PlanOnce();
  Log(Stretch(random, 100, 100));
  ASSERT_THAT(store_->CommitAndWait(std::move(plan.write_set)), IsOk());
  EXPECT_EQ(ReadAll(), Expected());
  FoldAll();
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FoldTest, AppendsRewriteNoMoreThanTheLastBlock) {
  std::mt19937_64 random(6);
  Log(Stretch(random, 0, 50 * kBlockPoints + 10));
  FoldAll();
  Log(Stretch(random, 50 * kBlockPoints + 10, 20));
  const FoldPlan plan = PlanOnce();
  // One block and the series record, whose root has 51 entries.
  EXPECT_EQ(plan.write_set.puts.size(), 2u);
  EXPECT_EQ(plan.write_set.deletes.size(), 2u);
}

TEST_F(FoldTest, ExactDuplicatesAreStoredOnce) {
  std::mt19937_64 random(7);
  const PointColumns points = Stretch(random, 0, 3000);
  Log(points);
  FoldAll();
  Log(points);
  Log(points);
  FoldAll();
  EXPECT_EQ(ReadAll(), Expected());
  EXPECT_EQ(State().levels.size(), 1u);
  EXPECT_EQ(State().levels[0].count(), 3000);
}

TEST_F(FoldTest, ManyPointsAtOneStepAndTime) {
  std::mt19937_64 random(8);
  for (int batch = 0; batch < 6; ++batch) {
    PointColumns points;
    for (int i = 0; i < 1500; ++i) points.Append(0, 42, static_cast<double>(random() % 6000));
    Log(points);
    FoldAll();
  }
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FoldTest, BoundedStepsReachTheSameEnd) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 40; ++i) Log(Stretch(random, i * 100, 100));
  FoldOptions options;
  options.max_raw_bytes = 5000;
  const FoldPlan plan = PlanOnce(options);
  EXPECT_LT(plan.raw_batches, 10);
  EXPECT_TRUE(plan.more);
  FoldAll(options);
  EXPECT_EQ(CountKind(KeyKind::kMetricBatch), 0u);
  EXPECT_EQ(ReadAll(), Expected());
}

TEST_F(FoldTest, ScatteredPointsGoToALevelOfTheirOwnAndComeDownLater) {
  std::mt19937_64 random(10);
  Log(Stretch(random, 0, 200 * kBlockPoints));
  FoldAll();
  size_t most_levels = 0;
  int64_t written = 0;
  int64_t raw = 0;
  for (int round = 0; round < 60; ++round) {
    PointColumns points;
    for (int i = 0; i < 500; ++i) {
      points.Append(static_cast<int64_t>(random() % (200 * kBlockPoints)), round, 0.5);
    }
    raw += static_cast<int64_t>(points.size());
    Log(points);
    written += FoldAll();
    most_levels = std::max(most_levels, State().levels.size());
  }
  EXPECT_GT(most_levels, 1u);
  EXPECT_LT(most_levels, 6u);
  EXPECT_EQ(ReadAll(), Expected());
  // Merging into the main run each time would write all of it: 200,000 points a round.
  EXPECT_LT(written, raw * 400);
}

TEST_F(FoldTest, NoBlockOrNodeIsLeftBehind) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 30; ++round) {
    const auto at = static_cast<int64_t>(random() % 200'000);
    Log(Stretch(random, at, 1 + random() % 9000, static_cast<int64_t>(random() % 5)));
    if (round % 3 == 0) FoldAll();
  }
  FoldAll();
  size_t blocks = 0;
  size_t nodes = 0;
  const auto snapshot = store_->GetSnapshot();
  const SeriesStore series(*snapshot, kRun, kMetric);
  for (const Level& level : State().levels) {
    Entries entries = level.root;
    for (int height = level.height; height > 0; --height) {
      nodes += entries.size();
      Entries below;
      for (const Entry& entry : entries) {
        const Entries children = series.ReadNode(entry).value();
        EXPECT_LE(children.size(), kFanout);
        below.insert(below.end(), children.begin(), children.end());
      }
      entries = below;
    }
    blocks += entries.size();
  }
  EXPECT_EQ(CountKind(KeyKind::kMetricBlock), blocks);
  EXPECT_EQ(CountKind(KeyKind::kMetricNode), nodes);
  EXPECT_GT(nodes, 0u);
  EXPECT_EQ(ReadAll(), Expected());
}

// Whatever is logged in whatever order, with folds of any size in between, what
// is read is the sorted set of what was logged.
TEST_F(FoldTest, RandomHistoriesReadAsTheSetOfTheirPoints) {
  for (uint64_t seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    store_ = storage::MakeMemoryStore();
    storage::WriteSet run;
    run.PutRecord(storage::RunKey(kRun), "run");
    ASSERT_THAT(store_->CommitAndWait(std::move(run)), IsOk());
    logged_.clear();
    const int64_t span = seed % 2 == 0 ? 30'000 : 300;
    PointColumns before;
    int64_t next = 0;
    for (int round = 0; round < 40; ++round) {
      PointColumns points;
      const size_t count = 1 + random() % 1500;
      switch (random() % 4) {
        case 0:  // goes on where it was
          points = Stretch(random, next, count);
          next += static_cast<int64_t>(count);
          break;
        case 1:  // a resumed run: some steps again, at other times
          points = Stretch(random, next / 2, count, 500);
          break;
        case 2:  // anywhere
          for (size_t i = 0; i < count; ++i) {
            points.Append(static_cast<int64_t>(random()) % span, static_cast<int64_t>(random() % 4),
                          static_cast<double>(random() % 9));
          }
          break;
        default:  // a batch once more
          points = before.empty() ? Stretch(random, 0, count) : before;
          break;
      }
      Log(points);
      before = points;
      FoldOptions options;
      options.max_raw_bytes = 1000 + static_cast<int64_t>(random() % 100'000);
      options.amplification = 1 + static_cast<int64_t>(random() % 4);
      if (random() % 3 == 0) FoldAll(options);
      if (random() % 5 == 0) {
        ASSERT_EQ(ReadAll(), Expected());
      }
    }
    const StepRange range{-span / 3, span / 2};
    ASSERT_EQ(ReadAll(range), Expected(range));
    FoldAll();
    ASSERT_EQ(ReadAll(), Expected());
    ASSERT_EQ(ReadAll(range), Expected(range));
  }
}

}  // namespace
}  // namespace cairn::metrics
