#include "server/metrics/bit_packing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace cairn::metrics {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are little-endian on disk");

constexpr size_t kWord = sizeof(uint64_t);
// Up to this width one unaligned load holds a number wherever it begins.
constexpr int kOneLoadWidth = 57;

uint64_t Load64(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, kWord);
  return word;
}

constexpr uint64_t MaskOf(int width) {
  return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

// The number at `bit`; reads nine bytes from where it begins.
uint64_t LoadWide(const char* bytes, size_t bit, uint64_t mask) {
  const char* from = bytes + bit / 8;
  const unsigned shift = bit % 8;
  const uint64_t low = Load64(from) >> shift;
  const uint64_t high =
      shift == 0 ? 0 : uint64_t{static_cast<uint8_t>(from[kWord])} << (64 - shift);
  return (low | high) & mask;
}

}  // namespace

void PackBits(const uint64_t* values, size_t count, int width, std::string* out) {
  const size_t bytes = PackedBytes(count, width);
  const size_t start = out->size();
  out->resize(start + bytes);
  char* to = out->data() + start;
  uint64_t word = 0;
  int filled = 0;
  for (size_t i = 0; width != 0 && i < count; ++i) {
    const uint64_t value = values[i];
    word |= value << filled;
    filled += width;
    if (filled >= 64) {
      std::memcpy(to, &word, kWord);
      to += kWord;
      filled -= 64;
      const int taken = width - filled;
      word = taken < 64 ? value >> taken : 0;
    }
  }
  std::memcpy(to, &word, static_cast<size_t>((filled + 7) / 8));
}

void UnpackBits(std::string_view bytes, size_t count, int width, uint64_t* out) {
  if (width == 0 || count == 0) {
    std::fill(out, out + count, 0);
    return;
  }
  const uint64_t mask = MaskOf(width);
  const auto step = static_cast<size_t>(width);
  size_t i = 0;
  size_t bit = 0;
  // The last numbers are read from a padded copy, so that no load leaves `bytes`.
  const size_t safe_bytes = bytes.size() > kWord ? bytes.size() - kWord : 0;
  const size_t safe = std::min(count, safe_bytes * 8 / step);
  if (width <= kOneLoadWidth) {
    for (; i < safe; ++i, bit += step) out[i] = (Load64(bytes.data() + bit / 8) >> bit % 8) & mask;
  } else {
    for (; i < safe; ++i, bit += step) out[i] = LoadWide(bytes.data(), bit, mask);
  }
  std::array<char, 4 * kWord> tail{};
  const size_t tail_start = bit / 8;
  std::memcpy(tail.data(), bytes.data() + tail_start, bytes.size() - tail_start);
  for (bit -= tail_start * 8; i < count; ++i, bit += step) {
    out[i] = LoadWide(tail.data(), bit, mask);
  }
}

void AppendVarint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendFixed16(std::string* out, uint16_t value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}
void AppendFixed32(std::string* out, uint32_t value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}
void AppendFixed64(std::string* out, uint64_t value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::optional<uint64_t> ByteReader::ReadLittleEndian(size_t bytes) {
  const auto taken = ReadBytes(bytes);
  if (!taken) return std::nullopt;
  uint64_t value = 0;
  std::memcpy(&value, taken->data(), bytes);
  return value;
}

std::optional<std::string_view> ByteReader::ReadBytes(size_t count) {
  if (rest_.size() < count) return std::nullopt;
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::optional<uint8_t> ByteReader::ReadByte() { return ReadLittleEndian(1); }
std::optional<uint16_t> ByteReader::ReadFixed16() { return ReadLittleEndian(2); }
std::optional<uint32_t> ByteReader::ReadFixed32() { return ReadLittleEndian(4); }
std::optional<uint64_t> ByteReader::ReadFixed64() { return ReadLittleEndian(8); }

std::optional<uint64_t> ByteReader::ReadVarint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = ReadByte();
    if (!byte) return std::nullopt;
    value |= uint64_t{*byte & 0x7Fu} << shift;
    if ((*byte & 0x80) != 0) continue;
    // The tenth byte has room for one bit only.
    return shift == 63 && *byte > 1 ? std::nullopt : std::optional<uint64_t>(value);
  }
  return std::nullopt;
}

}  // namespace cairn::metrics
