#include "lib/base/numbers.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace cairn {

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return CanonicalDouble(value);
}

double CanonicalDouble(double value) {
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  return value == 0 ? 0.0 : value;
}

uint64_t OrderedBits(double value) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if (std::isnan(value)) return ~uint64_t{0};
  const auto bits = std::bit_cast<uint64_t>(value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

}  // namespace cairn
