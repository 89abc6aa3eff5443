#include "server/mlflow/artifact_headers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn::mlflow {
namespace {

// What people read, among it what browsers would run.
constexpr std::array<std::string_view, 26> kTexts = {
    "txt",  "log",   "err",  "cfg",  "conf", "cnf",     "cf",        "ini",  "properties",
    "prop", "hocon", "toml", "yaml", "yml",  "xml",     "json",      "js",   "py",
    "py3",  "csv",   "tsv",  "md",   "rst",  "mlmodel", "mlproject", "jsonl"};

struct TypeOfEnd {
  std::string_view end;
  std::string_view type;
};

constexpr std::array kTypes = {
    TypeOfEnd{"html", "text/html"},        TypeOfEnd{"htm", "text/html"},
    TypeOfEnd{"css", "text/css"},          TypeOfEnd{"png", "image/png"},
    TypeOfEnd{"jpg", "image/jpeg"},        TypeOfEnd{"jpeg", "image/jpeg"},
    TypeOfEnd{"gif", "image/gif"},         TypeOfEnd{"bmp", "image/bmp"},
    TypeOfEnd{"webp", "image/webp"},       TypeOfEnd{"svg", "image/svg+xml"},
    TypeOfEnd{"tif", "image/tiff"},        TypeOfEnd{"tiff", "image/tiff"},
    TypeOfEnd{"pdf", "application/pdf"},   TypeOfEnd{"zip", "application/zip"},
    TypeOfEnd{"tar", "application/x-tar"}, TypeOfEnd{"wav", "audio/x-wav"},
    TypeOfEnd{"mp3", "audio/mpeg"},        TypeOfEnd{"mp4", "video/mp4"},
};

std::string_view NameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The name for the two forms of the header: one that everybody reads, and one with all characters.
std::string DispositionOf(std::string_view name) {
  std::string plain;
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    const bool safe =
        letter || (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
    const bool printable = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%';
    plain += printable ? c : '_';
    encoded += safe ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, encoded);
}

std::optional<int64_t> NumberOf(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool all = error == std::errc() && end == text.data() + text.size();
  return all && number >= 0 && text.front() != '-' ? std::optional(number) : std::nullopt;
}

// Nullopt: not one range of bytes. A range outside of the file has no bytes.
std::optional<ByteRange> ParsedRange(std::string_view text, int64_t size_bytes) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view from = text.substr(0, dash);
  const std::string_view to = text.substr(dash + 1);
  const auto last = to.empty() ? std::optional(size_bytes - 1) : NumberOf(to);
  if (from.empty()) {  // the last so many
    if (to.empty() || !last.has_value()) return std::nullopt;
    const int64_t size = std::min(*last, size_bytes);
    return ByteRange{size_bytes - size, size};
  }
  const auto first = NumberOf(from);
  if (!first.has_value() || !last.has_value()) return std::nullopt;
  if (!to.empty() && *last < *first) return std::nullopt;
  if (*first >= size_bytes) return ByteRange{};
  return ByteRange{*first, std::min(*last, size_bytes - 1) - *first + 1};
}

}  // namespace

std::string_view MediaTypeOf(std::string_view path) {
  const std::string_view name = NameOf(path);
  const size_t dot = name.rfind('.');
  const std::string end = AsciiLower(dot == std::string_view::npos ? name : name.substr(dot + 1));
  if (std::find(kTexts.begin(), kTexts.end(), end) != kTexts.end()) return "text/plain";
  for (const TypeOfEnd& known : kTypes) {
    if (known.end == end) return known.type;
  }
  return "application/octet-stream";
}

RangeAnswer RangeOf(const http::Request& request, int64_t size_bytes, std::string_view etag) {
  const RangeAnswer whole{200, {0, size_bytes}};
  const std::string* asked = request.Header("Range");
  const std::string* only_of = request.Header("If-Range");
  if (asked == nullptr || (only_of != nullptr && *only_of != etag)) return whole;
  const auto range = ParsedRange(*asked, size_bytes);
  if (!range.has_value()) return whole;
  return range->size == 0 ? RangeAnswer{416, {}} : RangeAnswer{206, *range};
}

std::string EtagOf(const v1::ArtifactFile& file) {
  return fmt::format("\"{}\"", file.digest().sha256());
}

http::NameValues DownloadHeaders(const v1::ArtifactFile& file, const RangeAnswer& answer) {
  http::NameValues headers = {
      {"Content-Type", std::string(MediaTypeOf(file.path()))},
      {"Content-Disposition", DispositionOf(NameOf(file.path()))},
      {"Content-Length", std::to_string(answer.range.size)},
      {"Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Accept-Ranges", "bytes"},
      {"ETag", EtagOf(file)},
  };
  const int64_t size = file.digest().size_bytes();
  if (answer.status == 206) {
    const int64_t last = answer.range.begin + answer.range.size - 1;
    headers.push_back(
        {"Content-Range", fmt::format("bytes {}-{}/{}", answer.range.begin, last, size)});
  } else if (answer.status == 416) {
    headers.push_back({"Content-Range", fmt::format("bytes */{}", size)});
  }
  return headers;
}

}  // namespace cairn::mlflow
