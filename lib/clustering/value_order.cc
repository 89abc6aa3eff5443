#include "lib/clustering/value_order.h"

#include <array>
#include <bit>
#include <cstddef>
#include <utility>

namespace cairn::clustering {
namespace {

constexpr std::size_t kBytes = sizeof(double);
constexpr std::size_t kByteValues = 256;

struct Keyed {
  std::uint64_t key;
  std::uint32_t place;
};

// Ascends as the value does: among negative numbers the bits descend, and all of them stand behind
// the positive ones.
std::uint64_t KeyOf(double value) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0 becomes 0
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

std::size_t ByteOf(std::uint64_t key, std::size_t byte) { return key >> (8 * byte) & 0xff; }

}  // namespace

// From the lowest byte to the highest, each pass keeping the order of the one before.
std::vector<std::uint32_t> AscendingOrder(std::span<const double> values) {
  std::vector<Keyed> from(values.size());
  std::vector<Keyed> to(values.size());
  std::array<std::array<std::size_t, kByteValues>, kBytes> counts{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    from[i] = {KeyOf(values[i]), static_cast<std::uint32_t>(i)};
    for (std::size_t byte = 0; byte < kBytes; ++byte) ++counts[byte][ByteOf(from[i].key, byte)];
  }
  for (std::size_t byte = 0; byte < kBytes && !from.empty(); ++byte) {
    std::array<std::size_t, kByteValues>& next = counts[byte];
    if (next[ByteOf(from.front().key, byte)] == from.size()) continue;  // all have the same
    std::size_t start = 0;
    for (std::size_t& count : next) start += std::exchange(count, start);
    for (const Keyed& one : from) to[next[ByteOf(one.key, byte)]++] = one;
    from.swap(to);
  }
  std::vector<std::uint32_t> order;
  order.reserve(from.size());
  for (const Keyed& one : from) order.push_back(one.place);
  return order;
}

std::vector<double> InOrder(std::span<const double> values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const std::uint32_t place : AscendingOrder(values)) out.push_back(values[place]);
  return out;
}

}  // namespace cairn::clustering
