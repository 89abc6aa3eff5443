#ifndef CAIRN_SERVER_METRICS_BIT_PACKING_H_
#define CAIRN_SERVER_METRICS_BIT_PACKING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::metrics {

// The smallest pieces of a metric block: numbers of a fixed width in bits, and
// numbers of variable width in bytes. Pure; safe to call from any thread.
//
// Bits are filled from the low end of each byte: the first number takes the low
// `width` bits of the little-endian number that the bytes are.

// Bytes that `count` numbers of `width` bits (0 to 64) take.
constexpr size_t PackedBytes(size_t count, int width) {
  return (count * static_cast<size_t>(width) + 7) / 8;
}

// Appends PackedBytes(count, width) bytes. Every value is below 2^width.
void PackBits(const uint64_t* values, size_t count, int width, std::string* out);

// Reads `count` numbers of `width` bits (0 to 64) from `bytes`, which is exactly
// PackedBytes(count, width) long; reads nothing outside of it.
void UnpackBits(std::string_view bytes, size_t count, int width, uint64_t* out);

// Signed numbers as unsigned ones, small in magnitude staying small: 0, -1, 1,
// -2 become 0, 1, 2, 3.
constexpr uint64_t ZigZag(uint64_t value) { return (value << 1) ^ (uint64_t{0} - (value >> 63)); }
constexpr uint64_t UnZigZag(uint64_t value) { return (value >> 1) ^ (uint64_t{0} - (value & 1)); }

// Appends 7 bits a byte, low bits first, the high bit set on all bytes but the
// last; the form of Protobuf. 1 to 10 bytes.
void AppendVarint(std::string* out, uint64_t value);

// Little-endian numbers of fixed width.
void AppendFixed16(std::string* out, uint16_t value);
void AppendFixed32(std::string* out, uint32_t value);
void AppendFixed64(std::string* out, uint64_t value);

// Takes bytes apart from their front. Each method returns the next number and
// moves behind it, or nullopt when the bytes do not hold one. Never reads
// outside the bytes it was given, which must outlive it. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::optional<uint8_t> ReadByte();
  std::optional<uint64_t> ReadVarint();
  std::optional<uint16_t> ReadFixed16();
  std::optional<uint32_t> ReadFixed32();
  std::optional<uint64_t> ReadFixed64();
  std::optional<std::string_view> ReadBytes(size_t count);

  std::string_view rest() const { return rest_; }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::optional<uint64_t> ReadLittleEndian(size_t bytes);

  std::string_view rest_;
};

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_BIT_PACKING_H_
