#ifndef CAIRN_SERVER_INDEX_KERNELS_H_
#define CAIRN_SERVER_INDEX_KERNELS_H_

#include <cstdint>

#include "server/index/bitmap.h"

namespace cairn::index {

// The inner loops of a column scan: each compares the kChunkRows values of one
// chunk and writes a bit for each. They use what the processor offers, chosen at
// run time; the result is the same everywhere. Pure; safe to call from any thread.

// Bit i is set if lo <= words[i] <= hi. REQUIRES: lo <= hi. Uses AVX-512 or AVX2 where
// there is one. All masks below are written whole; what `out` held does not matter.
void RangeMask(const uint64_t* words, uint64_t lo, uint64_t hi, Mask& out);

// As RangeMask, in plain C++; for tests. What RangeMask does where there is neither.
void RangeMaskPortable(const uint64_t* words, uint64_t lo, uint64_t hi, Mask& out);

// Bit i is set if codes[i] == code. Codes of one byte are the common case, so this one
// is written with SSE2.
void EqualMask(const uint8_t* codes, uint8_t code, Mask& out);

// The same for codes of two and four bytes; compilers turn the inner loop into vector
// code where they can.
template <typename Code>
void EqualMask(const Code* codes, Code code, Mask& out) {
  for (size_t i = 0; i < kMaskWords; ++i) {
    uint64_t word = 0;
    for (size_t bit = 0; bit < 64; ++bit) {
      word |= static_cast<uint64_t>(codes[i * 64 + bit] == code) << bit;
    }
    out[i] = word;
  }
}

// Bit i is set if table[codes[i]] is 1; the table holds 0 and 1 only. REQUIRES: every
// code is within the table.
template <typename Code>
void TableMask(const Code* codes, const uint8_t* table, Mask& out) {
  for (size_t i = 0; i < kMaskWords; ++i) {
    uint64_t word = 0;
    for (size_t bit = 0; bit < 64; ++bit) {
      word |= static_cast<uint64_t>(table[codes[i * 64 + bit]]) << bit;
    }
    out[i] = word;
  }
}

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_KERNELS_H_
