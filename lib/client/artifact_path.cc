#include "lib/client/artifact_path.h"

#include <sys/stat.h>

#include <cerrno>
#include <set>

#include "lib/base/artifact_path.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

absl::Status Refuse(std::string_view path, std::string_view rule) {
  return InvalidField(ErrorReason::ARTIFACT_PATH_INVALID, "path", path, rule);
}

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (true) {
    const size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

absl::Status ValidateTree(const std::vector<std::string>& paths) {
  std::set<std::string_view> files;
  for (const std::string& path : paths) {
    CAIRN_RETURN_IF_ERROR(CheckArtifactPath("path", path));
    if (!files.insert(path).second) return Refuse(path, "each path may appear once");
  }
  for (const std::string_view path : files) {
    for (size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      if (files.contains(path.substr(0, slash))) {
        return Refuse(path, "a file may not be the directory of another");
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PrepareTarget(const std::string& directory, std::string_view path) {
  CAIRN_RETURN_IF_ERROR(CheckArtifactPath("path", path));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  const auto segments = Segments(path);
  std::string target = directory;
  for (size_t i = 0; i < segments.size(); ++i) {
    target += "/";
    target += segments[i];
    struct stat info {};
    const bool exists = ::lstat(target.c_str(), &info) == 0;
    if (!exists && errno != ENOENT) return FileError(errno, "look at", target);
    const bool last = i + 1 == segments.size();
    if (exists && (last ? S_ISDIR(info.st_mode) : !S_ISDIR(info.st_mode))) {
      return Refuse(target, last ? "a directory stands where a file should go"
                                 : "a link or file stands where a directory should be");
    }
    if (!exists && !last && ::mkdir(target.c_str(), 0777) != 0 && errno != EEXIST) {
      return FileError(errno, "create directory", target);
    }
  }
  return target;
}

}  // namespace cairn::client
