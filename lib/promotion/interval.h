#ifndef CAIRN_LIB_PROMOTION_INTERVAL_H_
#define CAIRN_LIB_PROMOTION_INTERVAL_H_

#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::promotion {

// A set of numbers between two bounds; the written form of ">= 0.2", "3..8",
// "== 4" and lists of such conditions that must all hold.
//
// A plain value. Every function is pure; NaN lies in no interval. Without bounds it
// holds every number.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_included = true;   // meaningless while `low` is infinite
  bool high_included = true;  // meaningless while `high` is infinite

  bool Contains(double value) const;
  // No number satisfies it.
  bool Empty() const;
  // Distance to the nearest bound: positive inside, negative outside, +inf
  // without bounds.
  double Margin(double value) const;
  Interval Intersect(const Interval& other) const;
  // ">= 0.2", "3..8", "> 0.1 and < 0.3".
  std::string ToString() const;

  friend bool operator==(const Interval&, const Interval&) = default;
};

// Reads one condition: ">= 0.2", "< 3", "== 4", "3..8", "between 3 and 8".
// Bounds are finite. nullopt if the text is none of these; the interval may be
// empty ("8..3").
std::optional<Interval> ParseCondition(std::string_view text);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_INTERVAL_H_
