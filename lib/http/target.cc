#include "lib/http/target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"

namespace cairn::http {
namespace {

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// The parts of `text` between separators; one empty part for empty text.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

absl::StatusOr<std::vector<std::string>> DecodeSegments(std::string_view path) {
  std::vector<std::string> segments;
  if (path == "/") return segments;
  for (const std::string_view part : Split(path.substr(1), '/')) {
    auto segment = PercentDecode(part, /*plus_is_space=*/false);
    if (!segment.ok()) return std::move(segment).status();
    if (*segment == "." || *segment == "..") {
      return absl::InvalidArgumentError("the path has a relative segment");
    }
    segments.push_back(*std::move(segment));
  }
  return segments;
}

absl::StatusOr<NameValues> DecodeQuery(std::string_view query) {
  NameValues pairs;
  for (const std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    NameValue pair;
    CAIRN_ASSIGN_OR_RETURN(pair.name, PercentDecode(part.substr(0, equals), true));
    CAIRN_ASSIGN_OR_RETURN(pair.value, PercentDecode(value, true));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace

absl::StatusOr<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 1 < text.size() ? HexDigit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? HexDigit(text[i + 2]) : std::nullopt;
      if (!high || !low) return absl::InvalidArgumentError("a percent escape is not two digits");
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    // Forms may carry line ends and tabs; paths may not.
    const bool form_space = plus_is_space && (c == '\n' || c == '\r' || c == '\t');
    if (IsControl(c) && !form_space) {
      return absl::InvalidArgumentError("the target holds a control character");
    }
    decoded.push_back(c);
  }
  return decoded;
}

absl::StatusOr<Target> ParseTarget(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return absl::InvalidArgumentError("the request target must begin with a slash");
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  Target parsed;
  parsed.path = std::string(target.substr(0, question));
  CAIRN_ASSIGN_OR_RETURN(parsed.segments, DecodeSegments(parsed.path));
  if (question != std::string_view::npos) {
    CAIRN_ASSIGN_OR_RETURN(parsed.query, DecodeQuery(target.substr(question + 1)));
  }
  return parsed;
}

}  // namespace cairn::http
