#include "lib/promotion/interval.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn::promotion {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

std::string Bound(bool below, bool included, double value) {
  return fmt::format("{}{} {}", below ? '<' : '>', included ? "=" : "", ShortestDouble(value));
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> ParseFinite(std::string_view text) {
  text = Trim(text);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value == 0 ? 0.0 : value;
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<Interval> BetweenOf(std::string_view low, std::string_view high) {
  const auto from = ParseFinite(low);
  const auto to = ParseFinite(high);
  if (!from || !to) return std::nullopt;
  Interval interval;
  interval.low = *from;
  interval.high = *to;
  return interval;
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

std::optional<Interval> ParseCondition(std::string_view text) {
  text = Trim(text);
  if (TakePrefix(text, "between ")) {
    const size_t middle = text.find(" and ");
    if (middle == std::string_view::npos) return std::nullopt;
    return BetweenOf(text.substr(0, middle), text.substr(middle + 5));
  }
  if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
    return BetweenOf(text.substr(0, dots), text.substr(dots + 2));
  }
  Interval interval;
  const bool equal = TakePrefix(text, "==");
  const bool greater = !equal && TakePrefix(text, ">");
  const bool less = !equal && !greater && TakePrefix(text, "<");
  if (!equal && !greater && !less) return std::nullopt;
  const bool included = equal || TakePrefix(text, "=");
  const auto bound = ParseFinite(text);
  if (!bound) return std::nullopt;
  if (equal || greater) {
    interval.low = *bound;
    interval.low_included = included;
  }
  if (equal || less) {
    interval.high = *bound;
    interval.high_included = included;
  }
  return interval;
}

}  // namespace cairn::promotion
