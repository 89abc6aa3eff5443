#include "pipeline/data/csv_scan.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cairn::pipeline {
namespace {

constexpr size_t kBlock = 64;

// Writes eight positions at a time, wanted or not: the count of set bits varies too much for a
// loop per bit to be predicted. Needs room for eight more than there are.
inline uint32_t* WritePositions(uint64_t bits, uint32_t base, uint32_t* out) {
  const int count = std::popcount(bits);
  for (int written = 0; written < count; written += 8) {
    for (int i = 0; i < 8; ++i) {
      out[written + i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return out + count;
}

inline bool IsStructural(char c) { return c == ',' || c == '\n' || c == '"'; }

uint32_t* ScanPortable(const char* text, size_t begin, size_t end, uint32_t* out) {
  for (size_t at = begin; at < end; ++at) {
    *out = static_cast<uint32_t>(at);
    out += IsStructural(text[at]) ? 1 : 0;
  }
  return out;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,popcnt"))) inline uint64_t BitsAvx2(const char* block) {
  const __m256i comma = _mm256_set1_epi8(',');
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i feed = _mm256_set1_epi8('\n');
  uint64_t bits = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i bytes =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + half * 32));
    const __m256i hits = _mm256_or_si256(
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, comma), _mm256_cmpeq_epi8(bytes, quote)),
        _mm256_cmpeq_epi8(bytes, feed));
    bits |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hits))) << (half * 32);
  }
  return bits;
}

__attribute__((target("avx2,bmi,popcnt"))) inline uint32_t* WritePositionsAvx2(uint64_t bits,
                                                                             uint32_t base,
                                                                             uint32_t* out) {
  const int count = static_cast<int>(_mm_popcnt_u64(bits));
  for (int written = 0; written < count; written += 8) {
    for (int i = 0; i < 8; ++i) {
      out[written + i] = base + static_cast<uint32_t>(_tzcnt_u64(bits));
      bits = _blsr_u64(bits);
    }
  }
  return out + count;
}

__attribute__((target("avx2,bmi,popcnt"))) uint32_t* ScanAvx2(const char* text, size_t size,
                                                            uint32_t* out) {
  size_t at = 0;
  for (; at + kBlock <= size; at += kBlock) {
    out = WritePositionsAvx2(BitsAvx2(text + at), static_cast<uint32_t>(at), out);
  }
  char tail[kBlock] = {};
  std::memcpy(tail, text + at, size - at);
  return WritePositionsAvx2(BitsAvx2(tail), static_cast<uint32_t>(at), out);
}
#endif

}  // namespace

ScanLevel BestScanLevel() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                               __builtin_cpu_supports("popcnt");
  if (has_avx2) return ScanLevel::kAvx2;
#endif
  return ScanLevel::kPortable;
}

void FindStructure(std::string_view text, ScanLevel level, std::vector<uint32_t>* positions) {
  // Every byte may be structural, and the writers overshoot by less than one block.
  if (positions->size() < text.size() + kBlock) positions->resize(text.size() + kBlock);
  uint32_t* const first = positions->data();
  uint32_t* last = first;
#if defined(__x86_64__)
  if (level == ScanLevel::kAvx2) {
    last = ScanAvx2(text.data(), text.size(), first);
    positions->resize(static_cast<size_t>(last - first));
    return;
  }
#endif
  static_cast<void>(level);
  last = ScanPortable(text.data(), 0, text.size(), first);
  positions->resize(static_cast<size_t>(last - first));
}

}  // namespace cairn::pipeline
