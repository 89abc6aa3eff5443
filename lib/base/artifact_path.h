#ifndef CAIRN_LIB_BASE_ARTIFACT_PATH_H_
#define CAIRN_LIB_BASE_ARTIFACT_PATH_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace cairn {

inline constexpr size_t kMaxArtifactPathBytes = 1024;
inline constexpr int kMaxArtifactPathSegments = 32;

// The one rule for the path of a file in a tree of artifacts, for clients before they send
// and for the server whoever sent it. A path that keeps the rule is taken literally: nothing
// is decoded, so that "a%20b" and "a b" are two files, and every name that a file system can
// hold in UTF-8 without a backslash or control character can be stored and fetched again.
//
// A path is a key in a manifest. The server never opens it; a client that writes it below a
// directory cannot be led out of that, as no segment is "..", whatever it would be decoded to.
//
// INVALID_ARGUMENT (ARTIFACT_PATH_INVALID), naming `field` and the rule that is broken: empty;
// more than 1,024 bytes or 32 segments; not well-formed UTF-8; a control character or a
// backslash; a leading '/'; an empty, "." or ".." segment (also a trailing '/'). Pure.
absl::Status CheckArtifactPath(std::string_view field, std::string_view path);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_ARTIFACT_PATH_H_
