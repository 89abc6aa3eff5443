#ifndef CAIRN_LIB_BASE_UTF8_PREFIX_H_
#define CAIRN_LIB_BASE_UTF8_PREFIX_H_

#include <cstddef>
#include <string_view>

namespace cairn {

// The longest beginning of `text` that has at most `max_bytes` bytes and does not end within a
// character of UTF-8. A view of it. REQUIRES: `text` is UTF-8; else a run of continuation bytes is
// left out as a whole. Pure.
inline std::string_view Utf8Prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_UTF8_PREFIX_H_
