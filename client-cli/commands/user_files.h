#ifndef CAIRN_CLIENT_CLI_COMMANDS_USER_FILES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_USER_FILES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// What is kept for a user between runs of the program, in mlctl of the configuration directory.

// Where it is; a usage error where neither XDG_CONFIG_HOME nor HOME says so.
absl::StatusOr<std::string> ConfigDirectory(const Session& session);

// Writes what only its owner may read, also in place of a file that others may read. Errors are
// those of WriteFileAtomically.
absl::Status WriteSecret(const std::string& path, const std::string& text);

// Sets `keys` in the configuration file at `path` to new values, and removes those whose value is
// empty; all other lines stay as they are. Errors are those of ReadFile and WriteFileAtomically.
absl::Status EditConfig(const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& keys);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_USER_FILES_H_
