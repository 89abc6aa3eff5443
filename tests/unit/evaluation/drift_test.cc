#include "lib/evaluation/drift.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "tests/unit/evaluation/line_model.h"

namespace cairn::evaluation {
namespace {

using Feature = cairn::v1::SegmentationModel::Feature;

Feature WithEdges(std::initializer_list<double> edges, double min, double max) {
  Feature feature;
  feature.set_min(min);
  feature.set_max(max);
  for (const double edge : edges) feature.add_decile_edges(edge);
  return feature;
}

TEST(Drift, IsZeroWhereEveryDecileHoldsATenth) {
  const Feature feature = LineModel({0}).features(0);
  const std::vector<double> values = {5, 15, 25, 35, 45, 55, 65, 75, 85, 1000};
  EXPECT_NEAR(*StabilityIndex(feature, values), 0, 1e-15);
}

TEST(Drift, IsTheSumOverTheBins) {
  const Feature feature = LineModel({0}).features(0);
  // Half in the first bin, half in the second, an edge belonging to the bin below it.
  const double expected =
      2 * (0.5 - 0.1) * std::log(0.5 / 0.1) + 8 * (1e-4 - 0.1) * std::log(1e-4 / 0.1);
  EXPECT_NEAR(*StabilityIndex(feature, std::vector<double>{10, 20}), expected, 1e-12);
}

TEST(Drift, EqualEdgesAreOneBin) {
  // Half of the training values were 0, and a fifth the greatest one.
  const Feature feature = WithEdges({0, 0, 0, 0, 0, 1, 2, 3, 3}, 0, 3);
  const std::vector<double> same = {0, 0, 0, 0, 0, 0.5, 1.5, 2.5, 3, 3};
  EXPECT_NEAR(*StabilityIndex(feature, same), 0, 1e-15);
}

TEST(Drift, OfTheTrainingRowsThemselvesIsNoneHoweverFrequentTheirValuesAre) {
  // 38 % zeros, 17 % ones, 45 % twos: the deciles alone say 30, 20 and 50.
  Feature feature = WithEdges({0, 0, 0, 1, 1, 2, 2, 2, 2}, 0, 3);
  std::vector<double> training(38, 0);
  training.insert(training.end(), 17, 1);
  training.insert(training.end(), 44, 2);
  training.push_back(3);
  EXPECT_GT(*StabilityIndex(feature, training), 0.01);
  for (const double share : {0.38, 0.38, 0.38, 0.55, 0.55, 0.99, 0.99, 0.99, 0.99}) {
    feature.add_edge_shares(share);
  }
  EXPECT_NEAR(*StabilityIndex(feature, training), 0, 1e-12);
}

TEST(Drift, AColumnThatWasConstantHasMovedWhenItsValueHas) {
  const Feature feature = WithEdges({7, 7, 7, 7, 7, 7, 7, 7, 7}, 7, 7);
  EXPECT_NEAR(*StabilityIndex(feature, std::vector<double>{7, 7, 7}), 0, 1e-15);
  EXPECT_GT(*StabilityIndex(feature, std::vector<double>{7, 7, 8}), 0.25);
  EXPECT_GT(*StabilityIndex(feature, std::vector<double>{7, 7, 6}), 0.25);
}

TEST(Drift, IsNotMeasuredWithoutDecilesOfEveryFeature) {
  auto model = LineModel({0});
  model::Matrix raw(1, 1);
  raw << 5;
  EXPECT_TRUE(LargestStabilityIndex(model, raw).has_value());
  model.mutable_features(0)->clear_decile_edges();
  EXPECT_FALSE(LargestStabilityIndex(model, raw).has_value());
}

}  // namespace
}  // namespace cairn::evaluation
