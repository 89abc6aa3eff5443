#include "lib/clustering/scaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

std::vector<double> Values(const Matrix& matrix) {
  return {matrix.data(), matrix.data() + matrix.size()};
}

std::vector<double> FitApply(ScaleRule rule, const std::vector<double>& fit,
                             const std::vector<double>& apply) {
  const auto scaler = Scaler::Fit(Column(fit), std::vector<ScaleRule>{rule});
  EXPECT_THAT(scaler, IsOk());
  const auto result = scaler->Apply(Column(apply));
  EXPECT_THAT(result, IsOk());
  return Values(*result);
}

TEST(Scaler, StandardUsesThePopulationDeviation) {
  // Mean 5, squared deviations 9 1 1 1 0 0 4 16 over 8 rows: deviation 2.
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  const ColumnScale column = FitStandard(values);
  EXPECT_EQ(column.center, 5);
  EXPECT_EQ(column.scale, 2);
  EXPECT_THAT(FitApply(ScaleRule::kStandard, values, {5, 9, 4}), ElementsAre(0, 2, -0.5));
}

TEST(Scaler, ConstantColumnsKeepTheirUnit) {
  EXPECT_THAT(FitApply(ScaleRule::kStandard, {7, 7, 7}, {7, 8}), ElementsAre(0, 1));
  // Ten times 0.1 + 0.2 sums to a mean whose last bit is off; that is no variation.
  const std::vector<double> nearly(10, 0.1 + 0.2);
  EXPECT_EQ(FitStandard(nearly).scale, 1);
  EXPECT_THAT(FitApply(ScaleRule::kRobust, {3, 3, 3, 3}, {3, 5}), ElementsAre(0, 2));
}

TEST(Scaler, VariationAtTheRoundingOfALargeMeanIsNone) {
  const double large = 1e15;
  EXPECT_EQ(FitStandard(std::vector<double>{large, large + 0.125}).scale, 1);
  EXPECT_NEAR(FitStandard(std::vector<double>{1, 1 + 1e-6}).scale, 5e-7, 1e-15);
}

TEST(Scaler, RobustUsesMedianAndQuartiles) {
  // Quartiles of 1 … 5 are 2 and 4, the outlier moves neither.
  const ColumnScale column = FitRobust(std::vector<double>{1, 2, 3, 4, 1000});
  EXPECT_EQ(column.center, 3);
  EXPECT_EQ(column.scale, 2);
}

TEST(Scaler, QuantileInterpolatesSharesAndClampsOutside) {
  EXPECT_THAT(FitApply(ScaleRule::kQuantile, {0, 10, 20, 30, 40}, {-5, 0, 5, 20, 37, 40, 99}),
              ElementsAre(0, 0, 0.125, 0.5, DoubleEq(0.925), 1, 1));
}

TEST(Scaler, QuantileTakesTheMiddleOfATie) {
  // The value 1 takes up the shares 0.25 to 0.75.
  EXPECT_THAT(FitApply(ScaleRule::kQuantile, {0, 1, 1, 1, 2}, {1}), ElementsAre(0.5));
}

TEST(Scaler, QuantileCountIsLimitedByTheRows) {
  const std::vector<double> values{5, 1, 3};
  EXPECT_THAT(FitQuantile(values).quantiles, ElementsAre(1, 3, 5));
  EXPECT_THAT(FitQuantile(values, 2).quantiles, ElementsAre(1, 5));
}

TEST(Scaler, RowNormDividesOnlyItsColumns) {
  const std::vector<ScaleRule> rules{ScaleRule::kRowNorm, ScaleRule::kNone, ScaleRule::kRowNorm};
  Matrix rows(2, 3);
  rows << 3, 7, -4,  //
      0, 2, 0;
  const auto scaler = Scaler::Fit(rows, rules);
  ASSERT_THAT(scaler, IsOk());
  const auto result = scaler->Apply(rows);
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(Values(*result), ElementsAre(0.6, 7, -0.8, 0, 2, 0));
}

TEST(Scaler, RowNormGroupsAreIndependent) {
  const std::vector<ColumnConfig> configs{{.rule = ScaleRule::kRowNorm, .row_norm_group = 2},
                                          {.rule = ScaleRule::kRowNorm, .row_norm_group = 7},
                                          {.rule = ScaleRule::kRowNorm, .row_norm_group = 2},
                                          {.rule = ScaleRule::kRowNorm, .row_norm_group = 7}};
  Matrix rows(1, 4);
  rows << 3, 5, 4, -12;
  const auto scaler = Scaler::Fit(rows, configs);
  ASSERT_THAT(scaler, IsOk());
  EXPECT_THAT(Values(*scaler->Apply(rows)),
              ElementsAre(0.6, DoubleEq(5.0 / 13), 0.8, DoubleEq(-12.0 / 13)));
}

TEST(Scaler, TransformComesBeforeTheRule) {
  // Logarithms 0 and 2: mean 1, deviation 1. The norm of (log 4, 0) is log 4.
  const std::vector<ColumnConfig> configs{
      {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kStandard},
      {.transform = ColumnTransform::kSignedLog},
      {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kRowNorm},
      {.rule = ScaleRule::kRowNorm}};
  Matrix rows(2, 4);
  rows << 0, -3, 3, 0,  //
      std::expm1(2.0), 3, 3, 0;
  const auto scaler = Scaler::Fit(rows, configs);
  ASSERT_THAT(scaler, IsOk());
  EXPECT_DOUBLE_EQ(scaler->columns()[0].center, 1);
  EXPECT_DOUBLE_EQ(scaler->columns()[0].scale, 1);
  EXPECT_EQ(scaler->columns()[1].transform, ColumnTransform::kSignedLog);
  EXPECT_THAT(Values(*scaler->Apply(rows)),
              ElementsAre(DoubleEq(-1), DoubleEq(-std::log(4.0)), 1, 0,  //
                          DoubleEq(1), DoubleEq(std::log(4.0)), 1, 0));
}

TEST(Scaler, SignedLogKeepsSignAndZero) {
  EXPECT_EQ(SignedLog(0), 0);
  EXPECT_DOUBLE_EQ(SignedLog(std::exp(1.0) - 1), 1);
  EXPECT_EQ(SignedLog(-12.5), -SignedLog(12.5));
  const auto result = SignedLogColumns(Matrix::Constant(1, 2, 3.0), {true, false});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(Values(*result), ElementsAre(DoubleEq(std::log(4.0)), 3));
}

TEST(Percentile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> values{40, 10, 30, 20};
  EXPECT_EQ(Percentile(values, 0), 10);
  EXPECT_EQ(Percentile(values, 50), 25);
  EXPECT_EQ(Percentile(values, 100), 40);
  EXPECT_DOUBLE_EQ(Percentile(values, 10), 13);
  EXPECT_EQ(Percentile(std::vector<double>{6}, 33), 6);
  const std::vector<double> sorted{10, 20, 30, 40};
  for (const double p : {0.0, 10.0, 33.3, 50.0, 99.9, 100.0}) {
    EXPECT_EQ(PercentileOfSorted(sorted, p), Percentile(values, p));
  }
}

TEST(Scaler, RowsScaleTheSameAloneAndTogether) {
  const Matrix rows = Blobs(3, 300, 5, 4);
  const std::vector<ColumnConfig> configs{
      {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kStandard},
      {.rule = ScaleRule::kRobust},
      {.rule = ScaleRule::kQuantile},
      {.rule = ScaleRule::kRowNorm},
      {.transform = ColumnTransform::kSignedLog, .rule = ScaleRule::kRowNorm}};
  const auto scaler = Scaler::Fit(rows, configs);
  ASSERT_THAT(scaler, IsOk());
  const auto together = scaler->Apply(rows);
  ASSERT_THAT(together, IsOk());
  const auto stored = Scaler::FromColumns(scaler->columns());
  ASSERT_THAT(stored, IsOk());
  for (Eigen::Index i = 0; i < rows.rows(); i += 17) {
    const auto alone = stored->Apply(rows.row(i));
    ASSERT_THAT(alone, IsOk());
    EXPECT_TRUE(*alone == together->row(i)) << "row " << i;
  }
}

TEST(Scaler, RefusesWhatItCannotDoAndSaysWhy) {
  const std::vector<ScaleRule> one{ScaleRule::kStandard};
  EXPECT_THAT(std::string(Scaler::Fit(Matrix::Zero(2, 2), one).status().message()),
              HasSubstr("rules: value 1; must be one per column, 2"));
  EXPECT_THAT(std::string(Scaler::Fit(Matrix(0, 1), one).status().message()),
              HasSubstr("rows: has 0 rows"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(std::string(Scaler::Fit(Column({1, nan}), one).status().message()),
              HasSubstr("at row 1, column 0; must be finite"));
  EXPECT_THAT(std::string(Scaler::Fit(Column({1e300, -1e300}), one).status().message()),
              HasSubstr("columns[0].scale"));
  EXPECT_THAT(std::string(Scaler::FromColumns({{.scale = 0}}).status().message()),
              HasSubstr("columns[0].scale: value 0; must be finite and not 0"));
  EXPECT_THAT(std::string(Scaler::FromColumns({{.rule = ScaleRule::kQuantile, .quantiles = {2, 1}}})
                              .status()
                              .message()),
              HasSubstr("columns[0].quantiles: value 1 at 1"));
  const std::vector<ColumnConfig> group{{.rule = ScaleRule::kRowNorm, .row_norm_group = 0}};
  EXPECT_THAT(std::string(Scaler::Fit(Column({1}), group).status().message()),
              HasSubstr("columns[0].row_norm_group: value 0; must be >= 1"));
  EXPECT_THAT(Scaler::FromColumns({}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::clustering
