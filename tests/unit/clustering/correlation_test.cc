#include "lib/clustering/correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

TEST(Correlation, PearsonByHand) {
  // Deviations -1 0 1 and -2 1 1: covariance 3 over sqrt(2 * 6).
  Matrix rows(3, 2);
  rows << 1, 0, 2, 3, 3, 3;
  const auto result = PearsonCorrelation(rows);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR((*result)(0, 1), 3 / std::sqrt(12.0), 1e-15);
  EXPECT_EQ((*result)(1, 0), (*result)(0, 1));
  EXPECT_EQ((*result)(0, 0), 1);
}

TEST(Correlation, SpearmanSeesOnlyTheOrder) {
  Matrix rows(4, 2);
  rows << 1, 1, 2, 10, 3, 100, 4, 1e6;
  const auto spearman = SpearmanCorrelation(rows);
  ASSERT_THAT(spearman, IsOk());
  EXPECT_DOUBLE_EQ((*spearman)(0, 1), 1);
  rows(3, 1) = 0;  // Ranks 2 3 4 1 against 1 2 3 4: 1 - 6 * 12 / (4 * 15).
  EXPECT_NEAR((*SpearmanCorrelation(rows))(0, 1), -0.2, 1e-15);
}

TEST(Correlation, ConstantColumnHasNone) {
  Matrix rows(3, 2);
  rows << 0.1, 1, 0.1, 2, 0.1, 3;
  for (const auto& result : {PearsonCorrelation(rows), SpearmanCorrelation(rows)}) {
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(std::isnan((*result)(0, 1)));
    EXPECT_TRUE(std::isnan((*result)(1, 0)));
    EXPECT_EQ((*result)(0, 0), 1);
  }
}

TEST(Correlation, ValuesNearTheLimitsOfDoubleDoNotOverflow) {
  Matrix rows(3, 2);
  rows << 1e300, -1e-300, 2e300, -2e-300, 3e300, -3e-300;
  EXPECT_NEAR((*PearsonCorrelation(rows))(0, 1), -1, 1e-15);
}

TEST(Correlation, AverageRanksShareTies) {
  EXPECT_THAT(AverageRanks(std::vector<double>{30, 10, 20, 20, 20}), ElementsAre(5, 1, 3, 3, 3));
  EXPECT_THAT(AverageRanks(std::vector<double>{2, 1, 2, 1}), ElementsAre(3.5, 1.5, 3.5, 1.5));
}

TEST(Correlation, StaysWithinBoundsAndKeepsShiftAndScale) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const Matrix rows = Blobs(seed, 120, 4, 3);
    const auto plain = PearsonCorrelation(rows);
    const auto moved = PearsonCorrelation((rows * 8).array() + 64);
    ASSERT_TRUE(plain.ok() && moved.ok());
    EXPECT_LE(plain->cwiseAbs().maxCoeff(), 1);
    EXPECT_LE((*plain - *moved).cwiseAbs().maxCoeff(), 1e-13);
  }
}

TEST(Correlation, RefusesASingleRow) {
  EXPECT_THAT(PearsonCorrelation(Matrix::Zero(1, 2)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SpearmanCorrelation(Matrix::Zero(1, 2)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::clustering
