#include "pipeline/stages/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::pipeline {
namespace {

TrainingRun Trained(int k, double inertia, double silhouette, double davies_bouldin, double share,
                    uint32_t seed = 42) {
  TrainingRun run;
  run.point.k = k;
  run.point.seed = seed;
  auto fit = std::make_shared<FitOutcome>();
  fit->training_labels = {0, 0, 1, 1};
  run.fit = std::move(fit);
  run.training.inertia = inertia;
  run.training.silhouette = silhouette;
  run.everyone.silhouette = silhouette;
  run.everyone.davies_bouldin = davies_bouldin;
  run.everyone.min_cluster_share = share;
  run.has_evidence = true;
  return run;
}

PipelineConfig Config() { return PresetConfig("default").value(); }

TEST(SelectionTest, TheSilhouetteOfADegenerateSplitDoesNotWin) {
  const std::vector<TrainingRun> runs = {Trained(2, 100, 0.86, 0.8, 0.005),
                                         Trained(3, 80, 0.25, 1.3, 0.2),
                                         Trained(4, 60, 0.22, 1.4, 0.1)};
  const Selection selection = SelectK(runs, Config(), {}).value();
  EXPECT_EQ(selection.rows[selection.chosen].k, 3);
  EXPECT_FALSE(selection.rows[0].eligible);
  EXPECT_TRUE(selection.rows[0].degenerate);
  EXPECT_EQ(selection.versions, (std::vector<size_t>{1, 2}));
}

TEST(SelectionTest, AWantedKBecomesAVersionWhateverItLooksLike) {
  PipelineConfig config = Config();
  config.registration.always_k = {2};
  const std::vector<TrainingRun> runs = {Trained(2, 100, 0.86, 0.8, 0.005),
                                         Trained(3, 80, 0.25, 1.3, 0.2)};
  EXPECT_EQ(SelectK(runs, config, {}).value().versions, (std::vector<size_t>{1, 0}));
}

TEST(SelectionTest, ADustSegmentLosesToAWorseInertia) {
  const std::vector<TrainingRun> runs = {Trained(3, 70, 0.3, 1.0, 0.009, 1),
                                         Trained(3, 80, 0.25, 1.3, 0.2, 2),
                                         Trained(3, 75, 0.24, 1.3, 0.2, 3)};
  EXPECT_EQ(RepresentativeRuns(runs, 0.02), (std::vector<size_t>{2}));
  EXPECT_EQ(RepresentativeRuns(runs, 0.5), (std::vector<size_t>{0}));
}

TEST(SelectionTest, WithoutAnEligibleKTheReasonSaysWhatFails) {
  const std::vector<TrainingRun> runs = {Trained(3, 80, 0.1, 1.3, 0.2),
                                         Trained(4, 60, 0.15, 1.4, 0.1)};
  const Selection selection = SelectK(runs, Config(), {}).value();
  EXPECT_EQ(selection.rows[selection.chosen].k, 4);
  EXPECT_NE(selection.reason.find("silhouette 0.150 is below 0.200"), std::string::npos);
}

TEST(SelectionTest, OutsideTheRangeOfKSomethingIsStillChosen) {
  const std::vector<TrainingRun> runs = {Trained(9, 80, 0.3, 1.3, 0.2),
                                         Trained(10, 60, 0.4, 1.4, 0.1)};
  EXPECT_EQ(SelectK(runs, Config(), {}).value().rows[1].k, 10);
}

TEST(SelectionTest, TheReasonSaysHowStableTheChosenKIs) {
  const std::vector<TrainingRun> runs = {Trained(3, 80, 0.3, 1, 0.2), Trained(4, 70, 0.4, 1, 0.2)};
  const StabilityByK stability = {{4, {0.62, 3, 2}}};
  const Selection selection = SelectK(runs, Config(), stability).value();
  EXPECT_FALSE(selection.rows[0].stability.has_value());
  EXPECT_EQ(selection.rows[1].stability, (Stability{0.62, 3, 2}));
  EXPECT_THAT(selection.reason,
              ::testing::EndsWith("; over 3 seeds the segments are the same for a part of the "
                                  "customers (adjusted Rand index 0.620)"));
}

TEST(SelectionTest, TheKneeIsFarthestBelowTheChord) {
  EXPECT_EQ(KneeOf({2, 3, 4, 5, 6}, {100, 60, 30, 25, 20}), 2u);
  EXPECT_FALSE(KneeOf({2, 3}, {100, 60}).has_value());
  EXPECT_FALSE(KneeOf({2, 3, 4}, {30, 20, 10}).has_value());
}

TEST(SelectionTest, NoMoreVersionsThanWanted) {
  PipelineConfig config = Config();
  config.registration.max_versions = 1;
  const std::vector<TrainingRun> runs = {Trained(3, 80, 0.25, 1.3, 0.2),
                                         Trained(4, 60, 0.3, 1.2, 0.1)};
  EXPECT_EQ(SelectK(runs, config, {}).value().versions, (std::vector<size_t>{1}));
  config.registration.max_versions = 0;
  EXPECT_TRUE(SelectK(runs, config, {}).value().versions.empty());
}

}  // namespace
}  // namespace cairn::pipeline
