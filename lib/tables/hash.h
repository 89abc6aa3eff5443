#ifndef CAIRN_LIB_TABLES_HASH_H_
#define CAIRN_LIB_TABLES_HASH_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace cairn::tables {

// A 64-bit hash of bytes, the same on every run of a little-endian machine: MurmurHash64A
// (A. Appleby). Not for what an adversary may choose. Of n different texts about
// n² / 2^65 pairs share a hash: 3 in a million for ten million texts. Pure.
inline uint64_t HashBytes(std::string_view bytes, uint64_t seed = 0x9E3779B97F4A7C15) {
  constexpr uint64_t kMultiplier = 0xC6A4A7935BD1E995;
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t hash = seed ^ (left * kMultiplier);
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word *= kMultiplier;
    word ^= word >> 47;
    hash = (hash ^ (word * kMultiplier)) * kMultiplier;
  }
  if (left > 0) {
    uint64_t word = 0;
    std::memcpy(&word, at, left);
    hash = (hash ^ word) * kMultiplier;
  }
  hash ^= hash >> 47;
  hash *= kMultiplier;
  return hash ^ (hash >> 47);
}

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_HASH_H_
