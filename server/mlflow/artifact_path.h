#ifndef CAIRN_SERVER_MLFLOW_ARTIFACT_PATH_H_
#define CAIRN_SERVER_MLFLOW_ARTIFACT_PATH_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::mlflow {

// The one rule for paths of artifacts that MLflow's clients send, in a URL, a query or JSON.
//
// What was sent is decoded until nothing changes any more, so that nobody behind this finds another
// path in what was let through: `%2e%2e`, `%252e%252e` and `..` are one. Then all that is no plain
// relative path is refused. The result is a key in a run's tree, never the name of a file here.
// Both functions are pure; their errors are 400 INVALID_PARAMETER_VALUE "Invalid path", which
// repeats nothing of what was sent, but for the one that is named.

// A path that is decoded no further is refused after so many rounds.
inline constexpr int kMostDecodings = 10;

// What all its escapes stand for, in however many layers; nullopt if there is no end of them. An
// escape that is none stays as it is.
std::optional<std::string> FullyDecoded(std::string_view sent);

// A path of a file or a directory; "" and "." are the root. The control characters of ASCII stay
// escapes in small letters, `%17`, as MLflow has them: a client of version 2 makes such names.
// Refused are: NUL and other control characters, `\`, `#`, `?`, `;`, a leading `/`, empty, `.` and
// `..` segments (one `/` at the end is passed over), a segment that begins with a drive's letter
// (`C:`) or the scheme of a URL of files, what is no well-formed UTF-8, more than 1,024 bytes or 32
// segments.
absl::StatusOr<std::string> ArtifactPathOf(std::string_view sent);

// Where a path of the proxy leads, `<experiment>/<run>/artifacts/<path>` or
// `<experiment>/models/<logged model>/artifacts/<path>`. Plain values.
struct ArtifactPlace {
  std::string run_id;    // 32 hexadecimal digits; of the run that a logged model is
  std::string run_name;  // the run's resource name, as far as the path says it truly
  std::string path;      // within the run; "" is its root
};

//   INVALID_PARAMETER_VALUE  as above
//   RESOURCE_DOES_NOT_EXIST  a plain path that is in neither
absl::StatusOr<ArtifactPlace> ArtifactPlaceOf(std::string_view sent);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ARTIFACT_PATH_H_
