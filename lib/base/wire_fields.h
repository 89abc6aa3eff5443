#ifndef CAIRN_LIB_BASE_WIRE_FIELDS_H_
#define CAIRN_LIB_BASE_WIRE_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cairn {

// Fields of messages in protobuf's wire format, for what is joined from bytes that are there
// already instead of being parsed into messages first
// (https://protobuf.dev/programming-guides/encoding). Only those with a length: texts, bytes and
// messages. Pure; thread-safe.

// Base-128, the lowest digits first. One to ten bytes.
inline void AppendVarint(size_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// How many bytes that appends.
inline size_t VarintBytes(size_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

// What stands before such a field, as a parser reads it: its number and its kind.
// REQUIRES: `field` is from 1 to 536,870,911.
constexpr uint32_t LengthTag(int field) { return static_cast<uint32_t>(field) << 3 | 2; }

// What stands before `size` bytes of the field, which the caller appends.
inline void AppendFieldHead(int field, size_t size, std::string& out) {
  AppendVarint(LengthTag(field), out);
  AppendVarint(size, out);
}

// The field with `bytes`: a text, or a message that is written already. REQUIRES: the
// field is of such a kind; nothing here knows the message.
inline void AppendField(int field, std::string_view bytes, std::string& out) {
  AppendFieldHead(field, bytes.size(), out);
  out.append(bytes);
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_WIRE_FIELDS_H_
