#ifndef CAIRN_CLIENT_CLI_COMMANDS_LOCAL_FILES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_LOCAL_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/client/uploader.h"

namespace cairn::cli {

// The files to send for the paths a person gave: a file goes by its last part,
// a directory brings every file below it under its own last part, or directly
// when it is written with a trailing slash. `prefix`, if not empty, goes before
// all of them. In the order of their paths.
//
// - NOT_FOUND and the system's other errors (FILE_ERROR)
// - INVALID_ARGUMENT (VALUE_INVALID): a directory holds no file.
absl::StatusOr<std::vector<client::UploadItem>> CollectFiles(const std::vector<std::string>& paths,
                                                             const std::string& prefix);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_LOCAL_FILES_H_
