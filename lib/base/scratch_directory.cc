#include "lib/base/scratch_directory.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "lib/base/files.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Make() {
  std::error_code error;
  std::string name = std::filesystem::temp_directory_path(error) / "cairn-XXXXXX";
  if (error) return FileError(error.value(), "find", "the temporary directory");
  if (::mkdtemp(name.data()) == nullptr) return FileError(errno, "create directory", name);
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(std::move(name)));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace cairn
