#include "server/storage/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

// Less than this helps nobody.
constexpr int64_t kUnit = int64_t{64} << 10;

}  // namespace

Ballast::Ballast(const std::string& directory, int64_t bytes)
    : directory_(directory), path_(directory + "/ballast"), bytes_(bytes) {}

void Ballast::Release() {
  const auto space = SpaceAt(directory_);
  if (space.ok() && space->free_bytes < bytes_) ::unlink(path_.c_str());
}

void Ballast::Restore() {
  struct stat info {};
  const int64_t has = ::stat(path_.c_str(), &info) == 0 ? int64_t{info.st_blocks} * 512 : 0;
  const auto space = SpaceAt(directory_);
  if (!space.ok() || has >= bytes_) return;
  const int64_t room = has + space->free_bytes - bytes_ / 4;
  const int64_t size = std::min(bytes_, room / kUnit * kUnit);
  if (size <= has) return;
  const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return;
  // Where it fails the file keeps what it had, or nothing.
  static_cast<void>(::posix_fallocate(fd, 0, size));
  ::close(fd);
}

}  // namespace cairn::storage
