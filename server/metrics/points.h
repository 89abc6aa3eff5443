#ifndef CAIRN_SERVER_METRICS_POINTS_H_
#define CAIRN_SERVER_METRICS_POINTS_H_

#include <bit>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "lib/base/numbers.h"

namespace cairn::metrics {

// Where a point stands in its series, but for the value: by step, then by time
// in milliseconds since 1970-01-01T00:00:00Z.
struct Position {
  int64_t step = 0;
  int64_t time = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// Steps `first` to `last`, both inclusive. The default is every step; a range
// with first > last is empty.
struct StepRange {
  int64_t first = std::numeric_limits<int64_t>::min();
  int64_t last = std::numeric_limits<int64_t>::max();

  // Steps from `start` (inclusive) to `end` (exclusive), the form of the API.
  static StepRange HalfOpen(int64_t start, int64_t end) {
    if (end == std::numeric_limits<int64_t>::min()) return {0, -1};
    return {start, end - 1};
  }
  bool empty() const { return first > last; }
  bool everything() const { return *this == StepRange(); }
  friend bool operator==(const StepRange&, const StepRange&) = default;
  bool Contains(int64_t step) const { return first <= step && step <= last; }
};

// The one NaN that is stored: whatever NaN was logged reads back as this one.
inline constexpr uint64_t kCanonicalNan = 0x7FF8000000000000;

// The IEEE 754 bits of `value`, with every NaN made the canonical one.
inline uint64_t CanonicalBits(double value) {
  return std::isnan(value) ? kCanonicalNan : std::bit_cast<uint64_t>(value);
}

// A number whose unsigned order is that of doubles: -infinity first, -0 below
// +0, NaN after +infinity. FromOrderedBits (lib/base/numbers.h) is the inverse.
inline uint64_t OrderedBits(double value) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const uint64_t bits = CanonicalBits(value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

// Points of one series as parallel columns of equal length, which is how they
// arrive, are compressed and are sent. Value type; not thread-safe.
struct PointColumns {
  std::vector<int64_t> steps;
  std::vector<int64_t> times;  // milliseconds since the epoch
  std::vector<double> values;

  size_t size() const { return steps.size(); }
  bool empty() const { return steps.empty(); }
  void clear() { Resize(0); }
  void Resize(size_t count) {
    steps.resize(count);
    times.resize(count);
    values.resize(count);
  }
  void Reserve(size_t count) {
    steps.reserve(count);
    times.reserve(count);
    values.reserve(count);
  }
  void Append(int64_t step, int64_t time, double value) {
    steps.push_back(step);
    times.push_back(time);
    values.push_back(value);
  }
  // Appends the points `from` (inclusive) to `to` (exclusive) of `other`.
  void AppendRange(const PointColumns& other, size_t from, size_t to);

  Position PositionAt(size_t i) const { return {steps[i], times[i]}; }
};

// True when point `i` of `a` comes before point `j` of `b`: by step, then time,
// then value in the order of OrderedBits.
inline bool PointLess(const PointColumns& a, size_t i, const PointColumns& b, size_t j) {
  if (a.steps[i] != b.steps[j]) return a.steps[i] < b.steps[j];
  if (a.times[i] != b.times[j]) return a.times[i] < b.times[j];
  return OrderedBits(a.values[i]) < OrderedBits(b.values[j]);
}

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_POINTS_H_
