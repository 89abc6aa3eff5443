#include "pipeline/stages/preparation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

FeatureMatrix RandomFeatures(uint32_t seed, Eigen::Index rows) {
  std::mt19937 random(seed);
  FeatureMatrix out;
  for (const std::string_view name : kFeatureNames) out.columns.emplace_back(name);
  out.values.resize(rows, kFeatureCount);
  for (Eigen::Index i = 0; i < rows; ++i) {
    out.customer_ids.push_back(static_cast<int32_t>(i + 1));
    for (Eigen::Index j = 0; j < kFeatureCount; ++j) {
      out.values(i, j) = static_cast<double>(random() % 10'000) / 7 - 300;
    }
  }
  return out;
}

PipelineConfig Config(std::string_view scaling) {
  PipelineConfig config = PresetConfig("default").value();
  EXPECT_THAT(SetScaling(scaling, &config), IsOk());
  return config;
}

TEST(PreparationTest, OutliersArePartedAndCounted) {
  const FeatureMatrix features = RandomFeatures(1, 400);
  const OutlierResult out = FindOutliers(features, Config("standard")).value();
  EXPECT_EQ(out.scores.size(), 400u);
  EXPECT_EQ(out.removed.size(), 20u);
  EXPECT_EQ(out.kept.size(), 380u);
  for (const int32_t row : out.removed) EXPECT_LT(out.scores[static_cast<size_t>(row)], out.offset);
}

TEST(PreparationTest, WithoutAMethodEverybodyStays) {
  PipelineConfig config = Config("standard");
  config.outliers.method = OutlierMethod::kNone;
  const OutlierResult out = FindOutliers(RandomFeatures(1, 50), config).value();
  EXPECT_EQ(out.kept.size(), 50u);
  EXPECT_TRUE(out.scores.empty());
}

TEST(PreparationTest, TooFewCustomersAreRefused) {
  PipelineConfig config = Config("standard");
  config.outliers.method = OutlierMethod::kNone;
  EXPECT_THAT(FindOutliers(RandomFeatures(1, 2), config),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(PreparationTest, StandardColumnsHaveMeanZeroAndDeviationOne) {
  const FeatureMatrix features = RandomFeatures(2, 300);
  PipelineConfig config = Config("standard");
  const OutlierResult outliers = FindOutliers(features, config).value();
  const Preparation prepared = FitScaling(features, outliers, config).value();
  for (Eigen::Index j = 0; j < kFeatureCount; ++j) {
    const auto column = prepared.prepared.col(j);
    EXPECT_NEAR(column.mean(), 0, 1e-12);
    EXPECT_NEAR((column.array() - column.mean()).square().mean(), 1, 1e-12);
  }
}

TEST(PreparationTest, RowNormColumnsHaveLengthOne) {
  const FeatureMatrix features = RandomFeatures(3, 100);
  const PipelineConfig config = Config("classic");
  const OutlierResult outliers = FindOutliers(features, config).value();
  const Preparation prepared = FitScaling(features, outliers, config).value();
  for (Eigen::Index i = 0; i < prepared.prepared.rows(); ++i) {
    double squares = 0;
    for (const int j :
         {kTotalProductsPurchased, kAverageDaysBetweenPurchases, kCancellationFrequency}) {
      squares += std::pow(prepared.prepared(i, j), 2);
    }
    EXPECT_NEAR(squares, 1, 1e-12);
  }
}

TEST(PreparationTest, ComponentsAreTheSmallestNumberThatExplainsEnough) {
  const FeatureMatrix features = RandomFeatures(4, 300);
  PipelineConfig config = Config("standard");
  config.pca.max_components = kFeatureCount;
  const OutlierResult outliers = FindOutliers(features, config).value();
  Preparation prepared = FitScaling(features, outliers, config).value();
  ASSERT_THAT(FitProjection(features, outliers, config, &prepared), IsOk());
  double sum = 0;
  int count = 0;
  while (sum <= config.pca.variance) sum += prepared.variance_ratios[static_cast<size_t>(count++)];
  EXPECT_EQ(prepared.components.cols(), count);
  EXPECT_EQ(prepared.base.projection().explained_variance_ratio_size(), count);
  EXPECT_EQ(prepared.all_components.rows(), 300);
}

TEST(PreparationTest, TrainingRowsAreRowsOfAllCustomersBitForBit) {
  const FeatureMatrix features = RandomFeatures(5, 200);
  const PipelineConfig config = Config("default");
  const OutlierResult outliers = FindOutliers(features, config).value();
  Preparation prepared = FitScaling(features, outliers, config).value();
  ASSERT_THAT(FitProjection(features, outliers, config, &prepared), IsOk());
  for (size_t i = 0; i < outliers.kept.size(); ++i) {
    EXPECT_EQ(prepared.components.row(static_cast<Eigen::Index>(i)),
              prepared.all_components.row(outliers.kept[i]));
  }
}

TEST(PreparationTest, ThreadsChangeNoBit) {
  const FeatureMatrix features = RandomFeatures(6, 1000);
  PipelineConfig one = Config("default");
  PipelineConfig four = one;
  one.threads = 1;
  four.threads = 4;
  const OutlierResult a = FindOutliers(features, one).value();
  const OutlierResult b = FindOutliers(features, four).value();
  EXPECT_EQ(a.scores, b.scores);
  Preparation pa = FitScaling(features, a, one).value();
  Preparation pb = FitScaling(features, b, four).value();
  ASSERT_THAT(FitProjection(features, a, one, &pa), IsOk());
  ASSERT_THAT(FitProjection(features, b, four, &pb), IsOk());
  EXPECT_EQ(pa.components, pb.components);
  EXPECT_EQ(pa.base.evaluation_space(), pb.base.evaluation_space());
}

}  // namespace
}  // namespace cairn::pipeline
