#include "client-cli/cli/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace cairn::cli {
namespace {

constexpr std::array kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array kAsciiHeights = {"_", ".", "-", "~", "=", "+", "*", "#"};
static_assert(kHeights.size() == kAsciiHeights.size());
constexpr size_t kMiddle = 3;

bool IsDrawn(const std::optional<double>& value) {
  return value.has_value() && std::isfinite(*value);
}

}  // namespace

std::string Sparkline(const std::vector<std::optional<double>>& values, bool unicode) {
  const auto& heights = unicode ? kHeights : kAsciiHeights;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -least;
  for (const auto& value : values) {
    if (!IsDrawn(value)) continue;
    least = std::min(least, *value);
    greatest = std::max(greatest, *value);
  }
  // Halved, so that the span of the largest doubles does not overflow.
  const double span = greatest / 2 - least / 2;
  std::string line;
  for (const auto& value : values) {
    if (!IsDrawn(value)) {
      line += ' ';
    } else if (span <= 0) {
      line += heights[kMiddle];
    } else {
      const double share = (*value / 2 - least / 2) / span;
      const auto height = static_cast<size_t>(share * static_cast<double>(heights.size()));
      line += heights[std::min(height, heights.size() - 1)];
    }
  }
  return line;
}

}  // namespace cairn::cli
