#ifndef CAIRN_TESTS_UNIT_CHUNKING_REFERENCE_CHUNKER_H_
#define CAIRN_TESTS_UNIT_CHUNKING_REFERENCE_CHUNKER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/chunking/chunker.h"

namespace cairn::chunking {

// The rule of docs/storage-format.md as it is written there: no skipping, no state but the
// hash, which is rolled over the whole input from its first byte.
inline std::vector<int64_t> ReferenceChunkLengths(std::string_view bytes,
                                                  const ChunkerParams& params) {
  // SplitMix64 seeded with 0, run forward rather than computed for each byte.
  std::vector<uint64_t> gear;
  for (uint64_t state = 0; gear.size() < 256;) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    gear.push_back(z ^ (z >> 31));
  }
  int log2 = 0;
  while ((params.average_bytes >> (log2 + 1)) != 0) ++log2;

  std::vector<int64_t> lengths;
  int64_t length = 0;
  uint64_t hash = 0;
  for (const char byte : bytes) {
    hash = hash * 2 + gear[static_cast<uint8_t>(byte)];
    ++length;
    const int shift = length < params.average_bytes ? 62 - log2 : 66 - log2;
    const bool is_end = hash < (uint64_t{1} << shift) && length >= params.min_bytes;
    if (!is_end && length < params.max_bytes) continue;
    lengths.push_back(length);
    length = 0;
  }
  if (length > 0) lengths.push_back(length);
  return lengths;
}

}  // namespace cairn::chunking

#endif  // CAIRN_TESTS_UNIT_CHUNKING_REFERENCE_CHUNKER_H_
