#ifndef CAIRN_PIPELINE_SERVING_WIDE_NUMBER_H_
#define CAIRN_PIPELINE_SERVING_WIDE_NUMBER_H_

// Internal to pipeline/serving: ReadShortNumber and a comparison for processors with AVX2.

#include "pipeline/serving/json_number.h"
#include "pipeline/serving/wide.h"

#if defined(__x86_64__)

namespace cairn::pipeline::serving::wide {

// Digits that are in 16 bytes for sure, one of which may be the point.
inline constexpr unsigned kMostAtOnce = 15;

// For every place of the point and number of digits: which byte goes where, so that the first 15
// digits stand at the right end, without the point, and zeros to their left.
struct Shuffles {
  static constexpr unsigned kWholes = 8;
  static constexpr unsigned kCounts = 32;
  alignas(16) char from[kWholes][kCounts][16];
};
inline constexpr Shuffles kShuffles = [] {
  Shuffles shuffles{};
  for (int whole = 0; whole < 8; ++whole) {
    for (unsigned count = 0; count < 32; ++count) {
      for (int i = 0; i < 16; ++i) {
        const int digit = i - 16 + static_cast<int>(count < kMostAtOnce ? count : kMostAtOnce);
        shuffles.from[whole][count][i] = static_cast<char>(digit < 0       ? -1
                                                           : digit < whole ? digit
                                                                           : digit + 1);
      }
    }
  }
  return shuffles;
}();

// Bytes that are compared with. Defined elsewhere, because GCC 12 takes four instructions for a
// constant that it knows, and one for a load.
extern const char kZeros[32];
extern const char kTens[32];

CAIRN_WIDE CAIRN_INLINE __m256i Load32(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// 10^k, and -10^k behind them.
inline constexpr std::array<double, 64> kSignedPowers = [] {
  std::array<double, 64> powers{};
  for (size_t k = 0; k <= digits::kMostPower; ++k) {
    powers[k] = static_cast<double>(digits::kPowers[k]);
    powers[32 + k] = -powers[k];
  }
  return powers;
}();

// As serving::ReadShortNumber, but without a branch that depends on how many digits there are, if
// at most 8 are behind the point; and what follows is not looked at, so it may be an exponent.
CAIRN_WIDE CAIRN_INLINE const char* ReadDigits(const char* at, double* value) {
  const unsigned negative = *at == '-' ? 1 : 0;
  at += negative;
  const __m256i values = _mm256_sub_epi8(Load32(at), Load32(kZeros));
  const auto others = static_cast<uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(values, Load32(kTens)), values)));
  const auto whole = static_cast<unsigned>(std::countr_zero(others));
  if (whole - 1 >= 7 || (*at == '0' && whole > 1)) return nullptr;
  const auto next = static_cast<unsigned>(std::countr_zero(others & (others - 1)));
  const unsigned point = at[whole] == '.' ? 1 : 0;
  const unsigned length = point != 0 ? next : whole;
  const unsigned behind = length - whole - point;  // digits
  const unsigned count = whole + behind;
  // Of a point without digits the difference is huge.
  if (behind - point > digits::kMostPower) return nullptr;
  const __m128i ordered = _mm_shuffle_epi8(
      _mm256_castsi256_si128(values),
      _mm_load_si128(reinterpret_cast<const __m128i*>(kShuffles.from[whole][count])));
  const __m128i pairs = _mm_maddubs_epi16(ordered, _mm_set1_epi16(10 | 1 << 8));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
  const __m128i packed = _mm_packus_epi32(fours, fours);
  const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(10'000 | 1 << 16));
  const auto both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  const uint64_t w = (both & 0xFFFFFFFF) * 100'000'000 + (both >> 32);
  if (behind <= 8) {
    // At most 15 digits, and the power: both are exact doubles, so one division rounds rightly.
    *value = static_cast<double>(static_cast<int64_t>(w)) / kSignedPowers[behind + 32 * negative];
    return at + length;
  }
  if (count > digits::kMostPower) return nullptr;
  const unsigned rest = count > kMostAtOnce ? count - kMostAtOnce : 0;
  const uint64_t tail = digits::Load(at + length - rest) & 0x0F0F0F0F0F0F0F0F;
  const double size = NearestQuotient(
      w * digits::kPowers[rest] + digits::Aligned(tail << (56 - 8 * rest) << 8), behind);
  *value = negative != 0 ? -size : size;
  return at + length;
}

// Whether `size` bytes are the same. REQUIRES: a number's room can be read behind both.
CAIRN_WIDE CAIRN_INLINE bool SameBytes(const char* a, const char* b, size_t size) {
  for (;;) {
    const auto same =
        static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(Load32(a), Load32(b))));
    if (size <= 32) return static_cast<size_t>(std::countr_one(same)) >= size;
    if (same != ~uint32_t{0}) return false;
    a += 32;
    b += 32;
    size -= 32;
  }
}

}  // namespace cairn::pipeline::serving::wide

#endif

#endif  // CAIRN_PIPELINE_SERVING_WIDE_NUMBER_H_
