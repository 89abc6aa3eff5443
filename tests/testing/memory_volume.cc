#include "tests/testing/memory_volume.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <utility>

namespace cairn::testing {
namespace {

// A server that still runs may take or give a little while room is being taken.
constexpr int kAttempts = 20;

}  // namespace

MemoryVolume::MemoryVolume(std::string path, int64_t mebibytes) : path_(std::move(path)) {
  const std::string size = "size=" + std::to_string(mebibytes) + "m";
  mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
             ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             ::mount("tmpfs", path_.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

MemoryVolume::~MemoryVolume() {
  if (mounted_) ::umount(path_.c_str());
}

int64_t MemoryVolume::FreeBytes() const {
  return static_cast<int64_t>(std::filesystem::space(path_).available);
}

bool MemoryVolume::LeaveFree(int64_t free_bytes) {
  GiveBack();
  const int fd = ::open(filler().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  bool taken = false;
  for (int i = 0; fd >= 0 && !taken && i < kAttempts; ++i) {
    struct stat info {};
    ::fstat(fd, &info);
    const int64_t size = int64_t{info.st_blocks} * 512 + FreeBytes() - free_bytes;
    taken = size <= info.st_blocks * 512 || ::posix_fallocate(fd, 0, size) == 0;
  }
  ::close(fd);
  return taken;
}

void MemoryVolume::GiveBack() { ::unlink(filler().c_str()); }

void OnThreadOfItsOwn(const std::function<void()>& body) { std::thread(body).join(); }

}  // namespace cairn::testing
