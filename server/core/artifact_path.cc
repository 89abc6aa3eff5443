#include "server/core/artifact_path.h"

#include <optional>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::core {
namespace {

std::optional<int> HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Decodes every escape once; a '%' without two hexadecimal digits stays.
std::string DecodeOnce(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto high = i + 2 < text.size() ? HexValue(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? HexValue(text[i + 2]) : std::nullopt;
    if (text[i] == '%' && high && low) {
      out += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Decodes until no escape is left; nothing when that takes too many rounds: a text of
// nothing but escaped escapes would take one for every two bytes.
std::optional<std::string> DecodeFully(std::string_view text) {
  std::string decoded(text);
  for (int round = 0; round <= kMaxArtifactPathEscapes; ++round) {
    if (decoded.find('%') == std::string::npos) return decoded;
    std::string next = DecodeOnce(decoded);
    if (next.size() == decoded.size()) return decoded;
    decoded = std::move(next);
  }
  return std::nullopt;
}

bool HasDriveLetter(std::string_view text) {
  const bool letter =
      !text.empty() && ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'));
  return letter && text.size() >= 2 && text[1] == ':';
}

// The rule that the segments break; empty if none.
std::string_view BrokenSegmentRule(std::string_view path) {
  int count = 0;
  while (true) {
    const size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment.empty()) return "must not have an empty segment";
    if (segment == "." || segment == "..") return "must not have a \".\" or \"..\" segment";
    if (HasDriveLetter(segment)) return "must not have a drive letter";
    if (++count > kMaxArtifactPathSegments) return "must have at most 32 segments";
    if (end == std::string_view::npos) return "";
    path.remove_prefix(end + 1);
  }
}

std::string_view BrokenRule(std::string_view path) {
  if (path.empty()) return "must not be empty";
  if (path.size() > kMaxArtifactPathBytes) return "must be at most 1024 bytes long";
  if (!IsValidUtf8(path)) return "must be UTF-8";
  if (HasControlCharacter(path)) return "must not have control characters";
  if (path.find_first_of("\\#?;") != std::string_view::npos) {
    return "must not have any of \\ # ? ;";
  }
  if (path.front() == '/') return "must not begin with a slash";
  return BrokenSegmentRule(path);
}

absl::Status Invalid(std::string_view field, std::string_view path, std::string_view rule) {
  return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, field, path, rule);
}

}  // namespace

absl::StatusOr<std::string> NormalizeArtifactPath(std::string_view field, std::string_view path) {
  // An escape is three bytes for one.
  if (path.size() > 3 * kMaxArtifactPathBytes) {
    return Invalid(field, "(too long)", "must be at most 1024 bytes long");
  }
  std::optional<std::string> decoded = DecodeFully(path);
  if (!decoded) return Invalid(field, path, "must not be escaped more than 8 times over");
  const std::string_view rule = BrokenRule(*decoded);
  if (!rule.empty()) return Invalid(field, path, rule);
  return *std::move(decoded);
}

absl::StatusOr<std::string> NormalizeArtifactDirectory(std::string_view field,
                                                       std::string_view path) {
  std::string_view rest = path;
  if (rest.size() > 1 && rest.back() == '/') rest.remove_suffix(1);
  if (rest.empty()) return std::string();
  return NormalizeArtifactPath(field, rest);
}

}  // namespace cairn::core
