#include "pipeline/monitoring/feature_drift.h"

#include <cmath>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "lib/base/errors.h"

namespace cairn::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

FeatureMatrix TableOf(const std::vector<std::string>& columns,
                      const std::vector<std::vector<double>>& rows) {
  FeatureMatrix out;
  out.columns = columns;
  out.values.resize(static_cast<Eigen::Index>(rows.size()),
                    static_cast<Eigen::Index>(columns.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    out.customer_ids.push_back(static_cast<int32_t>(i));
    for (size_t j = 0; j < columns.size(); ++j) {
      out.values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = rows[i][j];
    }
  }
  return out;
}

// Values of one law, moved by `shift`.
FeatureMatrix Drawn(uint32_t seed, double shift, int rows = 1000) {
  std::mt19937 random(seed);
  std::normal_distribution<double> law(10, 2);
  std::vector<std::vector<double>> values;
  for (int i = 0; i < rows; ++i) values.push_back({law(random) + shift});
  return TableOf({"spend"}, values);
}

TEST(FeatureDrift, OfTwoSamplesOfOneLawIsStable) {
  const auto report = MeasureDrift(Drawn(1, 0), Drawn(2, 0), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, DriftVerdict::kStable);
  EXPECT_LT(report->psi_max, 0.05);
  EXPECT_GT(report->features[0].p_value, 0.01);
  EXPECT_THAT(report->features[0].reason, IsEmpty());
  EXPECT_EQ(report->reference_rows, 1000);
}

TEST(FeatureDrift, OfAShiftIsDriftedAndSaysWhatMoved) {
  const auto report = MeasureDrift(Drawn(1, 0), Drawn(2, 3), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, DriftVerdict::kDrifted);
  EXPECT_LT(report->features[0].p_value, 1e-9);
  EXPECT_NEAR(report->features[0].current_median - report->features[0].reference_median, 3, 0.3);
  EXPECT_THAT(report->features[0].reason, HasSubstr("PSI"));
  EXPECT_THAT(DriftTable(*report), HasSubstr("spend"));
}

TEST(FeatureDrift, OneMeasureAloneDoesNotJudge) {
  // One customer in twenty leaves a constant: the index is large, the distance 0.05.
  std::vector<std::vector<double>> constant(100, {1.0});
  auto moved = constant;
  for (size_t i = 0; i < 5; ++i) moved[i][0] = 0.5;
  DriftLimits limits;
  limits.out_of_range_warning = limits.out_of_range_drift = 1;
  const auto report = MeasureDrift(TableOf({"x"}, constant), TableOf({"x"}, moved), limits);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->psi_max, limits.psi_drift);
  EXPECT_LT(report->ks_max, limits.ks_warning);
  EXPECT_EQ(report->verdict, DriftVerdict::kStable);
}

TEST(FeatureDrift, ValuesOutsideTheRangeAndMissingOnesCountByThemselves) {
  std::vector<std::vector<double>> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({static_cast<double>(i)});
  auto now = rows;
  for (size_t i = 90; i < 100; ++i) now[i][0] = 1e6;
  const auto outside = MeasureDrift(TableOf({"x"}, rows), TableOf({"x"}, now), {});
  ASSERT_TRUE(outside.ok()) << outside.status();
  EXPECT_DOUBLE_EQ(outside->features[0].out_of_range_share, 0.1);
  EXPECT_EQ(outside->verdict, DriftVerdict::kDrifted);

  for (size_t i = 90; i < 100; ++i) now[i][0] = std::numeric_limits<double>::quiet_NaN();
  const auto missing = MeasureDrift(TableOf({"x"}, rows), TableOf({"x"}, now), {});
  ASSERT_TRUE(missing.ok()) << missing.status();
  EXPECT_NEAR(missing->features[0].missing_share, 0.1, 1e-12);
  EXPECT_EQ(missing->verdict, DriftVerdict::kDrifted);
}

TEST(FeatureDrift, AFeatureWithoutAnyValueIsDriftedAndNoFault) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto report = MeasureDrift(TableOf({"x"}, {{1}, {2}}), TableOf({"x"}, {{nan}, {nan}}), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->features[0].reason, "there is no value");
}

TEST(FeatureDrift, ColumnsAreFoundByNameAndOneThatIsAbsentIsNamed) {
  const FeatureMatrix reference = TableOf({"a", "b"}, {{1, 2}, {3, 4}});
  const auto swapped =
      MeasureDrift(reference, TableOf({"other", "b", "a"}, {{0, 2, 1}, {0, 4, 3}}), {});
  ASSERT_TRUE(swapped.ok()) << swapped.status();
  EXPECT_EQ(swapped->ks_max, 0);
  const auto absent = MeasureDrift(reference, TableOf({"a"}, {{1}}), {});
  EXPECT_TRUE(HasReason(absent.status(), ErrorReason::COLUMN_MISSING));
  EXPECT_THAT(std::string(absent.status().message()), HasSubstr("b"));
  EXPECT_FALSE(MeasureDrift(reference, TableOf({"a", "b"}, {}), {}).ok());
}

}  // namespace
}  // namespace cairn::pipeline
