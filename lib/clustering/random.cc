#include "lib/clustering/random.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace cairn::clustering {
namespace {

constexpr std::size_t kShift = 397;
constexpr std::uint32_t kUpperMask = 0x80000000U;
constexpr std::uint32_t kLowerMask = 0x7fffffffU;

std::uint32_t Twist(std::uint32_t high, std::uint32_t low) {
  const std::uint32_t mixed = (high & kUpperMask) | (low & kLowerMask);
  return (mixed >> 1) ^ ((mixed & 1U) != 0 ? 0x9908b0dfU : 0U);
}

// The smallest value of the form 2^m - 1 that is at least `value`.
std::uint32_t MaskFor(std::uint32_t value) {
  for (int shift = 1; shift < 32; shift *= 2) value |= value >> shift;
  return value;
}

// Cumulative sums divided by the last one: how NumPy prepares probabilities for a search.
void NormalisedCumulative(const std::vector<double>& weights, std::vector<double>& cumulative) {
  double total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) cumulative[i] = total += weights[i];
  for (double& value : cumulative) value /= total;
}

std::size_t SearchRight(const std::vector<double>& cumulative, double value) {
  const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), value);
  return std::min(static_cast<std::size_t>(it - cumulative.begin()), cumulative.size() - 1);
}

}  // namespace

Mt19937::Mt19937(std::uint32_t seed) {
  for (std::uint32_t i = 0; i < kWords; ++i) {
    state_[i] = seed;
    seed = 1812433253U * (seed ^ (seed >> 30)) + i + 1;
  }
}

void Mt19937::Refill() {
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint32_t twisted = Twist(state_[i], state_[(i + 1) % kWords]);
    state_[i] = state_[(i + kShift) % kWords] ^ twisted;
  }
  next_ = 0;
}

std::uint32_t Mt19937::NextUint32() {
  if (next_ == kWords) Refill();
  std::uint32_t bits = state_[next_++];
  bits ^= bits >> 11;
  bits ^= (bits << 7) & 0x9d2c5680U;
  bits ^= (bits << 15) & 0xefc60000U;
  return bits ^ (bits >> 18);
}

double Mt19937::NextDouble() {
  const std::uint32_t high = NextUint32() >> 5;
  const std::uint32_t low = NextUint32() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double Mt19937::NextUniform(double low, double high) { return low + (high - low) * NextDouble(); }

std::uint64_t Mt19937::NextBounded(std::uint64_t bound) {
  const auto largest = static_cast<std::uint32_t>(bound - 1);
  if (largest == 0) return 0;
  const std::uint32_t mask = MaskFor(largest);
  std::uint32_t value = NextUint32() & mask;
  while (value > largest) value = NextUint32() & mask;
  return value;
}

std::vector<std::int64_t> Mt19937::Permutation(std::size_t size) {
  std::vector<std::int64_t> order(size);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = size; i-- > 1;) std::swap(order[i], order[NextBounded(i + 1)]);
  return order;
}

std::size_t Mt19937::Choice(std::size_t size) {
  const std::vector<double> weights(size, 1.0 / static_cast<double>(size));
  std::vector<double> cumulative(size);
  NormalisedCumulative(weights, cumulative);
  return SearchRight(cumulative, NextDouble());
}

std::vector<std::size_t> Mt19937::ChoiceWithoutReplacement(std::size_t size, std::size_t count) {
  std::vector<double> weights(size, 1.0 / static_cast<double>(size));
  std::vector<double> cumulative(size);
  std::vector<double> draws;
  std::vector<std::size_t> found;
  std::unordered_set<std::size_t> taken;
  // Each round draws what is missing at once, keeps the first of equal hits, and bars what it
  // found.
  while (found.size() < count) {
    draws.resize(count - found.size());
    for (double& draw : draws) draw = NextDouble();
    for (const std::size_t row : found) weights[row] = 0;
    NormalisedCumulative(weights, cumulative);
    for (const double draw : draws) {
      const std::size_t row = SearchRight(cumulative, draw);
      if (taken.insert(row).second) found.push_back(row);
    }
  }
  return found;
}

std::uint64_t SplitMix64(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

std::uint32_t DeriveSeed(std::uint64_t seed, std::initializer_list<std::uint64_t> parts) {
  // Only one side of the xor is mixed: mixing both would make (seed, part) and (part, seed) equal.
  std::uint64_t mixed = seed;
  for (const std::uint64_t part : parts) mixed = SplitMix64(SplitMix64(mixed) ^ part);
  return static_cast<std::uint32_t>(mixed >> 32);
}

}  // namespace cairn::clustering
