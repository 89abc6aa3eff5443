#include "lib/clustering/indices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "lib/clustering/clusters.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(Silhouette, PairAndSingletonByHand) {
  const auto silhouette = ComputeSilhouette(Column({0, 1, 5}), {0, 0, 2});
  ASSERT_THAT(silhouette, IsOk());
  EXPECT_THAT(silhouette->samples, ElementsAre(DoubleEq(0.8), DoubleEq(0.75), DoubleEq(0.0)));
  EXPECT_DOUBLE_EQ(silhouette->mean, 1.55 / 3);
  ASSERT_EQ(silhouette->cluster_means.size(), 3U);
  EXPECT_DOUBLE_EQ(silhouette->cluster_means[0], 0.775);
  EXPECT_TRUE(std::isnan(silhouette->cluster_means[1]));
  EXPECT_EQ(silhouette->cluster_means[2], 0);
}

TEST(Silhouette, CoincidingRowsScoreZero) {
  const auto silhouette = ComputeSilhouette(Column({3, 3, 3, 3}), {0, 0, 1, 1});
  ASSERT_THAT(silhouette, IsOk());
  EXPECT_THAT(silhouette->samples, ElementsAre(0, 0, 0, 0));
}

TEST(Silhouette, EqualsTheDefinitionForEveryClusterSizeAroundABlock) {
  for (const Eigen::Index rows : {3, 8, 9, 64, 65, 333}) {
    SCOPED_TRACE(rows);
    const Matrix data = Blobs(static_cast<std::uint32_t>(rows), rows, 5, 3);
    Labels labels = RandomLabels(5, rows, 4);
    labels[0] = 0;
    labels[1] = 1;
    if (rows == 3) labels = {0, 1, 1};
    const auto silhouette = ComputeSilhouette(data, labels, 2);
    ASSERT_THAT(silhouette, IsOk());
    for (Eigen::Index i = 0; i < rows; ++i) {
      std::vector<double> sums(4);
      std::vector<double> counts(4);
      for (Eigen::Index j = 0; j < rows; ++j) {
        const auto c = static_cast<std::size_t>(labels[static_cast<std::size_t>(j)]);
        sums[c] += (data.row(i) - data.row(j)).norm();
        ++counts[c];
      }
      const auto own = static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
      double outer = 1e300;
      for (std::size_t c = 0; c < 4; ++c) {
        if (c != own && counts[c] > 0) outer = std::min(outer, sums[c] / counts[c]);
      }
      const double inner = counts[own] > 1 ? sums[own] / (counts[own] - 1) : 0;
      const double expected = counts[own] > 1 ? (outer - inner) / std::max(inner, outer) : 0;
      EXPECT_NEAR(silhouette->samples[static_cast<std::size_t>(i)], expected, 1e-13);
    }
  }
}

TEST(Silhouette, ThreadCountNeverShows) {
  const Matrix data = Blobs(2, 1500, 6, 4);
  const Labels labels = RandomLabels(1, 1500, 7);
  const auto one = ComputeSilhouette(data, labels, 1);
  ASSERT_THAT(one, IsOk());
  for (const int threads : {2, 5}) {
    const auto many = ComputeSilhouette(data, labels, threads);
    ASSERT_THAT(many, IsOk());
    EXPECT_EQ(one->samples, many->samples);
    EXPECT_EQ(one->mean, many->mean);
  }
}

TEST(Silhouettes, AreThoseOfEachClusteringAlone) {
  for (const Eigen::Index rows : {3, 15, 16, 17, 255, 257, 700}) {
    SCOPED_TRACE(rows);
    const Matrix data = Blobs(static_cast<std::uint32_t>(rows), rows, 5, 3);
    std::vector<Labels> clusterings;
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      clusterings.push_back(RandomLabels(seed, rows, rows == 3 ? 1 : static_cast<int>(seed) + 2));
      clusterings.back()[0] = 0;
      clusterings.back()[1] = rows == 3 ? 1 : 2;
    }
    const std::vector<const Labels*> all{&clusterings[0], &clusterings[1], &clusterings[2]};
    const auto shared = ComputeSilhouettes(data, all, 2);
    ASSERT_THAT(shared, IsOk());
    ASSERT_EQ(shared->size(), 3U);
    for (std::size_t l = 0; l < 3; ++l) {
      const auto alone = ComputeSilhouettes(data, {&all[l], 1}, 1);
      ASSERT_THAT(alone, IsOk());
      EXPECT_EQ((*shared)[l].samples, alone->front().samples);
      EXPECT_EQ((*shared)[l].mean, alone->front().mean);
      const auto paired = ComputeSilhouette(data, clusterings[l]);
      ASSERT_THAT(paired, IsOk());
      EXPECT_NEAR((*shared)[l].mean, paired->mean, 1e-12);
      EXPECT_EQ((*shared)[l].cluster_means.size(), paired->cluster_means.size());
      for (std::size_t i = 0; i < paired->samples.size(); ++i) {
        EXPECT_NEAR((*shared)[l].samples[i], paired->samples[i], 1e-12);
      }
    }
  }
}

TEST(Silhouettes, EveryRowIsToldOnce) {
  for (const Eigen::Index rows : {3, 16, 17, 257}) {
    Labels labels(static_cast<std::size_t>(rows));
    labels[0] = 1;
    const std::vector<const Labels*> twice{&labels, &labels};
    std::atomic<std::size_t> told = 0;
    const auto measured = [&told](std::size_t more) { told += more; };
    ASSERT_THAT(ComputeSilhouettes(Blobs(7, rows, 5, 3), twice, 2, measured), IsOk());
    EXPECT_EQ(told, static_cast<std::size_t>(rows));
  }
}

TEST(Silhouettes, OneBadClusteringIsRefused) {
  const Labels good{0, 0, 1};
  const Labels bad{0, 0, 0};
  const std::vector<const Labels*> both{&good, &bad};
  EXPECT_THAT(ComputeSilhouettes(Column({0, 1, 5}), both),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(*ComputeSilhouettes(Column({0, 1, 5}), {}), ::testing::IsEmpty());
}

TEST(DaviesBouldin, TwoPairsByHand) {
  // Spreads 0.5 and 0.5, centroids 9 apart.
  EXPECT_DOUBLE_EQ(*DaviesBouldin(Column({0, 1, 9, 10}), {0, 0, 1, 1}), 1.0 / 9);
}

TEST(DaviesBouldin, ZeroWithoutSpreadOrWithoutDistance) {
  EXPECT_EQ(*DaviesBouldin(Column({2, 2, 7, 7}), {0, 0, 1, 1}), 0);
  EXPECT_EQ(*DaviesBouldin(Column({-1, 1, -2, 2}), {0, 0, 1, 1}), 0);
}

// What ComputeSilhouettes leaves out must show in no bit: all distances to all clusters, added in
// the order of the rows.
std::vector<double> PlainSamples(const Matrix& rows, const Labels& labels) {
  const Clusters clusters = *GroupRows(rows, labels);
  std::vector<double> samples;
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    std::vector<double> sums(clusters.count());
    for (Eigen::Index j = 0; j < rows.rows(); ++j) {
      double squares = 0;
      for (Eigen::Index f = 0; f < rows.cols(); ++f) {
        squares += (rows(i, f) - rows(j, f)) * (rows(i, f) - rows(j, f));
      }
      sums[clusters.numbers[static_cast<std::size_t>(j)]] += std::sqrt(squares);
    }
    const std::size_t own = clusters.numbers[static_cast<std::size_t>(i)];
    const double inner = sums[own] / static_cast<double>(clusters.sizes[own] - 1);
    double outer = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < sums.size(); ++c) {
      if (c != own) outer = std::min(outer, sums[c] / static_cast<double>(clusters.sizes[c]));
    }
    const double sample = (outer - inner) / std::max(inner, outer);
    samples.push_back(clusters.sizes[own] == 1 || std::isnan(sample) ? 0 : sample);
  }
  return samples;
}

TEST(Silhouettes, EveryBitIsThatOfAllDistancesAddedInOrder) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Matrix rows = Blobs(seed, 40 + seed * 7 % 150, 1 + seed % 7, 1 + static_cast<int>(seed % 9));
    // Far from the origin, tiny, equal to each other, and so large that squares overflow.
    if (seed % 5 == 1) rows.array() += 1e9;
    if (seed % 5 == 2) rows *= 1e-12;
    if (seed % 5 == 3) rows = rows.array().round();
    if (seed % 10 == 4) rows *= 1e200;
    std::vector<Labels> labels(3);
    for (std::size_t l = 0; l < labels.size(); ++l) {
      for (Eigen::Index i = 0; i < rows.rows(); ++i) {
        const bool by_place = l > 0 && i > 1;
        const auto first = static_cast<std::int32_t>(std::clamp(rows(i, 0), 0.0, 11.0));
        labels[l].push_back(i < 2      ? static_cast<std::int32_t>(i)
                            : by_place ? first
                                       : static_cast<std::int32_t>(random() % 8));
      }
    }
    const std::vector<const Labels*> all = {&labels[0], &labels[1], &labels[2]};
    const auto silhouettes = ComputeSilhouettes(rows, all, 1 + static_cast<int>(seed % 3));
    ASSERT_THAT(silhouettes, IsOk());
    for (std::size_t l = 0; l < labels.size(); ++l) {
      EXPECT_EQ((*silhouettes)[l].samples, PlainSamples(rows, labels[l]));
    }
  }
}

TEST(CentroidIndices, AreThoseOfTheirOwnCalls) {
  const Matrix rows = Blobs(5, 120, 4, 3);
  Labels labels;
  for (std::int32_t i = 0; i < 120; ++i) labels.push_back(i * i % 7 % 4);
  const auto both = ComputeCentroidIndices(rows, labels);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->davies_bouldin, *DaviesBouldin(rows, labels));
  EXPECT_EQ(both->calinski_harabasz, *CalinskiHarabasz(rows, labels));
  EXPECT_FALSE(ComputeCentroidIndices(rows, Labels(120, 0)).ok());
}

TEST(CalinskiHarabasz, TwoPairsByHand) {
  // Between: 4 rows x 4.5^2 = 81; within: 4 x 0.25 = 1; degrees of freedom 1 and 2.
  EXPECT_DOUBLE_EQ(*CalinskiHarabasz(Column({0, 1, 9, 10}), {0, 0, 1, 1}), 162);
}

TEST(CalinskiHarabasz, OneWhenNothingVariesWithin) {
  EXPECT_EQ(*CalinskiHarabasz(Column({2, 2, 7, 7}), {0, 0, 1, 1}), 1);
}

TEST(Inertia, SumsSquaredDistancesToOwnCentre) {
  EXPECT_DOUBLE_EQ(*Inertia(Column({0, 1, 9}), {0, 0, 1}, Column({0.5, 7})), 4.5);
  EXPECT_THAT(Inertia(Column({0, 1, 9}), {0, 0, 2}, Column({0.5, 7})),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(AdjustedRandIndex, KnownValues) {
  EXPECT_EQ(*AdjustedRandIndex({0, 0, 1, 1}, {5, 5, 3, 3}), 1);
  EXPECT_DOUBLE_EQ(*AdjustedRandIndex({0, 0, 1, 2}, {0, 0, 1, 1}), 4.0 / 7);
  EXPECT_DOUBLE_EQ(*AdjustedRandIndex({0, 0, 1, 1}, {0, 1, 0, 1}), -0.5);
  EXPECT_EQ(*AdjustedRandIndex({0, 0, 0}, {0, 0, 0}), 1);
  EXPECT_EQ(*AdjustedRandIndex({0, 0, 0}, {0, 1, 2}), 0);
}

TEST(AdjustedRandIndex, HugeLabelsGiveTheSameAsSmallOnes) {
  const Labels a = RandomLabels(1, 300, 5);
  const Labels b = RandomLabels(2, 300, 4);
  Labels scaled = a;
  for (std::int32_t& label : scaled) label *= 400'000'000;
  EXPECT_EQ(*AdjustedRandIndex(a, b), *AdjustedRandIndex(scaled, b));
}

TEST(Stability, AveragesOverPairs) {
  const std::vector<Labels> runs{{0, 0, 1, 1}, {1, 1, 0, 0}, {0, 1, 0, 1}};
  EXPECT_DOUBLE_EQ(*Stability(runs), 0.0);
  EXPECT_EQ(*Stability(std::span(runs).first(1)), 1);
}

TEST(ClusterShares, CountEmptyClustersToo) {
  const auto shares = ComputeShares({0, 0, 0, 2}, 3);
  ASSERT_THAT(shares, IsOk());
  EXPECT_THAT(shares->sizes, ElementsAre(3, 0, 1));
  EXPECT_DOUBLE_EQ(shares->largest, 0.75);
  EXPECT_EQ(shares->smallest, 0);
  EXPECT_THAT(ComputeShares({0, 3}, 3), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Indices, RefuseOneClusterAndAllSingletons) {
  const Matrix rows = Column({1, 2, 3});
  for (const Labels& labels : {Labels{0, 0, 0}, Labels{0, 1, 2}, Labels{0, 1}, Labels{0, -1, 1}}) {
    EXPECT_THAT(ComputeSilhouette(rows, labels), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(DaviesBouldin(rows, labels), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(CalinskiHarabasz(rows, labels), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(std::string(DaviesBouldin(rows, {0, 0, 0}).status().message()),
              HasSubstr("labels: 1 different values; must be 2 to the number of rows minus 1, 2"));
}

}  // namespace
}  // namespace cairn::clustering
