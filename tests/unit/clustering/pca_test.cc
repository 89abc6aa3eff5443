#include "lib/clustering/pca.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(Pca, PointsOnALineByHand) {
  // Along (3, 4) / 5 at -5, 0, 5: variance 25 with ddof 1, nothing across.
  Matrix rows(3, 2);
  rows << -2, -3, 1, 1, 4, 5;
  const auto pca = FitPca(rows);
  ASSERT_THAT(pca, IsOk());
  EXPECT_THAT(pca->mean, ElementsAre(1, 1));
  EXPECT_THAT(pca->variance, ElementsAre(DoubleNear(25, 1e-13), DoubleNear(0, 1e-13)));
  EXPECT_THAT(pca->variance_ratio, ElementsAre(DoubleNear(1, 1e-15), DoubleNear(0, 1e-15)));
  EXPECT_NEAR(pca->components(0, 0), 0.6, 1e-15);
  EXPECT_NEAR(pca->components(0, 1), 0.8, 1e-15);
  const auto projected = Project(*pca, rows, 1);
  ASSERT_THAT(projected, IsOk());
  EXPECT_NEAR((*projected)(0, 0), -5, 1e-14);
  EXPECT_NEAR((*projected)(2, 0), 5, 1e-14);
}

TEST(Pca, LargestEntryOfEveryComponentIsPositive) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const auto pca = FitPca(Blobs(seed, 200, 6, 4));
    ASSERT_THAT(pca, IsOk());
    for (Eigen::Index c = 0; c < 6; ++c) {
      EXPECT_EQ(pca->components.row(c).maxCoeff(), pca->components.row(c).cwiseAbs().maxCoeff());
    }
  }
}

TEST(Pca, ComponentsAreOrthonormalAndDiagonaliseTheData) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const Matrix rows = Blobs(seed, 500, 7, 3);
    const auto pca = FitPca(rows);
    ASSERT_THAT(pca, IsOk());
    const Matrix product = pca->components * pca->components.transpose();
    EXPECT_LE((product - Matrix::Identity(7, 7)).cwiseAbs().maxCoeff(), 1e-13);
    const Matrix projected = *Project(*pca, rows, 7);
    Matrix covariance = projected.transpose() * projected / 499.0;
    for (Eigen::Index c = 0; c < 7; ++c) {
      covariance(c, c) -= pca->variance[static_cast<std::size_t>(c)];
    }
    EXPECT_LE(covariance.cwiseAbs().maxCoeff(), 1e-12 * pca->variance[0]);
  }
}

TEST(Pca, ThreadCountNeverShows) {
  const Matrix rows = Blobs(9, 20011, 5, 4);
  const auto serial = FitPca(rows, 1);
  ASSERT_THAT(serial, IsOk());
  for (const int threads : {2, 5}) {
    const auto parallel = FitPca(rows, threads);
    ASSERT_THAT(parallel, IsOk());
    EXPECT_EQ(parallel->mean, serial->mean);
    EXPECT_EQ(parallel->variance, serial->variance);
    EXPECT_TRUE(parallel->components == serial->components);
  }
}

TEST(Pca, DataWithoutVariationHasRatiosOfZero) {
  const auto pca = FitPca(Matrix::Constant(4, 3, 2.5));
  ASSERT_THAT(pca, IsOk());
  EXPECT_THAT(pca->variance_ratio, ElementsAre(0, 0, 0));
  EXPECT_TRUE(pca->components.allFinite());
}

TEST(ChooseComponents, TakesTheFirstSumAboveTheTarget) {
  const std::vector<double> ratio{0.5, 0.25, 0.125, 0.125};
  EXPECT_EQ(*ChooseComponents(ratio, 0.8, 1, 4), 3);
  EXPECT_EQ(*ChooseComponents(ratio, 0.75, 1, 4), 3);  // A sum equal to the target is not above it.
  EXPECT_EQ(*ChooseComponents(ratio, 0.1, 2, 4), 2);
  EXPECT_EQ(*ChooseComponents(ratio, 0.99, 1, 2), 2);
  EXPECT_EQ(*ChooseComponents(ratio, 1, 1, 8), 4);
}

TEST(Pca, RefusesWhatItCannotDoAndSaysWhy) {
  EXPECT_THAT(std::string(FitPca(Matrix::Zero(1, 2)).status().message()),
              HasSubstr("rows: has 1 rows; must have at least 2"));
  EXPECT_THAT(std::string(FitPca(Matrix::Identity(2, 2) * 1e300).status().message()),
              HasSubstr("overflows"));
  const std::vector<double> ratio{0.5, 0.5};
  EXPECT_THAT(std::string(ChooseComponents(ratio, 1.5, 1, 2).status().message()),
              HasSubstr("target: value 1.5"));
  EXPECT_THAT(std::string(ChooseComponents(ratio, 0.5, 3, 4).status().message()),
              HasSubstr("low: value 3"));
  EXPECT_THAT(std::string(ChooseComponents(ratio, 0.5, 2, 1).status().message()),
              HasSubstr("high: value 1"));
  const auto pca = FitPca(Matrix::Identity(3, 2));
  ASSERT_THAT(pca, IsOk());
  EXPECT_THAT(std::string(Project(*pca, Matrix::Zero(1, 3), 1).status().message()),
              HasSubstr("rows: has 3 columns"));
  EXPECT_THAT(std::string(Project(*pca, Matrix::Zero(1, 2), 3).status().message()),
              HasSubstr("count: value 3"));
}

}  // namespace
}  // namespace cairn::clustering
