#include "pipeline/stages/preparation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/clustering/scaler.h"
#include "lib/model/transform.h"
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

// Kind of fault: an error that names a row and a column of a matrix nobody has seen.
TEST(PreparationTest, AValueThatAForestCannotTakeIsNamedWithCustomerAndFeature) {
  FeatureMatrix features = RandomFeatures(1, 50);
  features.values(3, kTotalSpend) = -1e100;
  PipelineConfig config = PresetConfig("default").value();
  const absl::Status status = FindOutliers(features, config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MetadataOf(status, "customer"), "4");
  EXPECT_EQ(MetadataOf(status, "field"), "Total_Spend");
  EXPECT_EQ(MetadataOf(status, "value"), "-1e+100");
  EXPECT_THAT(std::string(status.message()),
              ::testing::StartsWith("Total_Spend of customer 4 is -1e+100: must be within"));
  config.outliers.method = OutlierMethod::kNone;
  EXPECT_THAT(FindOutliers(features, config), IsOk());
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

// Random features but for one column that is known.
FeatureMatrix WithColumn(Eigen::Index column, const std::vector<double>& values) {
  FeatureMatrix features = RandomFeatures(7, static_cast<Eigen::Index>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    features.values(static_cast<Eigen::Index>(i), column) = values[i];
  }
  return features;
}

PipelineConfig Everybody(std::string_view scaling) {
  PipelineConfig config = Config(scaling);
  config.outliers.method = OutlierMethod::kNone;
  return config;
}

// Expected figures are those of scikit-learn's QuantileTransformer, uniform, with as many quantiles
// as values.
TEST(PreparationTest, QuantileColumnsAreTheSharesThatScikitLearnGives) {
  const FeatureMatrix features = WithColumn(kTotalSpend, {3, 1, 1, 4, 2, 1, 9, 4, 2.5, 7});
  const PipelineConfig config = Everybody("quantile");
  const OutlierResult outliers = FindOutliers(features, config).value();
  const Preparation prepared = FitScaling(features, outliers, config).value();
  const std::vector<double> expected = {0.5555555555555556,
                                        0,
                                        0,
                                        0.7777777777777777,
                                        0.3333333333333335,
                                        0,
                                        1,
                                        0.7777777777777777,
                                        0.4444444444444444,
                                        0.8888888888888888};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(prepared.prepared(static_cast<Eigen::Index>(i), kTotalSpend), expected[i], 1e-15);
  }
  // Values that were not trained on, the ends and a repeated value among them.
  const std::vector<std::pair<double, double>> others = {{0, 0},
                                                         {1, 0},
                                                         {1.5, 0.2777777777777778},
                                                         {3.5, 0.6111111111111112},
                                                         {4, 0.7777777777777777},
                                                         {5, 0.8148148148148148},
                                                         {8, 0.9444444444444444},
                                                         {10, 1}};
  RowMajorMatrix rows =
      RowMajorMatrix::Zero(static_cast<Eigen::Index>(others.size()), kFeatureCount);
  for (size_t i = 0; i < others.size(); ++i) {
    rows(static_cast<Eigen::Index>(i), kTotalSpend) = others[i].first;
  }
  const RowMajorMatrix shares = model::PrepareRows(prepared.base, rows);
  for (size_t i = 0; i < others.size(); ++i) {
    EXPECT_NEAR(shares(static_cast<Eigen::Index>(i), kTotalSpend), others[i].second, 1e-15)
        << others[i].first;
  }
}

// Kind of fault: the model scales otherwise than the library it was fitted with.
TEST(PreparationTest, EveryScalingOfAModelIsThatOfTheScaler) {
  using clustering::ColumnTransform;
  using clustering::ScaleRule;
  const std::map<std::string, clustering::ColumnConfig> scalers = {
      {"none", {}},
      {"standard", {.rule = ScaleRule::kStandard}},
      {"robust", {.rule = ScaleRule::kRobust}},
      {"quantile", {.rule = ScaleRule::kQuantile}},
      {"row_norm", {.rule = ScaleRule::kRowNorm}},
      {"log", {.transform = ColumnTransform::kSignedLog}},
      {"log_standard", {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kStandard}},
      {"log_robust", {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kRobust}},
      {"log_row_norm", {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kRowNorm}}};
  ASSERT_EQ(scalers.size(), kColumnScalings.size());
  const FeatureMatrix features = RandomFeatures(8, 1500);
  for (const ColumnScaling scaling : kColumnScalings) {
    const std::string name(ColumnScalingName(scaling));
    SCOPED_TRACE(name);
    const PipelineConfig config = Everybody(name);
    const OutlierResult outliers = FindOutliers(features, config).value();
    const Preparation prepared = FitScaling(features, outliers, config).value();
    const std::vector<clustering::ColumnConfig> columns(kFeatureNames.size(), scalers.at(name));
    const auto scaler = clustering::Scaler::Fit(features.values, columns);
    ASSERT_THAT(scaler, IsOk());
    const RowMajorMatrix expected = scaler->Apply(features.values).value();
    EXPECT_LE((prepared.prepared - expected).cwiseAbs().maxCoeff(), 1e-14);
  }
}

TEST(PreparationTest, AQuantileScalingFittedToOtherRowsIsAnotherEvaluationSpace) {
  const PipelineConfig config = Everybody("quantile");
  std::set<std::string> spaces;
  for (const double last : {7.0, 8.0}) {
    const FeatureMatrix features =
        WithColumn(kTotalSpend, {3, 1, 1, 4, 2, 1, 9, 4, 2.5, 6, 5, 8, 12, 20, 30, 2, last});
    const OutlierResult outliers = FindOutliers(features, config).value();
    Preparation prepared = FitScaling(features, outliers, config).value();
    ASSERT_THAT(FitProjection(features, outliers, config, &prepared), IsOk());
    spaces.insert(prepared.base.evaluation_space());
  }
  EXPECT_EQ(spaces.size(), 2u);
}

TEST(PreparationTest, ExtraComponentsAreKeptAsFarAsTheMostAllow) {
  const FeatureMatrix features = RandomFeatures(4, 300);
  PipelineConfig config = Config("standard");
  config.pca.max_components = kFeatureCount;
  const OutlierResult outliers = FindOutliers(features, config).value();
  const auto count = [&](int extra, int most) {
    config.pca.extra_components = extra;
    config.pca.max_components = most;
    Preparation prepared = FitScaling(features, outliers, config).value();
    EXPECT_THAT(FitProjection(features, outliers, config, &prepared), IsOk());
    return static_cast<int>(prepared.components.cols());
  };
  const int enough = count(0, kFeatureCount);
  ASSERT_LT(enough + 1, static_cast<int>(kFeatureCount));
  EXPECT_EQ(count(1, kFeatureCount), enough + 1);
  EXPECT_EQ(count(1, enough), enough);
  EXPECT_EQ(count(14, kFeatureCount), static_cast<int>(kFeatureCount));
  EXPECT_EQ(count(1, 2), 2);
}

}  // namespace
}  // namespace cairn::pipeline
