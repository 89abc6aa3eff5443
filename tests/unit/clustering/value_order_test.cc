#include "lib/clustering/value_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

namespace cairn::clustering {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AscendingOrder, SignsZerosAndInfinitiesStandWhereTheyBelong) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(AscendingOrder(std::vector<double>{2, -1, infinity, -3, 5e-324, -infinity, 0}),
              ElementsAre(5, 3, 1, 6, 4, 0, 2));
  EXPECT_THAT(AscendingOrder(std::vector<double>{}), IsEmpty());
}

TEST(AscendingOrder, EqualValuesKeepTheirOrderWhateverTheSignOfZero) {
  EXPECT_THAT(AscendingOrder(std::vector<double>{7, 0.0, 7, -0.0, 0.0, 7}),
              ElementsAre(1, 3, 4, 0, 2, 5));
}

// Property: the order of a stable sort by comparisons, whatever the bits.
TEST(AscendingOrder, IsThatOfAStableSort) {
  std::mt19937_64 random(3);
  for (int turn = 0; turn < 200; ++turn) {
    SCOPED_TRACE(turn);
    std::vector<double> values(random() % 700);
    for (double& value : values) {
      const uint64_t bits = random();
      std::memcpy(&value, &bits, sizeof value);
      if (turn % 2 == 0 || std::isnan(value)) value = static_cast<double>(bits % 50) - 25;
    }
    std::vector<uint32_t> expected(values.size());
    std::iota(expected.begin(), expected.end(), 0U);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
    EXPECT_EQ(AscendingOrder(values), expected);
    EXPECT_TRUE(std::ranges::is_sorted(InOrder(values)));
  }
}

}  // namespace
}  // namespace cairn::clustering
