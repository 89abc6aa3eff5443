#ifndef CAIRN_PIPELINE_DATA_CSV_NUMBER_H_
#define CAIRN_PIPELINE_DATA_CSV_NUMBER_H_

// Numbers as tables have them, written where memory is known to suffice. All take kCsvNumberRoom
// bytes for any number and return the end of what they wrote. Pure. In a header, for one is called
// for every field of a table.

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace cairn::pipeline {

inline constexpr size_t kCsvNumberRoom = 64;

inline char* WriteCsvInteger(char* to, int64_t value) {
  return std::to_chars(to, to + kCsvNumberRoom, value).ptr;
}

// Money has at most two digits after the point, and then a division tells the shortest text. Null
// for other numbers.
inline char* WriteCsvCents(char* to, double value) {
  if (!(std::abs(value) < 1e12)) return nullptr;
  const double cents = std::round(value * 100.0);
  if (cents / 100.0 != value || (cents == 0.0 && std::signbit(value))) return nullptr;
  int64_t whole = static_cast<int64_t>(cents);
  if (whole < 0) {
    *to++ = '-';
    whole = -whole;
  }
  to = WriteCsvInteger(to, whole / 100);
  const int rest = static_cast<int>(whole % 100);
  if (rest == 0) return to;
  *to++ = '.';
  *to++ = static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0) *to++ = static_cast<char>('0' + rest % 10);
  return to;
}

// The shortest text that reads back as `value`, as AppendCsvNumber says; nothing for NaN.
inline char* WriteCsvNumber(char* to, double value) {
  if (std::isnan(value)) return to;
  if (char* const end = WriteCsvCents(to, value); end != nullptr) return end;
  const double size = std::abs(value);
  const bool plain = size == 0.0 || (size >= 1e-5 && size < 1e15);
  return plain ? std::to_chars(to, to + kCsvNumberRoom, value, std::chars_format::fixed).ptr
               : std::to_chars(to, to + kCsvNumberRoom, value).ptr;
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_CSV_NUMBER_H_
