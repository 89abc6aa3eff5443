#include "pipeline/stages/stability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

TrainingRun Labelled(int k, uint32_t seed, std::vector<int32_t> labels, int n_init = 1) {
  TrainingRun run;
  run.point.k = k;
  run.point.seed = seed;
  run.point.n_init = n_init;
  auto fit = std::make_shared<FitOutcome>();
  fit->training_labels = std::move(labels);
  run.fit = std::move(fit);
  return run;
}

// Three groups far apart on a line, each around its own place.
SweepInput ThreeGroups() {
  std::mt19937 random(5);
  SweepInput input;
  input.training.resize(90, 2);
  for (Eigen::Index i = 0; i < 90; ++i) {
    input.training(i, 0) =
        static_cast<double>(100 * (i % 3)) + static_cast<double>(random() % 100) / 50;
    input.training(i, 1) = static_cast<double>(random() % 100) / 50;
    input.training_rows.push_back(static_cast<int32_t>(i));
  }
  input.all = input.training;
  return input;
}

TEST(StabilityTest, SeedsOfAGridAreComparedAtEqualSettings) {
  const std::vector<TrainingRun> runs = {Labelled(2, 1, {0, 0, 1, 1}), Labelled(2, 2, {1, 1, 0, 0}),
                                         Labelled(2, 1, {0, 1, 0, 1}, 5),
                                         Labelled(2, 2, {0, 1, 0, 1}, 5)};
  const auto measured = MeasureStability({}, runs, {0}, {});
  ASSERT_THAT(measured, IsOk());
  // The two pairs agree, though the settings do not with each other.
  EXPECT_EQ(measured->at(2), (Stability{1.0, 2, 0}));
}

TEST(StabilityTest, SeedsThatDisagreeLowerIt) {
  const std::vector<TrainingRun> runs = {Labelled(2, 1, {0, 0, 1, 1}), Labelled(2, 2, {0, 1, 0, 1}),
                                         Labelled(2, 3, {0, 0, 1, 1})};
  const auto measured = MeasureStability({}, runs, {0}, {});
  ASSERT_THAT(measured, IsOk());
  // One pair of three agrees; the index of the others is -0.5.
  EXPECT_DOUBLE_EQ(measured->at(2).rand_index, (1 - 0.5 - 0.5) / 3);
  EXPECT_EQ(measured->at(2).seeds, 3);
}

TEST(StabilityTest, ASingleSeedGetsTwoMoreFits) {
  const SweepInput input = ThreeGroups();
  GridPoint point;
  point.k = 3;
  point.n_init = 10;
  const auto runs = FitGrid(input, {point}, {});
  ASSERT_THAT(runs, IsOk());
  const auto measured = MeasureStability(input, *runs, {0}, {});
  ASSERT_THAT(measured, IsOk());
  EXPECT_EQ(measured->at(3), (Stability{1.0, 3, 2}));
}

// The largest seed there is has a next one too.
TEST(StabilityTest, SeedsBeginAnewBehindTheLast) {
  const SweepInput input = ThreeGroups();
  GridPoint point;
  point.k = 2;
  point.seed = std::numeric_limits<uint32_t>::max();
  const auto runs = FitGrid(input, {point}, {});
  ASSERT_THAT(runs, IsOk());
  const auto measured = MeasureStability(input, *runs, {0}, {});
  ASSERT_THAT(measured, IsOk());
  EXPECT_EQ(measured->at(2).seeds, 3);
}

TEST(StabilityTest, IsSaidInWords) {
  EXPECT_EQ(StabilityWords({0.9987, 5, 0}),
            "over 5 seeds the segments are the same for nearly all customers "
            "(adjusted Rand index 0.999)");
  EXPECT_EQ(StabilityWords({0.41, 3, 2}),
            "over 3 seeds the segments are others for most customers "
            "(adjusted Rand index 0.410)");
}

}  // namespace
}  // namespace cairn::pipeline
