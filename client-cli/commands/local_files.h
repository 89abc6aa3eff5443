#ifndef CAIRN_CLIENT_CLI_COMMANDS_LOCAL_FILES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_LOCAL_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/commands/session.h"
#include "lib/client/uploader.h"

namespace cairn::cli {

// What was found for the paths a person gave.
struct LocalFiles {
  std::vector<client::UploadItem> items;   // in the order of their paths
  std::vector<std::string> empty_folders;  // which a tree of artifacts cannot hold
};

// The files to send: a file goes by its last part, a directory brings every file below it
// under its own last part, or directly when it is written with a trailing slash. `prefix`, if
// not empty, goes before all of them. Links to files are files. Links to directories are
// followed with `follow_links`, each directory once on its way down.
//
// - NOT_FOUND and the system's other errors (FILE_ERROR) for the paths themselves
// - INVALID_ARGUMENT (VALUE_INVALID): a directory holds no file; or there are entries that
//   cannot be stored, all of which the message names: links to directories, dangling links,
//   sockets, pipes and devices, what cannot be read, names that are not UTF-8.
absl::StatusOr<LocalFiles> FindLocalFiles(const std::vector<std::string>& paths,
                                          const std::string& prefix, bool follow_links);

// The same as --follow-links says; empty directories are named on the standard error.
absl::StatusOr<std::vector<client::UploadItem>> CollectFiles(Session& session,
                                                             const std::vector<std::string>& paths,
                                                             const std::string& prefix);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_LOCAL_FILES_H_
