#include "pipeline/stages/checksum.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace cairn::pipeline {
namespace {

// Odd, and with about as many ones as zeros: multiplying by it loses nothing and moves every bit
// into many.
constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
// So many words side by side do not wait for each other's multiplication.
constexpr size_t kChecksumLanes = 4;

uint64_t WordAt(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// One-to-one in each of both, so that a single changed word always changes the sum. The product
// carries changes upwards only; its upper half brings them down again, so that one changed bit of
// the next word cannot take back one of this.
uint64_t Mixed(uint64_t sum, uint64_t word) {
  const uint64_t product = (sum ^ word) * kMultiplier;
  return product ^ product >> 32;
}

}  // namespace

uint64_t Checksum(std::string_view bytes, uint64_t start) {
  constexpr size_t kWord = sizeof(uint64_t);
  constexpr size_t kStep = kChecksumLanes * kWord;
  std::array<uint64_t, kChecksumLanes> sums;
  for (size_t lane = 0; lane < kChecksumLanes; ++lane) sums[lane] = start + lane;
  size_t at = 0;
  for (; at + kStep <= bytes.size(); at += kStep) {
    for (size_t lane = 0; lane < kChecksumLanes; ++lane) {
      sums[lane] = Mixed(sums[lane], WordAt(bytes.data() + at + lane * kWord));
    }
  }
  std::array<char, kStep> rest{};
  bytes.copy(rest.data(), kStep, at);
  uint64_t sum = Mixed(start, bytes.size());
  for (size_t lane = 0; lane < kChecksumLanes; ++lane) {
    sum = Mixed(sum, Mixed(sums[lane], WordAt(rest.data() + lane * kWord)));
  }
  return sum;
}

}  // namespace cairn::pipeline
