#ifndef CAIRN_LIB_CHUNKING_GEAR_TABLE_H_
#define CAIRN_LIB_CHUNKING_GEAR_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn::chunking {

// How many bytes the rolling hash sees: each shifts out after 64 others.
inline constexpr int64_t kWindowBytes = 64;

// What a byte adds to the rolling hash: output number `byte` (from 0) of the SplitMix64
// generator seeded with 0. The rule is part of the format (docs/storage-format.md):
// another one finds other boundaries, and nothing would be shared with what is stored.
constexpr uint64_t GearValue(uint8_t byte) {
  uint64_t z = (uint64_t{byte} + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// GearValue of every byte, shifted left by `shift` bits.
constexpr std::array<uint64_t, 256> MakeGearTable(int shift) {
  std::array<uint64_t, 256> table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = GearValue(static_cast<uint8_t>(byte)) << shift;
  }
  return table;
}

inline constexpr std::array<uint64_t, 256> kGearTable = MakeGearTable(0);

static_assert(kGearTable[0] == 0xe220a8397b1dcdaf, "SplitMix64 with seed 0 begins so");

}  // namespace cairn::chunking

#endif  // CAIRN_LIB_CHUNKING_GEAR_TABLE_H_
