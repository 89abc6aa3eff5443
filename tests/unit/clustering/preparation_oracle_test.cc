// Compares scaling, correlation, PCA and isolation forests with scikit-learn.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/clustering/correlation.h"
#include "lib/clustering/isolation_forest.h"
#include "lib/clustering/pca.h"
#include "lib/clustering/scaler.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"
#include "tests/unit/clustering/python_oracle.h"

namespace cairn::clustering {
namespace {

using testing::IsOk;

constexpr int kSeeds = 20;
constexpr std::size_t kOutliers = 30;  // 5 % of the rows

// Columns of different kinds: groups, long tails of both signs, many ties, and a constant.
Matrix MixedRows() {
  Matrix rows = Blobs(20240607, 600, 8, 4);
  Mt19937 random(5);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    rows(i, 4) = std::exp(rows(i, 4) / 2);
    rows(i, 5) = std::pow(random.NextDouble() - 0.4, 5) * 1e4;
    rows(i, 6) = static_cast<double>(random.NextBounded(4));
    rows(i, 7) = 0.1;
  }
  return rows;
}

double LargestDifference(const Matrix& a, const Matrix& b) {
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.cols(), b.cols());
  return (a - b).cwiseAbs().maxCoeff();
}

Matrix RowOf(const std::vector<double>& values) {
  return Eigen::Map<const Matrix>(values.data(), 1, static_cast<Eigen::Index>(values.size()));
}

// Spearman's correlation of two lists of scores.
double RankCorrelation(const std::vector<double>& a, const std::vector<double>& b) {
  Matrix pair(static_cast<Eigen::Index>(a.size()), 2);
  for (std::size_t i = 0; i < a.size(); ++i) {
    pair(static_cast<Eigen::Index>(i), 0) = a[i];
    pair(static_cast<Eigen::Index>(i), 1) = b[i];
  }
  return (*SpearmanCorrelation(pair))(0, 1);
}

// |A and B| / |A or B| of the kOutliers oddest rows.
double OutlierOverlap(const std::vector<double>& a, const std::vector<double>& b) {
  const auto oddest = [](const std::vector<double>& scores) {
    std::vector<double> sorted = scores;
    std::sort(sorted.begin(), sorted.end());
    std::vector<bool> odd;
    for (const double score : scores) odd.push_back(score <= sorted[kOutliers - 1]);
    return odd;
  };
  const std::vector<bool> in_a = oddest(a);
  const std::vector<bool> in_b = oddest(b);
  double both = 0;
  double either = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += in_a[i] && in_b[i];
    either += in_a[i] || in_b[i];
  }
  return both / either;
}

class PreparationOracle : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    rows = MixedRows();
    python = FindPython();
    if (!python) return;
    results = RunOracle(*python, "preparation_oracle.py", rows, std::to_string(kSeeds));
  }

  void SetUp() override {
    if (!python) GTEST_SKIP() << kNoPython;
    ASSERT_TRUE(results.has_value()) << "preparation_oracle.py failed";
  }

  static const Matrix& Expected(const char* name) { return results->at(name); }

  static Matrix Scaled(ScaleRule rule) {
    const std::vector<ScaleRule> rules(static_cast<std::size_t>(rows.cols()), rule);
    return *Scaler::Fit(rows, rules)->Apply(rows);
  }

  static std::vector<double> ExpectedScores(int seed) {
    const Matrix& all = Expected("forest_scores");
    return {all.row(seed).data(), all.row(seed).data() + all.cols()};
  }

  static std::vector<IsolationTree> ExpectedTrees() {
    std::vector<IsolationTree> trees;
    for (const auto node : Expected("forest_trees").rowwise()) {
      trees.resize(static_cast<std::size_t>(node[0]) + 1);
      trees.back().push_back({.left = static_cast<std::int32_t>(node[1]),
                              .right = static_cast<std::int32_t>(node[2]),
                              .feature = static_cast<std::int32_t>(node[3]),
                              .threshold = node[4],
                              .row_count = static_cast<std::int32_t>(node[5])});
    }
    return trees;
  }

  static Matrix rows;
  static std::optional<std::string> python;
  static std::optional<std::map<std::string, Matrix>> results;
};

Matrix PreparationOracle::rows;
std::optional<std::string> PreparationOracle::python;
std::optional<std::map<std::string, Matrix>> PreparationOracle::results;

TEST_F(PreparationOracle, ScaledColumnsAreEqual) {
  EXPECT_LE(LargestDifference(Scaled(ScaleRule::kStandard), Expected("standard")), 1e-12);
  EXPECT_LE(LargestDifference(Scaled(ScaleRule::kRobust), Expected("robust")), 1e-12);
  EXPECT_LE(LargestDifference(Scaled(ScaleRule::kQuantile), Expected("quantile")), 1e-12);
  EXPECT_LE(LargestDifference(Scaled(ScaleRule::kRowNorm), Expected("row_norm")), 1e-12);
  const std::vector<bool> all(static_cast<std::size_t>(rows.cols()), true);
  EXPECT_LE(LargestDifference(*SignedLogColumns(rows, all), Expected("signed_log")), 1e-12);
}

TEST_F(PreparationOracle, CorrelationsAreEqual) {
  // Without the last column, which is constant.
  const Eigen::Index d = rows.cols() - 1;
  EXPECT_LE(LargestDifference(PearsonCorrelation(rows)->topLeftCorner(d, d), Expected("pearson")),
            1e-12);
  EXPECT_LE(LargestDifference(SpearmanCorrelation(rows)->topLeftCorner(d, d), Expected("spearman")),
            1e-12);
}

TEST_F(PreparationOracle, PrincipalComponentsAreEqual) {
  const auto pca = FitPca(rows);
  ASSERT_THAT(pca, IsOk());
  EXPECT_LE(LargestDifference(RowOf(pca->mean), Expected("pca_mean")), 1e-10);
  EXPECT_LE(LargestDifference(RowOf(pca->variance_ratio), Expected("pca_ratio")), 1e-9);
  EXPECT_LE(LargestDifference(pca->components, Expected("pca_components")), 1e-8);
  const double largest = pca->variance[0];
  EXPECT_LE(LargestDifference(RowOf(pca->variance), Expected("pca_variance")), 1e-12 * largest);
}

TEST_F(PreparationOracle, ReplayedTreesGiveTheSameScoresAndOutliers) {
  const auto forest = IsolationForest::FromTrees(
      ExpectedTrees(), static_cast<int>(Expected("forest_sample_size")(0)),
      static_cast<int>(rows.cols()));
  ASSERT_THAT(forest, IsOk());
  const std::vector<double> scores = *forest->ScoreSamples(rows);
  EXPECT_LE(LargestDifference(RowOf(scores), Expected("forest_scores").row(0)), 1e-12);
  const double offset = *OutlierOffset(scores, 0.05);
  EXPECT_NEAR(offset, Expected("forest_offset")(0), 1e-12);
  const Matrix& outliers = Expected("forest_outliers");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_EQ(scores[i] < offset, outliers(static_cast<Eigen::Index>(i)) == 1) << "row " << i;
  }
}

TEST_F(PreparationOracle, ForestsWithItsDrawsAreItsForestsNodeByNode) {
  const auto forest = IsolationForest::Fit(rows, {.seed = 0, .draws = ForestDraws::kScikitLearn});
  ASSERT_THAT(forest, IsOk());
  const std::vector<IsolationTree> expected = ExpectedTrees();
  ASSERT_EQ(forest->trees().size(), expected.size());
  for (std::size_t t = 0; t < expected.size(); ++t) {
    const IsolationTree& tree = forest->trees()[t];
    ASSERT_EQ(tree.size(), expected[t].size()) << "tree " << t;
    for (std::size_t i = 0; i < tree.size(); ++i) {
      ASSERT_EQ(tree[i].left, expected[t][i].left) << "tree " << t << ", node " << i;
      ASSERT_EQ(tree[i].right, expected[t][i].right) << "tree " << t << ", node " << i;
      ASSERT_EQ(tree[i].feature, expected[t][i].feature) << "tree " << t << ", node " << i;
      ASSERT_EQ(tree[i].threshold, expected[t][i].threshold) << "tree " << t << ", node " << i;
      ASSERT_EQ(tree[i].row_count, expected[t][i].row_count) << "tree " << t << ", node " << i;
    }
  }
  for (int seed = 1; seed < kSeeds; ++seed) {
    const auto other = IsolationForest::Fit(
        rows, {.seed = static_cast<std::uint64_t>(seed), .draws = ForestDraws::kScikitLearn});
    EXPECT_LE(LargestDifference(RowOf(*other->ScoreSamples(rows)), RowOf(ExpectedScores(seed))),
              1e-12)
        << "random_state " << seed;
  }
}

// Means over pairs of forests with different seeds.
struct Agreement {
  double ranks = 0;
  double overlap = 0;
};

Agreement MeanAgreement(const std::vector<std::vector<double>>& a,
                        const std::vector<std::vector<double>>& b) {
  Agreement mean;
  const double pairs = kSeeds * (kSeeds - 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (i == j) continue;
      mean.ranks += RankCorrelation(a[i], b[j]) / pairs;
      mean.overlap += OutlierOverlap(a[i], b[j]) / pairs;
    }
  }
  return mean;
}

TEST_F(PreparationOracle, OwnForestsAgreeAsWellAsSeedsOfScikitLearnDo) {
  std::vector<std::vector<double>> own;
  std::vector<std::vector<double>> theirs;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const auto forest = IsolationForest::Fit(rows, {.seed = static_cast<std::uint64_t>(seed)});
    ASSERT_THAT(forest, IsOk());
    own.push_back(*forest->ScoreSamples(rows));
    theirs.push_back(ExpectedScores(seed));
  }
  const Agreement expected = MeanAgreement(theirs, theirs);
  const Agreement reached = MeanAgreement(own, theirs);
  EXPECT_GE(reached.ranks, expected.ranks - 0.01);
  EXPECT_GE(reached.overlap, expected.overlap - 0.01);
  EXPECT_LT(expected.ranks, 1);  // Otherwise the seeds did nothing and nothing was compared.
}

}  // namespace
}  // namespace cairn::clustering
