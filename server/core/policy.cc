#include "server/core/policy.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn::core {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

std::string Bound(bool below, bool included, double value) {
  return fmt::format("{}{} {}", below ? '<' : '>', included ? "=" : "", ShortestDouble(value));
}

}  // namespace

bool Interval::Contains(double value) const {
  const bool above = low == -kUnbounded || (low_included ? value >= low : value > low);
  const bool below = high == kUnbounded || (high_included ? value <= high : value < high);
  return value == value && above && below;
}

bool Interval::Empty() const {
  return low > high || (low == high && !(low_included && high_included));
}

double Interval::Margin(double value) const { return std::min(value - low, high - value); }

Interval Interval::Intersect(const Interval& other) const {
  Interval result = *this;
  if (other.low > low || (other.low == low && !other.low_included)) {
    result.low = other.low;
    result.low_included = other.low_included;
  }
  if (other.high < high || (other.high == high && !other.high_included)) {
    result.high = other.high;
    result.high_included = other.high_included;
  }
  return result;
}

std::string Interval::ToString() const {
  if (low == -kUnbounded && high == kUnbounded) return "any number";
  if (low == -kUnbounded) return Bound(true, high_included, high);
  if (high == kUnbounded) return Bound(false, low_included, low);
  if (low == high) return fmt::format("== {}", ShortestDouble(low));
  if (low_included && high_included) {
    return fmt::format("{}..{}", ShortestDouble(low), ShortestDouble(high));
  }
  return fmt::format("{} and {}", Bound(false, low_included, low),
                     Bound(true, high_included, high));
}

}  // namespace cairn::core
