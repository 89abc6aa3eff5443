#include "lib/base/artifact_path.h"

#include "lib/base/encoding.h"
#include "lib/base/errors.h"

namespace cairn {
namespace {

// The rule that the segments break; empty if none.
std::string_view BrokenSegmentRule(std::string_view path) {
  int count = 0;
  while (true) {
    const size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment.empty()) return "must not have an empty segment";
    if (segment == "." || segment == "..") return "must not have a \".\" or \"..\" segment";
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
  if (path.find('\\') != std::string_view::npos) return "must not have a backslash";
  if (path.front() == '/') return "must not begin with a slash";
  return BrokenSegmentRule(path);
}

}  // namespace

absl::Status CheckArtifactPath(std::string_view field, std::string_view path) {
  const std::string_view rule = BrokenRule(path);
  if (rule.empty()) return absl::OkStatus();
  return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, field, path, rule);
}

}  // namespace cairn
