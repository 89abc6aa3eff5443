#include "lib/tables/distinct_counter.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace cairn::tables {
namespace {

constexpr size_t kFirstSlots = 16;

// Ertl 2017, algorithm 6: the part of the registers that are still 0.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double weight = 1;
  double sum = x;
  double before = -1;
  while (sum != before) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

// The part of the registers that can grow no more.
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double weight = 1;
  double sum = 1 - x;
  double before = -1;
  while (sum != before) {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

DistinctCounter::DistinctCounter() : slots_(kFirstSlots) {}

bool DistinctCounter::Add(uint64_t hash) {
  if (!slots_.empty()) return AddExact(hash);
  const size_t index = hash >> (64 - kIndexBits);
  // The marker bit bounds the run, so that it is at most 64 - kIndexBits + 1.
  const uint64_t rest = (hash << kIndexBits) | (uint64_t{1} << (kIndexBits - 1));
  const auto run = static_cast<uint8_t>(std::countl_zero(rest) + 1);
  if (run > registers_[index]) registers_[index] = run;
  return true;
}

bool DistinctCounter::AddExact(uint64_t hash) {
  if (hash == 0) {
    if (has_zero_) return false;
    ++used_;
    has_zero_ = true;
  } else {
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
    if (slots_[at] == hash) return false;
    slots_[at] = hash;
    ++used_;
  }
  if (used_ > kExact) {
    const std::vector<uint64_t> all = std::exchange(slots_, {});
    registers_.assign(size_t{1} << kIndexBits, 0);
    for (const uint64_t known : all) {
      if (known != 0) Add(known);
    }
    if (has_zero_) Add(0);
  } else if (used_ * 2 > slots_.size()) {
    Rehash(slots_.size() * 2);
  }
  return true;
}

void DistinctCounter::Rehash(size_t slots) {
  const std::vector<uint64_t> old = std::exchange(slots_, std::vector<uint64_t>(slots));
  for (const uint64_t hash : old) {
    if (hash == 0) continue;
    size_t at = hash & (slots - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots - 1);
    slots_[at] = hash;
  }
}

int64_t DistinctCounter::Count() const {
  return slots_.empty() ? Estimate() : static_cast<int64_t>(used_);
}

int64_t DistinctCounter::Estimate() const {
  constexpr int kLongest = 64 - kIndexBits + 1;
  std::array<int, kLongest + 1> with_run{};
  for (const uint8_t run : registers_) ++with_run[run];
  const auto count = static_cast<double>(registers_.size());
  double sum = count * Tau(1 - (with_run[kLongest] / count));
  for (int run = kLongest - 1; run >= 1; --run) sum = 0.5 * (sum + with_run[run]);
  sum += count * Sigma(with_run[0] / count);
  return std::llround(count * count / (2 * std::log(2) * sum));
}

}  // namespace cairn::tables
