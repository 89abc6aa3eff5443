#include "lib/clustering/kmeans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "lib/clustering/indices.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

KMeansOptions Options(int k, int n_init = 3) {
  KMeansOptions options;
  options.k = k;
  options.n_init = n_init;
  return options;
}

void ExpectSameBits(const KMeansResult& a, const KMeansResult& b) {
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_TRUE(a.centers == b.centers);
  EXPECT_EQ(a.inertia, b.inertia);
  EXPECT_EQ(a.n_iter, b.n_iter);
  EXPECT_EQ(a.converged, b.converged);
}

TEST(KMeans, TwoPairsOfPointsByHand) {
  KMeansOptions options = Options(2);
  options.initial_centers = Column({0, 1});
  const auto fit = Fit(Column({0, 1, 9, 10}), options);
  ASSERT_THAT(fit, IsOk());
  EXPECT_THAT(fit->labels, ElementsAre(0, 0, 1, 1));
  EXPECT_DOUBLE_EQ(fit->centers(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(fit->centers(1, 0), 9.5);
  EXPECT_DOUBLE_EQ(fit->inertia, 1.0);
  // {0}{1,9,10}, then {0,1}{9,10}, then the same labels again.
  EXPECT_EQ(fit->n_iter, 3);
  EXPECT_TRUE(fit->converged);
}

TEST(KMeans, StopsAtMaxIterUnconverged) {
  KMeansOptions options = Options(2);
  options.initial_centers = Column({0, 1});
  options.limits.max_iter = 1;
  const auto fit = Fit(Column({0, 1, 9, 10}), options);
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->n_iter, 1);
  EXPECT_FALSE(fit->converged);
}

TEST(KMeans, EmptyClusterTakesTheFarthestPoint) {
  KMeansOptions options = Options(2);
  options.initial_centers = Column({2, 1000});
  const auto fit = Fit(Column({0, 1, 2, 30}), options);
  ASSERT_THAT(fit, IsOk());
  EXPECT_THAT(fit->labels, ElementsAre(0, 0, 0, 1));
  EXPECT_DOUBLE_EQ(fit->centers(1, 0), 30);
}

TEST(KMeans, FewerDistinctRowsThanClustersLeavesFiniteCentres) {
  const auto fit = Fit(Column({5, 5, 5, 5}), Options(3));
  ASSERT_THAT(fit, IsOk());
  EXPECT_TRUE(fit->centers == Column({5, 5, 5}));
  EXPECT_EQ(fit->inertia, 0);
}

TEST(KMeans, ThreadCountNeverShows) {
  for (const Eigen::Index rows : {7, 256, 1031, 66000}) {
    SCOPED_TRACE(rows);
    const Matrix data = Blobs(static_cast<std::uint32_t>(rows), rows, 4, 5);
    KMeansOptions options = Options(5, 2);
    const auto one = Fit(data, options);
    ASSERT_THAT(one, IsOk());
    for (const int threads : {2, 5}) {
      options.threads = threads;
      const auto many = Fit(data, options);
      ASSERT_THAT(many, IsOk());
      ExpectSameBits(*one, *many);
    }
  }
}

TEST(KMeans, HamerlyGivesTheBitsOfLloyd) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const int k = 1 + static_cast<int>(seed % 11);
    const Matrix data = Blobs(seed, 40 + 37 * static_cast<Eigen::Index>(seed), 1 + seed % 7, 4);
    KMeansOptions options = Options(k, 2);
    options.seed = seed;
    options.limits.tol = seed % 2 == 0 ? 0 : 1e-4;
    const auto lloyd = Fit(data, options);
    options.limits.algorithm = KMeansAlgorithm::kHamerly;
    const auto hamerly = Fit(data, options);
    ASSERT_TRUE(lloyd.ok() && hamerly.ok());
    ExpectSameBits(*lloyd, *hamerly);
  }
}

TEST(KMeans, HamerlyKeepsTiesOnIntegerGrids) {
  Matrix grid(400, 2);
  for (Eigen::Index i = 0; i < grid.rows(); ++i) {
    const Eigen::Index row = i / 20;
    grid.row(i) << static_cast<double>(i % 20), static_cast<double>(row);
  }
  for (int k = 2; k <= 9; ++k) {
    SCOPED_TRACE(k);
    KMeansOptions options = Options(k, 5);
    const auto lloyd = Fit(grid, options);
    options.limits.algorithm = KMeansAlgorithm::kHamerly;
    const auto hamerly = Fit(grid, options);
    ASSERT_TRUE(lloyd.ok() && hamerly.ok());
    ExpectSameBits(*lloyd, *hamerly);
  }
}

TEST(KMeans, PredictOnTheTrainingRowsGivesTheLabelsOfTheFit) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Matrix data = Blobs(seed, 501, 3, 4);
    const auto fit = Fit(data, Options(4, 1));
    ASSERT_THAT(fit, IsOk());
    const auto labels = Predict(data, fit->centers, 2);
    ASSERT_THAT(labels, IsOk());
    EXPECT_EQ(*labels, fit->labels);
  }
}

TEST(KMeans, FitsWithMoreStartsBeginWithTheSameStarts) {
  const auto context = KMeansContext::Create(Blobs(3, 900, 5, 4));
  ASSERT_THAT(context, IsOk());
  Parallel parallel(2);
  std::vector<KMeansStart> specs;
  for (int start = 0; start < 6; ++start) {
    specs.push_back({.k = 4, .init = KMeansInit::kRandom, .start = start, .seed = 9});
  }
  const auto starts = FitStarts(*context, specs, parallel);
  ASSERT_THAT(starts, IsOk());
  for (const std::size_t n_init : {1, 2, 6}) {
    KMeansOptions options = Options(4, static_cast<int>(n_init));
    options.init = KMeansInit::kRandom;
    options.seed = 9;
    const auto fit = Fit(*context, options);
    ASSERT_THAT(fit, IsOk());
    const std::span<const KMeansResult> first(starts->data(), n_init);
    ExpectSameBits(*fit, first[BestOf(first)]);
  }
}

TEST(KMeans, DifferentSeedsInitsAndStartsDrawDifferentRows) {
  const KMeansStart base{.k = 3};
  KMeansStart other = base;
  other.start = 1;
  EXPECT_NE(StartSeed(base), StartSeed(other));
  other = base;
  other.init = KMeansInit::kRandom;
  EXPECT_NE(StartSeed(base), StartSeed(other));
  other = base;
  other.seed = 43;
  EXPECT_NE(StartSeed(base), StartSeed(other));
}

TEST(KMeans, BestOfKeepsTheEarlierOfTwoSpellingsOfOnePartition) {
  KMeansResult first{.labels = {0, 0, 1}, .inertia = 2.0};
  KMeansResult renamed{.labels = {1, 1, 0}, .inertia = 1.9999999};
  KMeansResult better{.labels = {0, 1, 1}, .inertia = 1.5};
  const std::vector<KMeansResult> starts{first, renamed, better};
  EXPECT_EQ(BestOf(std::span(starts).first(2)), 0U);
  EXPECT_EQ(BestOf(starts), 2U);
}

TEST(KMeans, RefusesWhatItCannotDoAndSaysWhy) {
  const Matrix data = Column({1, 2, 3});
  EXPECT_THAT(std::string(Fit(data, Options(4)).status().message()),
              HasSubstr("k: value 4; must be 1 to the number of rows, 3"));
  EXPECT_THAT(Fit(data, Options(0)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(Fit(data, Options(2, 0)).status().message()), HasSubstr("n_init"));
  KMeansOptions options = Options(2);
  options.limits.tol = -1;
  EXPECT_THAT(std::string(Fit(data, options).status().message()), HasSubstr("tol: value -1"));
  options = Options(2);
  options.limits.max_iter = 0;
  EXPECT_THAT(std::string(Fit(data, options).status().message()), HasSubstr("max_iter: value 0"));
  options = Options(2);
  options.initial_centers = Matrix::Zero(2, 2);
  EXPECT_THAT(std::string(Fit(data, options).status().message()), HasSubstr("has 2 columns"));
  const Matrix bad = Column({1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_THAT(std::string(Fit(bad, Options(1)).status().message()),
              HasSubstr("rows: value nan at row 1, column 0; must be finite"));
  EXPECT_THAT(Fit(Matrix(0, 3), Options(1)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Predict(data, Matrix::Zero(2, 3)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseKMeansInit("kmeans"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::clustering
