#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "pipeline/data/characters.h"
#include "pipeline/data/transaction_builder.h"

namespace cairn::pipeline {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A decimal number in general form, correctly rounded.
bool ParseGeneral(std::string_view text, double* value) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  bool has_digit = false;
  for (const char c : text) {
    has_digit |= IsDigit(c);
    if (!IsDigit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') return false;
  }
  if (!has_digit) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(*value);
}

// Length of the UTF-8 sequence at text[at], 0 when it is malformed.
size_t SequenceLength(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const auto follows = [&](size_t i) { return at + i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;   // Longer than needed.
    if (lead == 0xed && byte(1) >= 0xa0) return 0;  // A surrogate.
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) >= 0x90) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

bool ParseWholeNumber(std::string_view text, int32_t* value) {
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) at = 1;
  int64_t number = 0;
  const size_t first = at;
  while (at < text.size() && at - first < 10 && IsDigit(text[at])) {
    number = number * 10 + (text[at++] - '0');
  }
  const bool plain = at > first && (at == text.size() || text.substr(at) == ".0");
  if (!plain) {
    double general = 0.0;
    if (!ParseGeneral(text, &general) || general != std::floor(general)) return false;
    if (general < std::numeric_limits<int32_t>::min() ||
        general > std::numeric_limits<int32_t>::max()) {
      return false;
    }
    *value = static_cast<int32_t>(general);
    return true;
  }
  if (negative) number = -number;
  if (number < std::numeric_limits<int32_t>::min() ||
      number > std::numeric_limits<int32_t>::max()) {
    return false;
  }
  *value = static_cast<int32_t>(number);
  return true;
}

bool ParseDecimal(std::string_view text, double* value) {
  // Digits below 2^53 over a power of ten up to 10^15 are both exact, so one division rounds
  // correctly.
  constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) at = 1;
  uint64_t mantissa = 0;
  int digits = 0;
  int fraction = -1;  // Digits after the point; -1 before it.
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (IsDigit(c)) {
      mantissa = mantissa * 10 + static_cast<uint64_t>(c - '0');
      ++digits;
      if (fraction >= 0) ++fraction;
    } else if (c == '.' && fraction < 0) {
      fraction = 0;
    } else {
      return ParseGeneral(text, value);
    }
    if (digits > 15) return ParseGeneral(text, value);
  }
  if (digits == 0) return false;
  const double number = static_cast<double>(mantissa) / kPowers[fraction < 0 ? 0 : fraction];
  *value = negative ? -number : number;
  return true;
}

bool IsUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = SequenceLength(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string Latin1ToUtf8(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 8);
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      result.push_back(c);
    } else {
      result.push_back(static_cast<char>(0xc0 | byte >> 6));
      result.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return result;
}

}  // namespace cairn::pipeline
