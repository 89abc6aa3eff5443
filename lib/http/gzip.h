#ifndef CAIRN_LIB_HTTP_GZIP_H_
#define CAIRN_LIB_HTTP_GZIP_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::http {

// What a compressed text may become.
struct GunzipLimits {
  std::size_t max_bytes = std::size_t{4} << 20;
  // Of what comes out to what went in. Text of nothing but zeros packs a thousandfold and more;
  // what people send packs ten- to fiftyfold. Not asked below 64 KiB.
  std::size_t max_ratio = 200;
};

// Smaller texts are not worth packing.
inline constexpr std::size_t kLeastGzipBytes = 1024;

// Packs quickly rather than small. Pure; throws nothing but for want of memory.
std::string Gzip(std::string_view text);

// Unpacks one or several gzip members. Memory and time are bounded by the limits, whatever the text
// claims. Pure.
//   INVALID_ARGUMENT     it is not gzip, is cut short, or has something behind it
//   RESOURCE_EXHAUSTED   it becomes more than the limits allow
absl::StatusOr<std::string> Gunzip(std::string_view packed, const GunzipLimits& limits);

// Whether the value of an Accept-Encoding header takes a coding, "gzip" or "br": it names it, or
// `*`, without q=0.
bool AcceptsCoding(std::string_view accept_encoding, std::string_view coding);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_GZIP_H_
