#include "server/index/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cairn::index {
namespace {

using RangeFunction = void (*)(const uint64_t*, uint64_t, uint64_t, Mask&);

#if defined(__x86_64__)

__attribute__((target("avx512f"))) void RangeMaskAvx512(const uint64_t* words, uint64_t lo,
                                                        uint64_t hi, Mask& out) {
  const __m512i low = _mm512_set1_epi64(static_cast<int64_t>(lo));
  const __m512i span = _mm512_set1_epi64(static_cast<int64_t>(hi - lo));
  for (size_t i = 0; i < kMaskWords; ++i) {
    uint64_t word = 0;
    for (size_t part = 0; part < 8; ++part) {
      const __m512i value = _mm512_loadu_si512(words + i * 64 + part * 8);
      const __mmask8 hit = _mm512_cmple_epu64_mask(_mm512_sub_epi64(value, low), span);
      word |= static_cast<uint64_t>(hit) << (part * 8);
    }
    out[i] = word;
  }
}

// AVX2 compares signed numbers only: flipping the sign bits makes that the same.
__attribute__((target("avx2"))) void RangeMaskAvx2(const uint64_t* words, uint64_t lo, uint64_t hi,
                                                   Mask& out) {
  const __m256i low = _mm256_set1_epi64x(static_cast<int64_t>(lo));
  const __m256i sign = _mm256_set1_epi64x(static_cast<int64_t>(uint64_t{1} << 63));
  const __m256i span = _mm256_xor_si256(_mm256_set1_epi64x(static_cast<int64_t>(hi - lo)), sign);
  for (size_t i = 0; i < kMaskWords; ++i) {
    uint64_t misses = 0;
    for (size_t part = 0; part < 16; ++part) {
      const __m256i value =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words + i * 64 + part * 4));
      const __m256i offset = _mm256_xor_si256(_mm256_sub_epi64(value, low), sign);
      const int miss = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(offset, span)));
      misses |= static_cast<uint64_t>(miss) << (part * 4);
    }
    out[i] = ~misses;
  }
}

#endif

RangeFunction BestRangeMask() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return RangeMaskAvx512;
  if (__builtin_cpu_supports("avx2")) return RangeMaskAvx2;
#endif
  return RangeMaskPortable;
}

}  // namespace

void RangeMaskPortable(const uint64_t* words, uint64_t lo, uint64_t hi, Mask& out) {
  const uint64_t span = hi - lo;
  for (size_t i = 0; i < kMaskWords; ++i) {
    uint64_t word = 0;
    for (size_t bit = 0; bit < 64; ++bit) {
      word |= static_cast<uint64_t>(words[i * 64 + bit] - lo <= span) << bit;
    }
    out[i] = word;
  }
}

void RangeMask(const uint64_t* words, uint64_t lo, uint64_t hi, Mask& out) {
  static const RangeFunction best = BestRangeMask();
  best(words, lo, hi, out);
}

void EqualMask(const uint8_t* codes, uint8_t code, Mask& out) {
#if defined(__x86_64__)
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(code));
  for (size_t i = 0; i < kMaskWords; ++i) {
    uint64_t word = 0;
    for (size_t part = 0; part < 4; ++part) {
      const __m128i value =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + i * 64 + part * 16));
      const auto hit = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(value, wanted)));
      word |= static_cast<uint64_t>(hit) << (part * 16);
    }
    out[i] = word;
  }
#else
  EqualMask<uint8_t>(codes, code, out);
#endif
}

}  // namespace cairn::index
