#include "lib/clustering/isolation_forest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// x <= 1 goes to a leaf of one row, others to a leaf of three, at depth 1.
IsolationTree OneCut() {
  return {{.left = 1, .right = 2, .feature = 0, .threshold = 1, .row_count = 4},
          {.row_count = 1},
          {.row_count = 3}};
}

std::vector<double> Score(const IsolationForest& forest, const Matrix& rows, int threads = 1) {
  const auto scores = forest.ScoreSamples(rows, threads);
  EXPECT_THAT(scores, IsOk());
  return *scores;
}

TEST(AveragePathLength, KnownValues) {
  EXPECT_EQ(AveragePathLength(0), 0);
  EXPECT_EQ(AveragePathLength(1), 0);
  EXPECT_EQ(AveragePathLength(2), 1);
  EXPECT_NEAR(AveragePathLength(3), 2 * (std::log(2.0) + 0.5772156649015329) - 4.0 / 3, 1e-15);
  EXPECT_NEAR(AveragePathLength(256), 10.244770920119495, 1e-12);
}

TEST(IsolationForest, ScoresAGivenTreeByHand) {
  const auto forest = IsolationForest::FromTrees({OneCut(), OneCut()}, 4, 1);
  ASSERT_THAT(forest, IsOk());
  const double c = AveragePathLength(4);
  const std::vector<double> scores = Score(*forest, Column({0, 1, 2}));
  EXPECT_NEAR(scores[0], -std::exp2(-1 / c), 1e-15);
  EXPECT_EQ(scores[1], scores[0]);  // The threshold itself goes left.
  EXPECT_NEAR(scores[2], -std::exp2(-(1 + AveragePathLength(3)) / c), 1e-15);
}

TEST(IsolationForest, ComparesAfterRoundingToFloat) {
  IsolationTree tree = OneCut();
  tree[0].threshold = 0.1;  // Below float32(0.1).
  const auto forest = IsolationForest::FromTrees({tree}, 4, 1);
  ASSERT_THAT(forest, IsOk());
  const std::vector<double> scores = Score(*forest, Column({0.1, std::nextafterf(0.1F, 0.0F), 5}));
  EXPECT_EQ(scores[0], scores[2]);
  EXPECT_NE(scores[1], scores[2]);
}

TEST(IsolationForest, TreesOfUnequalDepthAreWalkedToTheirOwnLeaves) {
  const IsolationTree chain{
      {.left = 1, .right = 2, .feature = 1, .threshold = 0, .row_count = 4},
      {.row_count = 1},
      {.left = 3, .right = 4, .feature = 0, .threshold = 5, .row_count = 3},
      {.row_count = 1},
      {.left = 5, .right = 6, .feature = 0, .threshold = 9, .row_count = 2},
      {.row_count = 1},
      {.row_count = 1},
  };
  const auto forest = IsolationForest::FromTrees({chain, {{.row_count = 4}}}, 4, 2);
  ASSERT_THAT(forest, IsOk());
  Matrix rows(3, 2);
  rows << 0, -1, 0, 1, 10, 1;
  const std::vector<double> scores = Score(*forest, rows);
  const double c = AveragePathLength(4);
  for (const int i : {0, 1, 2}) {
    EXPECT_NEAR(scores[static_cast<std::size_t>(i)], -std::exp2(-((i + 1) + c) / (2 * c)), 1e-15);
  }
}

TEST(IsolationForest, GrownTreesFollowTheRules) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const Matrix rows = Blobs(seed, 700, 4, 3);
    const auto forest = IsolationForest::Fit(rows, {.trees = 20, .sample_size = 100, .seed = seed});
    ASSERT_THAT(forest, IsOk());
    for (const IsolationTree& tree : forest->trees()) {
      ASSERT_EQ(tree[0].row_count, 100);
      std::vector<int> depth(tree.size(), 0);
      for (std::size_t i = 0; i < tree.size(); ++i) {
        const IsolationNode& node = tree[i];
        if (node.left == -1) {
          EXPECT_TRUE(depth[i] == 7 || node.row_count == 1);
          continue;
        }
        const auto left = static_cast<std::size_t>(node.left);
        const auto right = static_cast<std::size_t>(node.right);
        ASSERT_LT(depth[i], 7);
        EXPECT_EQ(tree[left].row_count + tree[right].row_count, node.row_count);
        EXPECT_GE(tree[left].row_count, 1);
        EXPECT_GE(tree[right].row_count, 1);
        depth[left] = depth[right] = depth[i] + 1;
      }
    }
    EXPECT_THAT(IsolationForest::FromTrees(forest->trees(), 100, 4), IsOk());
  }
}

TEST(IsolationForest, ThreadCountNeverShows) {
  const Matrix rows = Blobs(4, 1500, 6, 3);
  const auto serial = IsolationForest::Fit(rows, {.seed = 7, .threads = 1});
  ASSERT_THAT(serial, IsOk());
  const std::vector<double> scores = Score(*serial, rows, 1);
  for (const int threads : {2, 5}) {
    const auto parallel = IsolationForest::Fit(rows, {.seed = 7, .threads = threads});
    ASSERT_THAT(parallel, IsOk());
    EXPECT_EQ(Score(*parallel, rows, threads), scores);
  }
}

TEST(IsolationForest, RowsScoreTheSameInAnyOrderAndNumber) {
  const Matrix rows = Blobs(5, 301, 3, 2);
  const auto forest = IsolationForest::Fit(rows, {.trees = 30});
  ASSERT_THAT(forest, IsOk());
  const std::vector<double> scores = Score(*forest, rows);
  std::vector<double> reversed = Score(*forest, rows.colwise().reverse());
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(reversed, scores);
  EXPECT_EQ(Score(*forest, rows.row(9))[0], scores[9]);
  EXPECT_TRUE(Score(*forest, Matrix(0, 3)).empty());
}

// What scikit-learn 1.2.1 scores with random_state 3 and five trees. NumPy draws the rows of a
// sample in three ways, by the share that is drawn; two columns are constant here and there.
TEST(IsolationForest, WithTheDrawsOfScikitLearnItScoresAsThere) {
  const auto made_up = [](Eigen::Index count) {
    Matrix rows(count, 5);
    for (Eigen::Index i = 0; i < count; ++i) {
      rows.row(i) << static_cast<double>(i * 7919 % 1009) / 8,
          static_cast<double>(i * 104729 % 4999) / 16, static_cast<double>(i % 3), 0.5,
          i % 50 == 0 ? static_cast<double>(i % 1000) : 0.0;
    }
    return rows;
  };
  const std::vector<std::pair<Eigen::Index, std::array<double, 3>>> known = {
      {200, {-0.6405855066015, -0.446157135256895, -0.5094687846216696}},
      {257, {-0.6511302493225581, -0.4910500582979628, -0.4793875620823178}},
      {300, {-0.6689927015408451, -0.4929284125679871, -0.4595689339492636}},
      {30000, {-0.6252268344779393, -0.4747153561772801, -0.46234123205036926}}};
  for (const auto& [count, scores] : known) {
    SCOPED_TRACE(count);
    const Matrix rows = made_up(count);
    const auto forest = IsolationForest::Fit(
        rows, {.trees = 5, .seed = 3, .draws = ForestDraws::kScikitLearn, .threads = 2});
    ASSERT_THAT(forest, IsOk());
    const std::vector<double> own = Score(*forest, rows.topRows(3));
    for (const std::size_t i : {0U, 1U, 2U}) EXPECT_NEAR(own[i], scores[i], 1e-12);
  }
}

TEST(IsolationForest, ScikitLearnHasNoSeedsBeyond32Bits) {
  const IsolationForestOptions options{.seed = std::uint64_t{1} << 32,
                                       .draws = ForestDraws::kScikitLearn};
  const auto forest = IsolationForest::Fit(Blobs(1, 20, 2, 2), options);
  EXPECT_THAT(forest, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(forest.status().message()), HasSubstr("seed: value 4294967296"));
}

TEST(IsolationForest, SeedDecidesTheForest) {
  const Matrix rows = Blobs(6, 400, 3, 2);
  const auto a = IsolationForest::Fit(rows, {.seed = 1});
  const auto b = IsolationForest::Fit(rows, {.seed = 1});
  const auto c = IsolationForest::Fit(rows, {.seed = 2});
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(Score(*a, rows), Score(*b, rows));
  EXPECT_NE(Score(*a, rows), Score(*c, rows));
}

TEST(IsolationForest, FarRowsAreTheOddest) {
  Matrix rows = Blobs(8, 1000, 4, 1);
  for (const Eigen::Index far : {10, 500, 990}) rows.row(far).array() += 60;
  const auto forest = IsolationForest::Fit(rows, {});
  ASSERT_THAT(forest, IsOk());
  std::vector<double> scores = Score(*forest, rows);
  const double worst_far = std::max({scores[10], scores[500], scores[990]});
  std::nth_element(scores.begin(), scores.begin() + 3, scores.end());
  EXPECT_LT(worst_far, scores[3]);
}

TEST(IsolationForest, EqualRowsCannotBeCut) {
  const auto forest = IsolationForest::Fit(Matrix::Constant(50, 3, 1.5), {.trees = 3});
  ASSERT_THAT(forest, IsOk());
  for (const IsolationTree& tree : forest->trees()) EXPECT_EQ(tree.size(), 1u);
  // Path length 0 + c(50) over c(50).
  EXPECT_THAT(Score(*forest, Matrix::Zero(2, 3)), Each(-0.5));
}

TEST(IsolationForest, SamplesOfOneRowScoreOneHalf) {
  const auto forest = IsolationForest::Fit(Matrix::Identity(3, 3), {.sample_size = 1});
  ASSERT_THAT(forest, IsOk());
  EXPECT_THAT(Score(*forest, Matrix::Identity(3, 3)), Each(-0.5));
}

TEST(OutlierOffset, IsThePercentileOfTheScores) {
  EXPECT_DOUBLE_EQ(*OutlierOffset(std::vector<double>{-0.4, -0.8, -0.6, -0.5, -0.7}, 0.25), -0.7);
  EXPECT_THAT(OutlierOffset({}, 0.1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(OutlierOffset(std::vector<double>{-0.5}, 0.6).status().message()),
              HasSubstr("contamination: value 0.6; must be above 0 and at most 0.5"));
}

TEST(OutlierOffset, LeavesTheContaminationBelowIt) {
  const Matrix rows = Blobs(11, 1000, 5, 3);
  const auto forest = IsolationForest::Fit(rows, {});
  ASSERT_THAT(forest, IsOk());
  const std::vector<double> scores = Score(*forest, rows);
  const double offset = *OutlierOffset(scores, 0.05);
  EXPECT_EQ(std::count_if(scores.begin(), scores.end(), [&](double s) { return s < offset; }), 50);
}

TEST(IsolationForest, RefusesWhatItCannotDoAndSaysWhy) {
  EXPECT_THAT(IsolationForest::Fit(Matrix(0, 2), {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      std::string(IsolationForest::Fit(Matrix::Zero(2, 2), {.trees = 0}).status().message()),
      HasSubstr("trees: value 0"));
  EXPECT_THAT(
      std::string(IsolationForest::Fit(Matrix::Zero(2, 2), {.sample_size = 0}).status().message()),
      HasSubstr("sample_size: value 0"));
  EXPECT_THAT(std::string(IsolationForest::Fit(Column({1, 1e39}), {}).status().message()),
              HasSubstr("at row 1, column 0; must be within the range of float32"));
  const auto forest = IsolationForest::FromTrees({OneCut()}, 4, 1);
  ASSERT_THAT(forest, IsOk());
  EXPECT_THAT(std::string(forest->ScoreSamples(Matrix::Zero(1, 2)).status().message()),
              HasSubstr("rows: has 2 columns"));
}

TEST(IsolationForest, RefusesTreesThatAreNone) {
  const auto broken = [](const std::function<void(IsolationTree&)>& damage) {
    IsolationTree tree = OneCut();
    damage(tree);
    return std::string(IsolationForest::FromTrees({OneCut(), tree}, 4, 1).status().message());
  };
  EXPECT_THAT(broken([](auto& tree) { tree[0].left = 3; }), HasSubstr("trees[1].nodes[0].child"));
  EXPECT_THAT(broken([](auto& tree) { tree[0].right = 0; }), HasSubstr("must be above 0"));
  EXPECT_THAT(broken([](auto& tree) { tree[0].right = -1; }), HasSubstr("child: value -1"));
  EXPECT_THAT(broken([](auto& tree) { tree[0].right = 1; }), HasSubstr("the child of one node"));
  EXPECT_THAT(broken([](auto& tree) { tree[0].feature = 1; }), HasSubstr("feature: value 1"));
  EXPECT_THAT(broken([](auto& tree) { tree[2].row_count = 0; }), HasSubstr("row_count: value 0"));
  EXPECT_THAT(
      broken([](auto& tree) { tree[0].threshold = std::numeric_limits<double>::infinity(); }),
      HasSubstr("threshold: value inf"));
  EXPECT_THAT(broken([](auto& tree) { tree.clear(); }), HasSubstr("trees[1]: has 0 nodes"));
  EXPECT_THAT(IsolationForest::FromTrees({}, 4, 1), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::clustering
