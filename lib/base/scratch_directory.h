#ifndef CAIRN_LIB_BASE_SCRATCH_DIRECTORY_H_
#define CAIRN_LIB_BASE_SCRATCH_DIRECTORY_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace cairn {

// A directory of its own below the system's temporary one, removed with
// everything in it when the object goes. Neither copyable nor movable.
class ScratchDirectory {
 public:
  // Errors of the file system (FILE_ERROR, DISK_FULL).
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Make();

  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_SCRATCH_DIRECTORY_H_
