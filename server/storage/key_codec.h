#ifndef CAIRN_SERVER_STORAGE_KEY_CODEC_H_
#define CAIRN_SERVER_STORAGE_KEY_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::storage {

// Encodings whose byte order is the order of the values, so that a scan of a
// sorted store visits values in order. Encodings may be concatenated: no
// encoding is a prefix of another of the same type, so the order of a tuple is
// the order of its concatenation. They are on disk for ever.

// A string: 0x00 becomes 0x00 0xFF, and 0x00 0x01 ends it. Order: bytewise, a
// prefix before its extensions. Width: 2 bytes more than the string, and one
// more for each 0x00 in it.
void AppendKeyString(std::string* out, std::string_view value);

// 8 bytes, big-endian, sign bit flipped. Order: numeric.
void AppendKeyInt64(std::string* out, int64_t value);

// As AppendKeyInt64 with every bit inverted. Order: numeric, largest first.
void AppendKeyInt64Descending(std::string* out, int64_t value);

// 8 bytes: the IEEE 754 bits with the sign bit flipped, or all bits inverted for
// negative numbers, big-endian. Order: numeric; -0 equals 0; every NaN is the
// same one and comes last, after +infinity.
void AppendKeyDouble(std::string* out, double value);

// Plain big-endian numbers, for keys of non-negative numbers only.
void AppendBigEndian32(std::string* out, uint32_t value);
void AppendBigEndian64(std::string* out, uint64_t value);

// Takes a key apart from its front. Each method returns the next component and
// moves behind it, or returns nullopt and leaves the reader unusable when the
// bytes are no such component. Never reads outside the bytes it was given,
// which must outlive it. Not thread-safe; copyable.
class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : rest_(bytes) {}

  std::optional<uint8_t> ReadByte();
  std::optional<std::string> ReadString();
  std::optional<int64_t> ReadInt64();
  std::optional<int64_t> ReadInt64Descending();
  std::optional<double> ReadDouble();
  std::optional<uint32_t> ReadBigEndian32();
  std::optional<uint64_t> ReadBigEndian64();

  // True when every byte has been read.
  bool AtEnd() const { return rest_.empty(); }
  // What has not been read.
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// The smallest key that is larger than every key starting with `prefix`; empty
// when there is none, which stands for the end of the family.
std::string PrefixEnd(std::string_view prefix);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_KEY_CODEC_H_
