#include "server/artifacts/pack_io.h"

#include <fcntl.h>
#include <unistd.h>

#include "server/storage/store_directory.h"

namespace cairn::artifacts {

int PackIo::Open(const std::string& path, int flags) { return ::open(path.c_str(), flags, 0644); }

void PackIo::Close(int fd) { ::close(fd); }

ssize_t PackIo::Read(int fd, char* buffer, size_t size, int64_t offset) {
  return ::pread(fd, buffer, size, offset);
}

ssize_t PackIo::Write(int fd, const char* bytes, size_t size, int64_t offset) {
  return ::pwrite(fd, bytes, size, offset);
}

int PackIo::Sync(int fd) { return ::fdatasync(fd); }

int PackIo::Truncate(int fd, int64_t size) { return ::ftruncate(fd, size); }

int PackIo::Unlink(const std::string& path) { return ::unlink(path.c_str()); }

absl::Status PackIo::SyncDirectory(const std::string& path) { return storage::SyncDirectory(path); }

PackIo& SystemPackIo() {
  static PackIo io;
  return io;
}

}  // namespace cairn::artifacts
