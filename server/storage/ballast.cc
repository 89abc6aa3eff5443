#include "server/storage/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

constexpr int64_t kUnit = int64_t{4} << 10;  // a page

int64_t AllocatedBytes(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? int64_t{info.st_blocks} * 512 : 0;
}

}  // namespace

Ballast::Ballast(const std::string& directory, int64_t bytes)
    : directory_(directory), path_(directory + "/ballast"), bytes_(bytes) {}

void Ballast::Release() {
  MutexLock lock(&mutex_);
  wanted_ = false;
  const auto space = SpaceAt(directory_);
  if (!space.ok() || space->free_bytes >= bytes_) return;
  const int64_t has = AllocatedBytes(path_);
  if (::unlink(path_.c_str()) == 0) released_ = has;
}

void Ballast::Restore() {
  MutexLock lock(&mutex_);
  wanted_ = true;
  Make();
}

void Ballast::RestoreIfWanted() {
  MutexLock lock(&mutex_);
  if (wanted_) Make();
}

void Ballast::Make() {
  const int64_t has = AllocatedBytes(path_);
  const auto space = SpaceAt(directory_);
  if (!space.ok() || has >= bytes_) return;
  const int64_t room = has + space->free_bytes;
  const int64_t fit =
      std::max({room - bytes_ / 4, std::min(room, bytes_ / 4 * 3), std::min(room, released_)});
  const int64_t size = std::min(bytes_, fit / kUnit * kUnit);
  if (size <= has) return;
  const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return;
  // Where it fails the file keeps what it had, or nothing.
  static_cast<void>(::posix_fallocate(fd, 0, size));
  ::close(fd);
}

}  // namespace cairn::storage
