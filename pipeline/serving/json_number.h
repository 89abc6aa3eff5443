#ifndef CAIRN_PIPELINE_SERVING_JSON_NUMBER_H_
#define CAIRN_PIPELINE_SERVING_JSON_NUMBER_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cairn::pipeline::serving {

// Numbers of JSON (RFC 8259) as doubles: the nearest one, and of two equally near that with the
// even mantissa, as std::from_chars gives it. Pure functions.
//
//   -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
//
// Up to 19 digits and 19 of them behind the point the digits make an integer w of 64 bits, and the
// number is w / 10^k. That quotient is computed exactly, with its remainder, and rounded once; no
// table of approximations is needed. Everything longer goes to std::from_chars.

// How many bytes behind its beginning ReadShortNumber may look at.
inline constexpr size_t kNumberRoom = 40;

// Reads a number from `at`. Nothing behind the first byte that no number has is read, so let the
// text end with such a one: a NUL. Returns what follows it; null where none begins there, or where
// it is too large for a double. One that is too small is 0 with its sign.
const char* ReadNumber(const char* at, double* value);

// The same for what features usually are: no exponent, at most 7 digits before the point and 19 in
// all. Null for everything else, be it a number or not. REQUIRES: kNumberRoom bytes can be read.
inline const char* ReadShortNumber(const char* at, double* value);

// Digits of a text, eight at a time. A word holds eight bytes of it, the first in the lowest.
namespace digits {

inline constexpr int kMostPower = 19;  // 10^19 is the largest that fits into 64 bits

inline constexpr std::array<uint64_t, kMostPower + 1> kPowers = [] {
  std::array<uint64_t, kMostPower + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

inline uint64_t Load(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// With how many digits a word begins, 0 to 8. A sum may carry into the next byte, but only behind
// a byte that was no digit.
inline unsigned Count(uint64_t word) {
  constexpr uint64_t kZeros = 0x3030303030303030;
  constexpr uint64_t kAboveNine = 0x7676767676767676;  // 10 + 0x76 = 0x80
  const uint64_t value = word ^ kZeros;
  const uint64_t others = (value | (value + kAboveNine)) & 0x8080808080808080;
  return static_cast<unsigned>(std::countr_zero(others)) / 8;
}

// The number that the first `count` digits make; 1 <= count <= 8. What is shifted in are zeros
// before them. Pairs are added up first, then fours, then all.
inline uint64_t Value(uint64_t word, unsigned count) {
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  constexpr uint64_t kOuter = 100 + (uint64_t{1'000'000} << 32);
  constexpr uint64_t kInner = 1 + (uint64_t{10'000} << 32);
  uint64_t value = (word & 0x0F0F0F0F0F0F0F0F) << (64 - 8 * count);
  value = value * 10 + (value >> 8);
  return ((value & kPairs) * kOuter + ((value >> 16) & kPairs) * kInner) >> 32;
}

}  // namespace digits

// The double nearest to w / 10^k. REQUIRES: 0 <= k <= 19.
double NearestQuotient(uint64_t w, int k);

// The same where both are exact doubles mostly, so that one division rounds rightly.
inline double Quotient(uint64_t w, int k) {
  constexpr uint64_t kMostExact = uint64_t{1} << 53;
  if (w > kMostExact) return NearestQuotient(w, k);
  return static_cast<double>(w) / static_cast<double>(digits::kPowers[static_cast<size_t>(k)]);
}

inline const char* ReadShortNumber(const char* at, double* value) {
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  uint64_t word = digits::Load(at);
  unsigned count = digits::Count(word);
  if (count - 1 >= 7 || (*at == '0' && count > 1)) return nullptr;
  uint64_t w = digits::Value(word, count);
  at += count;
  double size = static_cast<double>(static_cast<int64_t>(w));
  if (*at == '.') {
    const char* const begin = ++at;
    unsigned all = w == 0 ? 0 : count;
    do {
      word = digits::Load(at);
      count = digits::Count(word);
      if (count == 0) break;
      all += count;
      at += count;
      if (all > digits::kMostPower) return nullptr;
      w = w * digits::kPowers[count] + digits::Value(word, count);
    } while (count == 8);
    if (at == begin) return nullptr;
    size = Quotient(w, static_cast<int>(at - begin));
  }
  if ((*at | 0x20) == 'e') return nullptr;
  *value = negative ? -size : size;
  return at;
}

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_JSON_NUMBER_H_
