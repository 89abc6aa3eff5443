#include "pipeline/data/csv_scan.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cairn::pipeline {
namespace {

constexpr size_t kBlock = 64;

// The high bit of each byte of `word` that equals `c`, exactly (no false hits by borrowing).
inline uint64_t EqualBytes(uint64_t word, char c) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  const uint64_t difference = word ^ (0x0101010101010101 * static_cast<uint8_t>(c));
  return ~(((difference & kLow) + kLow) | difference | kLow);
}

uint32_t* ScanPortable(std::string_view text, char separator, uint32_t* out) {
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    // By hand rather than memcpy: the first byte must be the lowest on any machine.
    for (size_t i = 0; i < 8; ++i) {
      word |= uint64_t{static_cast<uint8_t>(text[at + i])} << (8 * i);
    }
    uint64_t hits = EqualBytes(word, separator) | EqualBytes(word, '"') | EqualBytes(word, '\n');
    for (; hits != 0; hits &= hits - 1) {
      *out++ = static_cast<uint32_t>(at) + static_cast<uint32_t>(std::countr_zero(hits)) / 8;
    }
  }
  for (; at < text.size(); ++at) {
    if (text[at] == separator || text[at] == '"' || text[at] == '\n') {
      *out++ = static_cast<uint32_t>(at);
    }
  }
  return out;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,popcnt"))) inline uint64_t BitsAvx2(const char* block,
                                                                    char separator) {
  const __m256i comma = _mm256_set1_epi8(separator);
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i feed = _mm256_set1_epi8('\n');
  uint64_t bits = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + half * 32));
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
  // Eight at a time, wanted or not: the number of set bits varies too much for a loop per bit to
  // be predicted.
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
                                                              char separator, uint32_t* out) {
  size_t at = 0;
  for (; at + kBlock <= size; at += kBlock) {
    out = WritePositionsAvx2(BitsAvx2(text + at, separator), static_cast<uint32_t>(at), out);
  }
  char tail[kBlock] = {};
  std::memcpy(tail, text + at, size - at);
  return WritePositionsAvx2(BitsAvx2(tail, separator), static_cast<uint32_t>(at), out);
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

size_t FindStructure(std::string_view text, ScanLevel level, std::vector<uint32_t>* positions,
                     char separator) {
  // Every byte may be structural, and the writers overshoot by less than one block.
  if (positions->size() < text.size() + kBlock) positions->resize(text.size() + kBlock);
  uint32_t* const first = positions->data();
#if defined(__x86_64__)
  if (level == ScanLevel::kAvx2) {
    return static_cast<size_t>(ScanAvx2(text.data(), text.size(), separator, first) - first);
  }
#endif
  static_cast<void>(level);
  return static_cast<size_t>(ScanPortable(text, separator, first) - first);
}

}  // namespace cairn::pipeline
