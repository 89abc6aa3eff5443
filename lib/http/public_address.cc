#include "lib/http/public_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <optional>

namespace cairn::http {
namespace {

using V6Bytes = std::array<uint8_t, 16>;

// The addresses whose first `bits` are those of `base`.
struct V4Range {
  uint32_t base;
  int bits;
};
struct V6Range {
  V6Bytes base;
  int bits;
};

constexpr uint32_t V4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's registry of special addresses.
constexpr std::array kSpecialV4 = {
    V4Range{V4(0, 0, 0, 0), 8},      V4Range{V4(10, 0, 0, 0), 8},
    V4Range{V4(100, 64, 0, 0), 10},  V4Range{V4(127, 0, 0, 0), 8},
    V4Range{V4(169, 254, 0, 0), 16}, V4Range{V4(172, 16, 0, 0), 12},
    V4Range{V4(192, 0, 0, 0), 24},   V4Range{V4(192, 0, 2, 0), 24},
    V4Range{V4(192, 88, 99, 0), 24}, V4Range{V4(192, 168, 0, 0), 16},
    V4Range{V4(198, 18, 0, 0), 15},  V4Range{V4(198, 51, 100, 0), 24},
    V4Range{V4(203, 0, 113, 0), 24}, V4Range{V4(224, 0, 0, 0), 4},
    V4Range{V4(240, 0, 0, 0), 4},
};
// Within 2000::/3, beside which nothing is public.
constexpr V6Range kGlobalV6 = {{0x20}, 3};
constexpr std::array kSpecialV6 = {
    V6Range{{0x20, 0x01, 0x00}, 23},
    V6Range{{0x20, 0x01, 0x0d, 0xb8}, 32},
    V6Range{{0x3f, 0xff, 0x00}, 20},
};
constexpr V6Range kMappedV6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr V6Range kNat64V6 = {{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr V6Range k6To4 = {{0x20, 0x02}, 16};

bool IsIn(const V6Bytes& address, const V6Range& range) {
  for (int bit = 0; bit < range.bits; ++bit) {
    const auto at = static_cast<size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((address[at] & mask) != (range.base[at] & mask)) return false;
  }
  return true;
}

bool IsPublicV4(uint32_t address) {
  return std::none_of(kSpecialV4.begin(), kSpecialV4.end(), [address](const V4Range& range) {
    return (address ^ range.base) >> (32 - range.bits) == 0;
  });
}

uint32_t V4At(const V6Bytes& address, size_t at) {
  return V4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

bool IsPublicV6(const V6Bytes& address) {
  if (IsIn(address, kMappedV6) || IsIn(address, kNat64V6)) return IsPublicV4(V4At(address, 12));
  if (IsIn(address, k6To4)) return IsPublicV4(V4At(address, 2));
  return IsIn(address, kGlobalV6) &&
         std::none_of(kSpecialV6.begin(), kSpecialV6.end(),
                      [&address](const V6Range& range) { return IsIn(address, range); });
}

std::optional<uint32_t> ParseV4(const std::string& text) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, text.c_str(), &parsed) != 1) return std::nullopt;
  return ntohl(parsed.s_addr);
}

std::optional<V6Bytes> ParseV6(const std::string& text) {
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return std::nullopt;
  V6Bytes bytes{};
  std::memcpy(bytes.data(), &parsed, bytes.size());
  return bytes;
}

}  // namespace

bool IsPublicAddress(std::string_view address) {
  const std::string text(address);
  if (const auto v4 = ParseV4(text)) return IsPublicV4(*v4);
  const auto v6 = ParseV6(text);
  return v6.has_value() && IsPublicV6(*v6);
}

bool IsAddress(std::string_view host) {
  const std::string text(host);
  return ParseV4(text).has_value() || ParseV6(text).has_value();
}

bool IsOddNumber(std::string_view host) {
  if (IsAddress(host)) return false;
  std::string_view last = host;
  if (last.ends_with('.')) last.remove_suffix(1);
  if (const size_t dot = last.rfind('.'); dot != std::string_view::npos) {
    last.remove_prefix(dot + 1);
  }
  if (last.empty()) return true;
  const auto all_digits = [](std::string_view text, int (*is_digit)(int)) {
    return std::all_of(text.begin(), text.end(),
                       [is_digit](unsigned char c) { return is_digit(c) != 0; });
  };
  if (last.starts_with("0x") || last.starts_with("0X")) return all_digits(last.substr(2), isxdigit);
  return all_digits(last, isdigit);
}

}  // namespace cairn::http
