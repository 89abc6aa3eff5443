#ifndef CAIRN_SERVER_CORE_ARTIFACT_PATH_H_
#define CAIRN_SERVER_CORE_ARTIFACT_PATH_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/limits.h"

namespace cairn::core {

inline constexpr size_t kMaxArtifactPathBytes = limits::kArtifactPathBytes;
inline constexpr int kMaxArtifactPathSegments = limits::kArtifactPathSegments;

// What is escaped more often than this is refused: nobody means it.
inline constexpr int kMaxArtifactPathEscapes = 8;

// The one function for artifact paths, whoever sent them. Percent-escapes are
// decoded until none is left; the result is a key in a manifest and must never
// be used as the path of a file. Applying it to its own result changes nothing.
//
// INVALID_ARGUMENT (ARTIFACT_PATH_INVALID), naming `field` and the rule that is
// broken: empty; not well-formed UTF-8; control characters; any of \ # ? ;
// a leading '/', a drive letter; an empty, "." or ".." segment (also a trailing
// '/'); more than 1,024 bytes or 32 segments; escaped more than 8 times over. Pure.
absl::StatusOr<std::string> NormalizeArtifactPath(std::string_view field, std::string_view path);

// The same for the start of a listing: empty means the root, and one trailing
// '/' is dropped. The result has no trailing '/'.
absl::StatusOr<std::string> NormalizeArtifactDirectory(std::string_view field,
                                                       std::string_view path);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_ARTIFACT_PATH_H_
