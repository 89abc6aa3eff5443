#include "lib/tables/cell.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

#include "lib/base/encoding.h"

namespace cairn::tables {
namespace {

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// from_chars knows no plus sign.
std::string_view WithoutPlus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  return text;
}

// Takes the parts of a text one after the other.
class Parts {
 public:
  explicit Parts(std::string_view text) : text_(text) {}

  bool Done() const { return text_.empty(); }

  bool Take(char wanted) {
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  // Exactly `digits` digits, of a number of at most `max`.
  bool Number(size_t digits, int max, int& value) {
    if (text_.size() < digits) return false;
    value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      value = (value * 10) + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value <= max;
  }

  // The digits behind a decimal point, at least one.
  bool Fraction(double& value) {
    const size_t digits = std::min(text_.find_first_not_of("0123456789"), text_.size());
    double unit = 0.1;
    for (size_t i = 0; i < digits; ++i) {
      value += unit * (text_[i] - '0');
      unit /= 10;
    }
    text_.remove_prefix(digits);
    return digits > 0;
  }

 private:
  std::string_view text_;
};

bool TakeDate(Parts& parts, double& seconds) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!parts.Number(4, 9999, year) || !parts.Take('-') || !parts.Number(2, 12, month) ||
      !parts.Take('-') || !parts.Number(2, 31, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  seconds = static_cast<double>(days) * 86'400;
  return true;
}

bool TakeTime(Parts& parts, double& seconds) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  double fraction = 0;
  if (!parts.Number(2, 23, hour) || !parts.Take(':') || !parts.Number(2, 59, minute)) return false;
  if (parts.Take(':')) {
    if (!parts.Number(2, 60, second)) return false;
    if (parts.Take('.') && !parts.Fraction(fraction)) return false;
  }
  seconds += (hour * 3600) + (minute * 60) + second + fraction;
  return true;
}

bool TakeOffset(Parts& parts, double& seconds) {
  if (parts.Done() || parts.Take('Z')) return true;
  const bool west = parts.Take('-');
  int hour = 0;
  int minute = 0;
  if (!west && !parts.Take('+')) return false;
  if (!parts.Number(2, 23, hour)) return false;
  parts.Take(':');
  if (!parts.Number(2, 59, minute)) return false;
  const int offset = (hour * 3600) + (minute * 60);
  seconds += west ? offset : -offset;
  return true;
}

}  // namespace

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsMissing(std::string_view trimmed) {
  if (trimmed.empty()) return true;
  if (trimmed.size() > 4) return false;
  return EqualsIgnoringCase(trimmed, "na") || EqualsIgnoringCase(trimmed, "nan") ||
         EqualsIgnoringCase(trimmed, "null");
}

std::optional<bool> ParseBool(std::string_view trimmed) {
  if (EqualsIgnoringCase(trimmed, "true")) return true;
  if (EqualsIgnoringCase(trimmed, "false")) return false;
  return std::nullopt;
}

std::optional<int64_t> ParseInt64(std::string_view trimmed) {
  const std::string_view text = WithoutPlus(trimmed);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view trimmed) {
  const std::string_view text = WithoutPlus(trimmed);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // `nan` is missing; other spellings of it, such as `-nan(7)`, are no numbers.
  if (value != value) return std::nullopt;
  return value;
}

std::optional<double> ParseTimestamp(std::string_view trimmed) {
  Parts parts(trimmed);
  double seconds = 0;
  if (!TakeDate(parts, seconds)) return std::nullopt;
  if (parts.Done()) return seconds;
  if (!parts.Take('T') && !parts.Take(' ')) return std::nullopt;
  if (!TakeTime(parts, seconds) || !TakeOffset(parts, seconds) || !parts.Done()) {
    return std::nullopt;
  }
  return seconds;
}

std::string Utf8Prefix(std::string_view text, size_t max_bytes) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string prefix;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const std::string_view character = text.substr(0, size);
    const bool valid = IsValidUtf8(character);
    const std::string_view taken = valid ? character : kReplacement;
    if (prefix.size() + taken.size() > max_bytes) break;
    prefix += taken;
    text.remove_prefix(valid ? size : 1);
  }
  return prefix;
}

}  // namespace cairn::tables
