// The sketches against exact answers.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/tables/distinct_counter.h"
#include "lib/tables/frequent_texts.h"
#include "lib/tables/hash.h"
#include "lib/tables/quantile_sketch.h"

namespace cairn::tables {
namespace {

uint64_t HashOfNumber(uint64_t number) { return HashBytes(std::to_string(number)); }

TEST(HashTest, EveryByteAndTheLengthCount) {
  std::set<uint64_t> hashes;
  for (size_t size = 0; size < 40; ++size) hashes.insert(HashBytes(std::string(size, '\0')));
  EXPECT_EQ(hashes.size(), 40u);
  const std::string text = "the quick brown fox jumps";
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] ^= 1;
    EXPECT_TRUE(hashes.insert(HashBytes(other)).second);
  }
  EXPECT_NE(HashBytes("a", 1), HashBytes("a", 2));
}

TEST(DistinctCounterTest, IsExactUpToItsLimit) {
  DistinctCounter counter;
  EXPECT_EQ(counter.Count(), 0);
  counter.Add(0);
  for (uint64_t i = 1; i < DistinctCounter::kExact; ++i) {
    counter.Add(HashOfNumber(i));
    counter.Add(HashOfNumber(i / 2 + 1));
    ASSERT_EQ(counter.Count(), static_cast<int64_t>(i + 1));
  }
}

TEST(DistinctCounterTest, StaysWithinFiveStandardErrorsAbove) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    DistinctCounter counter;
    uint64_t next = 1000;
    for (uint64_t i = 0; i < 1'000'000; ++i) {
      counter.Add(HashBytes(std::to_string(i), seed));
      if (i + 1 != next) continue;
      const double error = std::abs(static_cast<double>(counter.Count()) / (i + 1.0) - 1);
      EXPECT_LE(error, next <= DistinctCounter::kExact ? 0 : 5 * 0.01625) << next;
      next = next * 5 / 4;
    }
  }
}

TEST(DistinctCounterTest, OrderMakesNoDifference) {
  DistinctCounter up;
  DistinctCounter down;
  for (uint64_t i = 0; i < 10'000; ++i) {
    up.Add(HashOfNumber(i));
    down.Add(HashOfNumber(9'999 - i));
  }
  EXPECT_EQ(up.Count(), down.Count());
}

// How far the rank of what the sketch returned is from what was asked for, as a share.
double RankError(const std::vector<double>& sorted, double share, double value) {
  const auto count = static_cast<double>(sorted.size());
  const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), value);
  const double least = static_cast<double>(low - sorted.begin()) / count;
  const double greatest = static_cast<double>(high - sorted.begin()) / count;
  return std::max({0.0, least - share, share - greatest});
}

TEST(QuantileSketchTest, RanksAreWithinOnePercentOfExactOnes) {
  const std::vector<double> shares = {0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};
  for (unsigned seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    const size_t count = size_t{1} << (8 + seed % 11);
    std::vector<double> values(count);
    std::normal_distribution<double> normal;
    for (size_t i = 0; i < count; ++i) {
      const double x = normal(random);
      values[i] = seed % 4 == 0   ? static_cast<double>(i)        // ascending
                  : seed % 4 == 1 ? std::exp(3 * x)               // a long tail
                  : seed % 4 == 2 ? std::round(x)                 // few different ones
                                  : -static_cast<double>(i) + x;  // nearly descending
    }
    QuantileSketch sketch;
    for (const double value : values) sketch.Add(value);
    std::sort(values.begin(), values.end());
    const auto quantiles = sketch.Quantiles(shares);
    ASSERT_EQ(quantiles.size(), shares.size());
    EXPECT_TRUE(std::is_sorted(quantiles.begin(), quantiles.end()));
    for (size_t i = 0; i < shares.size(); ++i) {
      EXPECT_LE(RankError(values, shares[i], quantiles[i]), count <= 1024 ? 0 : 0.01)
          << "share " << shares[i] << " of " << count;
    }
    const auto bins = sketch.Histogram(values.front(), values.back(), 20);
    EXPECT_EQ(std::accumulate(bins.begin(), bins.end(), int64_t{0}), sketch.count());
    const double width = (values.back() - values.front()) / 20;
    int64_t below = 0;
    for (size_t i = 0; i + 1 < bins.size(); ++i) {
      below += bins[i];
      const auto exact = std::lower_bound(values.begin(), values.end(),
                                          values.front() + width * static_cast<double>(i + 1)) -
                         values.begin();
      EXPECT_LE(std::abs(static_cast<double>(below - exact)),
                0.01 * static_cast<double>(count) + 1);
    }
  }
}

TEST(QuantileSketchTest, TheSameNumbersGiveTheSameSketch) {
  QuantileSketch a;
  QuantileSketch b;
  for (int i = 0; i < 100'000; ++i) {
    a.Add(i * 7919 % 100'003);
    b.Add(i * 7919 % 100'003);
  }
  EXPECT_EQ(a.Quantiles({0.1, 0.5, 0.9}), b.Quantiles({0.1, 0.5, 0.9}));
}

TEST(QuantileSketchTest, HistogramsOfOneValueAndOfTheLargestDoubles) {
  QuantileSketch one;
  for (int i = 0; i < 5; ++i) one.Add(3);
  EXPECT_EQ(one.Histogram(3, 3, 20), std::vector<int64_t>{5});
  QuantileSketch wide;
  constexpr double kMax = 1.7976931348623157e308;
  for (const double value : {-kMax, 0.0, kMax}) wide.Add(value);
  EXPECT_EQ(wide.Histogram(-kMax, kMax, 2), (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(QuantileSketch().Quantiles({0.5}).empty());
}

TEST(FrequentTextsTest, CountsAreNeverTooLargeAndTooSmallWithinTheBound) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    std::map<std::string, int64_t> exact;
    FrequentTexts frequent;
    const int64_t count = 50'000;
    for (int64_t i = 0; i < count; ++i) {
      // About Zipf: text k with a share of 1/k.
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      const std::string text = std::to_string(static_cast<int64_t>(std::exp(u * 10)));
      ++exact[text];
      frequent.Add(HashBytes(text), text);
    }
    const int64_t bound = count / static_cast<int64_t>(FrequentTexts::kCounters / 2);
    std::map<std::string, int64_t> found;
    for (const auto& top : frequent.Top(SIZE_MAX)) found[top.text] = top.count;
    for (const auto& [text, times] : exact) {
      const int64_t counted = found.count(text) == 0 ? 0 : found[text];
      EXPECT_LE(counted, times) << text;
      EXPECT_GE(counted, times - bound) << text;
    }
  }
}

TEST(FrequentTextsTest, FewTextsAreExactAndInOrder) {
  FrequentTexts frequent;
  for (int i = 0; i < 500; ++i) {
    for (int j = 0; j <= i % 7; ++j) {
      const std::string text = std::to_string(i);
      frequent.Add(HashBytes(text), text);
    }
  }
  const auto top = frequent.Top(3);
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].text, "104");  // of those that occur 7 times the first by bytes
  EXPECT_EQ(top[0].count, 7);
  EXPECT_EQ(top[1].text, "111");
}

TEST(FrequentTextsTest, LongTextsWithOneBeginningAreTwo) {
  FrequentTexts frequent;
  const std::string a = std::string(100, 'x') + "a";
  const std::string b = std::string(100, 'x') + "b";
  frequent.Add(HashBytes(a), a);
  frequent.Add(HashBytes(b), b);
  ASSERT_EQ(frequent.Top(5).size(), 2u);
  EXPECT_EQ(frequent.Top(5)[0].text, std::string(64, 'x'));
}

}  // namespace
}  // namespace cairn::tables
