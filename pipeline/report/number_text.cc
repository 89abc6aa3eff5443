#include "pipeline/report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cairn::pipeline {
namespace {

// Puts a comma after every third digit before the point.
std::string Separated(std::string digits) {
  const size_t first = digits.starts_with('-') ? 1 : 0;
  const size_t point = std::min(digits.find('.'), digits.size());
  for (size_t at = point; at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace

std::string Thousands(int64_t value) { return Separated(std::to_string(value)); }

std::string Decimal(double value, int decimals) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  if (std::abs(value) >= 1e15) return fmt::format("{:.3g}", value);
  std::string text = fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 6));
  if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return Separated(std::move(text));
}

std::string Compact(double value) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  const double size = std::abs(value);
  if (size >= 1e15) return fmt::format("{:.3g}", value);
  for (const auto& [unit, letter] :
       {std::pair{1e12, 'T'}, std::pair{1e9, 'G'}, std::pair{1e6, 'M'}, std::pair{1e3, 'k'}}) {
    // What rounds up to the unit is written in it: 999,999 is 1M.
    if (size >= unit * 0.9995) return fmt::format("{:.3g}{}", value / unit, letter);
  }
  return fmt::format("{:.3g}", value == 0 ? 0 : value);
}

std::string Percent(double share) {
  if (!std::isfinite(share)) return std::string(kNotMeasuredText);
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return Decimal(share * 100, 1) + " %";
}

std::string Money(std::string_view currency, double value) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  std::string amount = Decimal(std::abs(value), std::abs(value) >= 99.995 ? 0 : 2);
  const bool nothing = amount.find_first_not_of("0.") == std::string::npos;
  return fmt::format("{}{}{}", value < 0 && !nothing ? "-" : "", currency, amount);
}

std::string WholeMoney(std::string_view currency, double value) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  return fmt::format("{}{}{}", value < -0.5 ? "-" : "", currency, Decimal(std::abs(value), 0));
}

std::string CompactMoney(std::string_view currency, double value) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  return fmt::format("{}{}{}", value < 0 ? "-" : "", currency, Compact(std::abs(value)));
}

std::string Bytes(int64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{} {}", Decimal(value, unit == 0 || std::abs(value) >= 99.95 ? 0 : 1),
                     kUnits[unit]);
}

std::string Seconds(double seconds) {
  if (!std::isfinite(seconds)) return std::string(kNotMeasuredText);
  if (std::abs(seconds) < 0.9995) return Decimal(seconds * 1000, seconds < 0.00995 ? 1 : 0) + " ms";
  if (std::abs(seconds) < 99.95) return Decimal(seconds, 1) + " s";
  const double minutes = std::floor((seconds + 0.5) / 60);
  return fmt::format("{} min {} s", Decimal(minutes, 0),
                     Decimal(std::floor(seconds + 0.5 - minutes * 60), 0));
}

std::string Counted(int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", Thousands(count), count == 1 ? one : many);
}

}  // namespace cairn::pipeline
