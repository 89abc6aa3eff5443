#include "lib/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace cairn::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for gzip
constexpr int kMemoryLevel = 8;
constexpr std::size_t kStepBytes = 64 << 10;
constexpr std::size_t kRatioFrom = 64 << 10;

Bytef* In(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

// Ends what it was given.
class Inflater {
 public:
  explicit Inflater(std::string_view packed) {
    stream_.next_in = In(packed);
    stream_.avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream& operator*() { return stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

std::string Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = In(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);  // what deflateBound gives is room for all
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

absl::StatusOr<std::string> Gunzip(std::string_view packed, const GunzipLimits& limits) {
  const std::size_t by_ratio = std::max(kRatioFrom, packed.size() * limits.max_ratio);
  const std::size_t most = std::min(limits.max_bytes, by_ratio);
  Inflater inflater(packed);
  z_stream& stream = *inflater;
  std::string text;
  std::size_t size = 0;
  int result = packed.empty() ? Z_BUF_ERROR : Z_OK;
  while (result == Z_OK) {
    // One byte more than is allowed tells that it is too much.
    text.resize(std::min(most + 1, size + kStepBytes));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + size);
    stream.avail_out = static_cast<uInt>(text.size() - size);
    result = inflate(&stream, Z_NO_FLUSH);
    size = text.size() - stream.avail_out;
    if (size > most) return absl::ResourceExhaustedError("it unpacks to too much");
    if (result == Z_STREAM_END && stream.avail_in > 0) result = inflateReset(&stream);
  }
  if (result != Z_STREAM_END) return absl::InvalidArgumentError("it is not gzip, or cut short");
  text.resize(size);
  return text;
}

bool AcceptsCoding(std::string_view accept_encoding, std::string_view coding) {
  const absl::string_view wanted(coding.data(), coding.size());
  const absl::string_view all(accept_encoding.data(), accept_encoding.size());
  for (const absl::string_view one : absl::StrSplit(all, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(one, absl::MaxSplits(';', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(parts.first);
    if (!absl::EqualsIgnoreCase(name, wanted) && name != "*") continue;
    absl::string_view quality = absl::StripAsciiWhitespace(parts.second);
    // "q=0", "q=0.0", "q=0.000"
    return !(absl::StartsWithIgnoreCase(quality, "q=0") &&
             quality.find_first_not_of("0.", 2) == absl::string_view::npos);
  }
  return false;
}

}  // namespace cairn::http
