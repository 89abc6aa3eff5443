#ifndef CAIRN_SERVER_METRICS_SERIES_H_
#define CAIRN_SERVER_METRICS_SERIES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "server/metrics/points.h"

namespace cairn::metrics {

// What is done to points before they become blocks: sorting, merging, dropping
// duplicates, splitting, summing up. Pure functions of values; safe to call from
// any thread. "Sorted" means ascending in the order of PointLess; two points are
// duplicates when neither is less than the other, so NaN equals NaN while -0 and
// +0 differ.

// Sorts points of any order in place and keeps one of each set of duplicates.
// Costs one comparison a point when they are sorted already.
void SortUnique(PointColumns& points);

// The points of two sorted runs as one sorted run without duplicates. Each run
// by itself has none.
PointColumns MergeSorted(const PointColumns& a, const PointColumns& b);

// How to cut `count` things into parts of at most `max`. With `keep_full` every
// part but the last is full, as an append wants it; otherwise the parts are
// equally large but for one, which leaves room for later insertions everywhere.
// Empty for `count` 0.
std::vector<size_t> SplitSizes(size_t count, size_t max, bool keep_full);

// What is known of a set of points without the points: an entry of the pyramid,
// and one bucket of a zoomed curve. Value type.
struct Summary {
  Position first{std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()};
  Position last{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min()};
  int64_t count = 0;      // points, those with NaN included
  int64_t nan_count = 0;  // points whose value is NaN
  // Over the values that are not NaN; +infinity, -infinity and 0 for none.
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;

  // The mean of the values that are not NaN; NaN for none.
  double mean() const;

  // Adds one point, or all points of another set.
  void AddPoint(Position position, double value);
  void Add(const Summary& other);
};

// The summary of the sorted points `from` (inclusive) to `to` (exclusive). The
// sum is taken in four fixed lanes, so it does not depend on the compiler.
Summary Summarize(const PointColumns& points, size_t from, size_t to);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_SERIES_H_
