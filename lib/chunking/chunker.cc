#include "lib/chunking/chunker.h"

#include <algorithm>
#include <bit>

#include "lib/base/errors.h"
#include "lib/chunking/gear_table.h"

namespace cairn::chunking {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 30;
constexpr int64_t kLeastAverageBytes = 256;
constexpr int kNormalization = 2;
constexpr size_t kNotFound = ~size_t{0};

constexpr std::array<uint64_t, 256> kGear = kGearTable;
constexpr std::array<uint64_t, 256> kGearTwice = MakeGearTable(1);

absl::Status Refuse(std::string_view field, int64_t value, std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, field, std::to_string(value), rule);
}

uint64_t Roll(const uint8_t* bytes, size_t count, uint64_t hash) {
  for (size_t i = 0; i < count; ++i) hash = (hash << 1) + kGear[bytes[i]];
  return hash;
}

// How many of the bytes lead to the first hash below `bound`; kNotFound, and `hash` rolled
// over all of them, when there is none. Two bytes a step: what they add is summed apart from the
// hash, so that the chain of dependent additions is half as long.
size_t Scan(const uint8_t* bytes, size_t count, uint64_t bound, uint64_t* hash) {
  uint64_t h = *hash;
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const uint64_t first = (h << 1) + kGear[bytes[i]];
    h = (h << 2) + (kGearTwice[bytes[i]] + kGear[bytes[i + 1]]);
    if (first < bound) [[unlikely]]
      return i + 1;
    if (h < bound) [[unlikely]]
      return i + 2;
  }
  for (; i < count; ++i) {
    h = (h << 1) + kGear[bytes[i]];
    if (h < bound) return i + 1;
  }
  *hash = h;
  return kNotFound;
}

}  // namespace

absl::Status ChunkerParams::Check() const {
  if (min_bytes < kWindowBytes) return Refuse("min_bytes", min_bytes, "at least 64");
  if (average_bytes < kLeastAverageBytes || average_bytes < min_bytes) {
    return Refuse("average_bytes", average_bytes, "at least 256, and the minimum");
  }
  if (max_bytes < average_bytes || max_bytes > kMostBytes) {
    return Refuse("max_bytes", max_bytes, "at least the average, and at most 1 GiB");
  }
  return absl::OkStatus();
}

Chunker::Chunker(const ChunkerParams& params)
    : hash_from_(params.min_bytes - kWindowBytes),
      min_(params.min_bytes),
      average_(params.average_bytes),
      max_(params.max_bytes) {
  const int bits = std::bit_width(static_cast<uint64_t>(params.average_bytes)) - 1;
  strict_bound_ = uint64_t{1} << (64 - bits - kNormalization);
  loose_bound_ = uint64_t{1} << (64 - bits + kNormalization);
}

std::optional<size_t> Chunker::FindEnd(std::string_view bytes) {
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t at = 0;
  // How many of the bytes left to look at make the chunk at most `length` long.
  const auto until = [&](int64_t length) {
    return std::min(bytes.size() - at, static_cast<size_t>(std::max<int64_t>(length - size_, 0)));
  };
  const auto pass = [&](size_t count) {
    at += count;
    size_ += static_cast<int64_t>(count);
  };
  pass(until(hash_from_));
  const size_t warm_up = until(min_ - 1);
  hash_ = Roll(data + at, warm_up, hash_);
  pass(warm_up);
  for (const auto& [length, bound] :
       {std::pair{average_ - 1, strict_bound_}, std::pair{max_ - 1, loose_bound_}}) {
    const size_t count = until(length);
    const size_t found = Scan(data + at, count, bound, &hash_);
    if (found != kNotFound) {
      Reset();
      return at + found;
    }
    pass(count);
  }
  if (at == bytes.size()) return std::nullopt;
  Reset();
  return at + 1;
}

void Chunker::Reset() {
  size_ = 0;
  hash_ = 0;
}

std::vector<int64_t> ChunkLengths(std::string_view bytes, const ChunkerParams& params) {
  std::vector<int64_t> lengths;
  Chunker chunker(params);
  while (!bytes.empty()) {
    const size_t length = chunker.FindEnd(bytes).value_or(bytes.size());
    lengths.push_back(static_cast<int64_t>(length));
    bytes.remove_prefix(length);
  }
  return lengths;
}

}  // namespace cairn::chunking
