#include "lib/base/netstring.h"

#include <charconv>
#include <cstddef>

#include "fmt/format.h"

namespace cairn {

void AppendNetstring(std::string& out, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "{}:", text.size());
  out.append(text);
  out.push_back(',');
}

std::optional<std::string_view> TakeNetstring(std::string_view& bytes) {
  size_t length = 0;
  const char* const end = bytes.data() + bytes.size();
  const auto [after, error] = std::from_chars(bytes.data(), end, length);
  const auto digits = static_cast<size_t>(after - bytes.data());
  if (error != std::errc() || (bytes[0] == '0' && digits > 1)) return std::nullopt;
  const size_t left = bytes.size() - digits;
  if (left < 2 || bytes[digits] != ':' || length > left - 2) return std::nullopt;
  const std::string_view text = bytes.substr(digits + 1, length);
  if (bytes[digits + 1 + length] != ',') return std::nullopt;
  bytes.remove_prefix(digits + length + 2);
  return text;
}

}  // namespace cairn
