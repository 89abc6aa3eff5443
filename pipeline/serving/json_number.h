#ifndef CAIRN_PIPELINE_SERVING_JSON_NUMBER_H_
#define CAIRN_PIPELINE_SERVING_JSON_NUMBER_H_

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

// Passes over a number of any size, also one that is too large for a double; null where none begins
// at `at`, whose text ends as above.
const char* SkipNumber(const char* at);

// The same as ReadNumber for what features usually are: no exponent, at most 7 digits before the
// point and 19 in all. Null for everything else, be it a number or not. REQUIRES: kNumberRoom bytes
// can be read.
inline const char* ReadShortNumber(const char* at, double* value);

// Digits of a text, eight at a time. A word holds eight bytes of it, the first in the lowest.
namespace digits {

inline constexpr unsigned kMostPower = 19;  // 10^19 is the largest that fits into 64 bits

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

// Which of 32 bytes are no digits: bit i for at[i].
inline uint32_t Others(const char* at) {
#if defined(__SSE2__)
  const auto half = [](const char* from) {
    // Signed bytes of which the ten digits are the lowest.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(128 - '0'));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpgt_epi8(moved, _mm_set1_epi8(-128 + 9))));
  };
  return half(at) | half(at + 16) << 16;
#else
  uint32_t others = 0;
  for (unsigned i = 0; i < 32; ++i) others |= uint32_t{at[i] < '0' || at[i] > '9'} << i;
  return others;
#endif
}

// The number that eight digits make, given as values from 0 to 9. Pairs are added up first, then
// fours, then all.
inline uint64_t Aligned(uint64_t values) {
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  constexpr uint64_t kOuter = 100 + (uint64_t{1'000'000} << 32);
  constexpr uint64_t kInner = 1 + (uint64_t{10'000} << 32);
  values = values * 10 + (values >> 8);
  return ((values & kPairs) * kOuter + ((values >> 16) & kPairs) * kInner) >> 32;
}

// The number that the first `count` digits of a word make; 1 <= count <= 8. What is shifted in are
// zeros before them.
inline uint64_t Value(uint64_t word, unsigned count) {
  return Aligned((word & 0x0F0F0F0F0F0F0F0F) << (64 - 8 * count));
}

// `before` with 9 to 19 digits put behind it.
inline uint64_t Long(uint64_t before, const char* at, unsigned count) {
  uint64_t w = before * kPowers[8] + Value(Load(at), 8);
  if (count <= 16) return w * kPowers[count - 8] + Value(Load(at + 8), count - 8);
  w = w * kPowers[8] + Value(Load(at + 8), 8);
  return w * kPowers[count - 16] + Value(Load(at + 16), count - 16);
}

}  // namespace digits

// The double nearest to w / 10^k. REQUIRES: 0 <= k <= 19.
double NearestQuotient(uint64_t w, unsigned k);

inline const char* ReadShortNumber(const char* at, double* value) {
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  const uint32_t others = digits::Others(at);
  const auto whole = static_cast<unsigned>(std::countr_zero(others));
  if (whole - 1 >= 7 || (*at == '0' && whole > 1)) return nullptr;
  uint64_t w = digits::Value(digits::Load(at), whole);
  auto size = static_cast<double>(static_cast<int64_t>(w));
  const char* end = at + whole;
  if (*end == '.') {
    const char* const fraction = end + 1;
    end = at + std::countr_zero(others & (others - 1));
    const auto count = static_cast<unsigned>(end - fraction);
    if (count - 1 < 8) {
      // At most 15 digits, and the power: both are exact doubles, so one division rounds rightly.
      w = w * digits::kPowers[count] + digits::Value(digits::Load(fraction), count);
      size = static_cast<double>(static_cast<int64_t>(w)) /
             static_cast<double>(static_cast<int64_t>(digits::kPowers[count]));
    } else {
      if (count == 0 || count + (w == 0 ? 0 : whole) > digits::kMostPower) return nullptr;
      w = digits::Long(w, fraction, count);
      size = NearestQuotient(w, count);
    }
  }
  if ((*end | 0x20) == 'e') return nullptr;
  *value = std::bit_cast<double>(std::bit_cast<uint64_t>(size) | uint64_t{negative} << 63);
  return end;
}

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_JSON_NUMBER_H_
