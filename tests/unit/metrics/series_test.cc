#include "server/metrics/series.h"

#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/metrics/series_fixture.h"

namespace cairn::metrics {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

PointColumns RandomPoints(std::mt19937_64& random, size_t count) {
  static constexpr double kValues[] = {0.0, -0.0, 1.5, kNotANumber, -7};
  PointColumns points;
  for (size_t i = 0; i < count; ++i) {
    points.Append(static_cast<int64_t>(random() % 20), static_cast<int64_t>(random() % 3),
                  kValues[random() % 5]);
  }
  return points;
}

TEST(Series, SortingAndMergingAreThoseOfASet) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    PointColumns a = RandomPoints(random, random() % 60);
    PointColumns b = RandomPoints(random, random() % 60);
    std::vector<Row> all = RowsOf(a);
    const auto rows_b = RowsOf(b);
    SortUnique(a);
    EXPECT_EQ(RowsOf(a), SortedUnique(all));
    all.insert(all.end(), rows_b.begin(), rows_b.end());
    SortUnique(b);
    EXPECT_EQ(RowsOf(MergeSorted(a, b)), SortedUnique(all));
    EXPECT_EQ(RowsOf(MergeSorted(b, a)), SortedUnique(all));
  }
}

TEST(Series, SplitsAreWholeAndWithinTheMaximum) {
  for (size_t count = 0; count < 50; ++count) {
    for (const bool keep_full : {false, true}) {
      const auto sizes = SplitSizes(count, 8, keep_full);
      EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), size_t{0}), count);
      EXPECT_EQ(sizes.size(), (count + 7) / 8);
      for (size_t i = 0; i < sizes.size(); ++i) {
        EXPECT_LE(sizes[i], 8u);
        EXPECT_GE(sizes[i], 1u);
        if (keep_full && i + 1 < sizes.size()) {
          EXPECT_EQ(sizes[i], 8u);
        }
        if (!keep_full) {
          EXPECT_LE(sizes[0] - sizes[i], 1u);
        }
      }
    }
  }
}

TEST(Series, SummariesLeaveNanOut) {
  PointColumns points;
  for (int i = 0; i < 11; ++i) points.Append(i, i, i % 3 == 0 ? kNotANumber : i);
  const Summary s = Summarize(points, 0, points.size());
  EXPECT_EQ(s.count, 11);
  EXPECT_EQ(s.nan_count, 4);
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.max, 10);
  EXPECT_EQ(s.sum, 1 + 2 + 4 + 5 + 7 + 8 + 10);
  EXPECT_EQ(s.first.step, 0);
  EXPECT_EQ(s.last.step, 10);
  Summary parts = Summarize(points, 0, 4);
  parts.Add(Summarize(points, 4, points.size()));
  EXPECT_EQ(parts.mean(), s.mean());
  EXPECT_TRUE(std::isnan(Summarize(points, 0, 1).mean()));
  EXPECT_EQ(Summary().count, 0);
}

TEST(StepRange, HalfOpenRangesKeepTheirEndOut) {
  EXPECT_TRUE(StepRange::HalfOpen(3, 5).Contains(4));
  EXPECT_FALSE(StepRange::HalfOpen(3, 5).Contains(5));
  EXPECT_TRUE(StepRange::HalfOpen(3, 3).empty());
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_TRUE(StepRange::HalfOpen(lowest, lowest).empty());
  EXPECT_TRUE(StepRange().Contains(lowest));
}

}  // namespace
}  // namespace cairn::metrics
