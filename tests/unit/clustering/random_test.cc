#include "lib/clustering/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace cairn::clustering {
namespace {

using ::testing::ElementsAre;

TEST(Mt19937, TenThousandthWordOfTheReferenceSeed) {
  Mt19937 random(5489);
  std::uint32_t word = 0;
  for (int i = 0; i < 10000; ++i) word = random.NextUint32();
  EXPECT_EQ(word, 4123659995U);
}

TEST(Mt19937, DoublesOfRandomState42) {
  Mt19937 random(42);
  EXPECT_DOUBLE_EQ(random.NextDouble(), 0.3745401188473625);
  EXPECT_DOUBLE_EQ(random.NextDouble(), 0.9507143064099162);
  EXPECT_DOUBLE_EQ(random.NextDouble(), 0.7319939418114051);
}

TEST(Mt19937, BoundOfOneDrawsNothing) {
  Mt19937 random(1);
  Mt19937 untouched(1);
  EXPECT_EQ(random.NextBounded(1), 0U);
  EXPECT_EQ(random.NextUint32(), untouched.NextUint32());
}

TEST(Mt19937, BoundedStaysBelowAndReachesEveryValue) {
  Mt19937 random(7);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.NextBounded(13));
  EXPECT_EQ(seen.size(), 13U);
  EXPECT_EQ(*seen.rbegin(), 12U);
}

TEST(Mt19937, PermutationHoldsEveryNumberOnce) {
  Mt19937 random(3);
  std::vector<std::int64_t> order = random.Permutation(50);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Mt19937, ChoiceWithoutReplacementOfAllIsAPermutation) {
  Mt19937 random(3);
  std::vector<std::size_t> all = random.ChoiceWithoutReplacement(6, 6);
  std::sort(all.begin(), all.end());
  EXPECT_THAT(all, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(DeriveSeed, DependsOnEveryPartAndItsPlace) {
  std::set<std::uint32_t> seeds;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t a = 0; a < 10; ++a) {
      for (std::uint64_t b = 0; b < 10; ++b) seeds.insert(DeriveSeed(seed, {a, b}));
    }
  }
  EXPECT_EQ(seeds.size(), 1000U);
}

TEST(SplitMix64, FirstOutputsOfTheReferenceGenerator) {
  EXPECT_EQ(SplitMix64(0), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(SplitMix64(0x9e3779b97f4a7c15ULL), 0x6e789e6aa1b965f4ULL);
}

}  // namespace
}  // namespace cairn::clustering
