#ifndef CAIRN_LIB_CLIENT_ARTIFACT_PATH_H_
#define CAIRN_LIB_CLIENT_ARTIFACT_PATH_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::client {

// Checks that files with these paths can stand side by side in one directory:
// each as CheckArtifactPath wants it, none twice, none a directory of another.
// INVALID_ARGUMENT (ARTIFACT_PATH_INVALID) naming the path.
absl::Status ValidateTree(const std::vector<std::string>& paths);

// Makes the directories that lead to `path` below `directory` and returns the
// whole path. A symbolic link on the way is refused, so that nothing is written
// outside `directory` whatever stood there before.
//
// - INVALID_ARGUMENT (ARTIFACT_PATH_INVALID): the path breaks a rule or leads
//   through a link or a file.
// - the system's error for directories that cannot be made (FILE_ERROR).
absl::StatusOr<std::string> PrepareTarget(const std::string& directory, std::string_view path);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_ARTIFACT_PATH_H_
