#include "lib/clustering/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

double CheapestByTrial(const Matrix& cost) {
  std::vector<int> columns(static_cast<std::size_t>(cost.cols()));
  std::iota(columns.begin(), columns.end(), 0);
  double best = 1e300;
  do {
    double total = 0;
    for (Eigen::Index i = 0; i < cost.rows(); ++i) {
      total += cost(i, columns[static_cast<std::size_t>(i)]);
    }
    best = std::min(best, total);
  } while (std::next_permutation(columns.begin(), columns.end()));
  return best;
}

TEST(Matching, CostsNoMoreThanAnyPermutation) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Eigen::Index columns = 2 + seed % 5;
    const Matrix cost = Blobs(seed, std::min<Eigen::Index>(1 + seed % 4, columns), columns, 2);
    const auto wide = MinimumCostAssignment(cost);
    ASSERT_THAT(wide, IsOk());
    EXPECT_NEAR(wide->cost, CheapestByTrial(cost), 1e-9);
    const auto tall = MinimumCostAssignment(cost.transpose());
    ASSERT_THAT(tall, IsOk());
    EXPECT_NEAR(tall->cost, wide->cost, 1e-9);
    EXPECT_EQ(std::count(tall->column_of_row.begin(), tall->column_of_row.end(), -1),
              cost.cols() - cost.rows());
  }
}

TEST(Matching, RenamedLabelsFindTheirNames) {
  EXPECT_THAT(*MatchLabels({0, 0, 1, 1, 2}, 3, {2, 2, 0, 0, 1}, 3), ElementsAre(2, 0, 1));
  EXPECT_THAT(*MatchLabels({0, 0, 1, 1, 2}, 3, {1, 1, 0, 0, 0}, 2), ElementsAre(1, 0, -1));
}

TEST(Matching, NearestCentresPairUp) {
  Matrix current(2, 1), reference(3, 1);
  current << 10, 0;
  reference << 1, 5, 9;
  EXPECT_THAT(*MatchCenters(current, reference), ElementsAre(2, 0));
}

TEST(Matching, RefusesLabelsOutsideTheirRange) {
  EXPECT_THAT(MatchLabels({0, 3}, 3, {0, 1}, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MatchLabels({0, 1}, 3, {0}, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MatchLabels({}, 3, {}, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MinimumCostAssignment(Matrix(0, 2)), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::clustering
