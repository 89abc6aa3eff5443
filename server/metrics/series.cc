#include "server/metrics/series.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace cairn::metrics {

void PointColumns::AppendRange(const PointColumns& other, size_t from, size_t to) {
  const auto copy = [from, to](auto& target, const auto& source) {
    const auto begin = source.begin();
    target.insert(target.end(), begin + static_cast<std::ptrdiff_t>(from),
                  begin + static_cast<std::ptrdiff_t>(to));
  };
  copy(steps, other.steps);
  copy(times, other.times);
  copy(values, other.values);
}

namespace {

bool IsSortedUnique(const PointColumns& points) {
  for (size_t i = 1; i < points.size(); ++i) {
    if (!PointLess(points, i - 1, points, i)) return false;
  }
  return true;
}

// Copies from `run` what comes before point `j` of `other`; returns where it stopped.
size_t CopyWhileLess(const PointColumns& run, size_t from, const PointColumns& other, size_t j,
                     PointColumns& out) {
  size_t to = from;
  while (to < run.size() && PointLess(run, to, other, j)) ++to;
  out.AppendRange(run, from, to);
  return to;
}

}  // namespace

void SortUnique(PointColumns& points) {
  if (IsSortedUnique(points)) return;
  struct Row {
    Position position;
    uint64_t ordered;
    auto operator<=>(const Row&) const = default;
  };
  std::vector<Row> rows(points.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {points.PositionAt(i), OrderedBits(points.values[i])};
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  points.Resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    points.steps[i] = rows[i].position.step;
    points.times[i] = rows[i].position.time;
    points.values[i] = FromOrderedBits(rows[i].ordered);
  }
}

PointColumns MergeSorted(const PointColumns& a, const PointColumns& b) {
  PointColumns out;
  out.Reserve(a.size() + b.size());
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    i = CopyWhileLess(a, i, b, j, out);
    if (i == a.size()) break;
    const size_t before = j;
    j = CopyWhileLess(b, j, a, i, out);
    // Neither is less: the same point stands in both, and one of them goes.
    if (j == before && !PointLess(a, i, b, j)) ++j;
  }
  out.AppendRange(a, i, a.size());
  out.AppendRange(b, j, b.size());
  return out;
}

std::vector<size_t> SplitSizes(size_t count, size_t max, bool keep_full) {
  if (count == 0) return {};
  const size_t parts = (count + max - 1) / max;
  std::vector<size_t> sizes(parts, max);
  if (keep_full) {
    sizes.back() = count - max * (parts - 1);
    return sizes;
  }
  for (size_t i = 0; i < parts; ++i) sizes[i] = count / parts + (i < count % parts ? 1 : 0);
  return sizes;
}

double Summary::mean() const {
  if (count == nan_count) return std::numeric_limits<double>::quiet_NaN();
  return sum / static_cast<double>(count - nan_count);
}

void Summary::AddPoint(Position position, double value) {
  first = std::min(first, position);
  last = std::max(last, position);
  ++count;
  if (std::isnan(value)) {
    ++nan_count;
    return;
  }
  min = std::min(min, value);
  max = std::max(max, value);
  sum += value;
}

void Summary::Add(const Summary& other) {
  first = std::min(first, other.first);
  last = std::max(last, other.last);
  count += other.count;
  nan_count += other.nan_count;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  sum += other.sum;
}

Summary Summarize(const PointColumns& points, size_t from, size_t to) {
  constexpr size_t kLanes = 4;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Summary summary;
  if (from == to) return summary;
  summary.first = points.PositionAt(from);
  summary.last = points.PositionAt(to - 1);
  summary.count = static_cast<int64_t>(to - from);
  std::array<double, kLanes> sums{};
  std::array<double, kLanes> mins;
  std::array<double, kLanes> maxs;
  std::array<int64_t, kLanes> nans{};
  mins.fill(kInfinity);
  maxs.fill(-kInfinity);
  for (size_t i = from; i < to; ++i) {
    const size_t lane = (i - from) % kLanes;
    const double value = points.values[i];
    const bool is_nan = std::isnan(value);
    nans[lane] += is_nan ? 1 : 0;
    sums[lane] += is_nan ? 0 : value;
    mins[lane] = value < mins[lane] ? value : mins[lane];
    maxs[lane] = value > maxs[lane] ? value : maxs[lane];
  }
  summary.sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  summary.min = *std::min_element(mins.begin(), mins.end());
  summary.max = *std::max_element(maxs.begin(), maxs.end());
  summary.nan_count = std::accumulate(nans.begin(), nans.end(), int64_t{0});
  return summary;
}

}  // namespace cairn::metrics
