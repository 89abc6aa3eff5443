#include "lib/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"

namespace cairn {
namespace {

// Closes a descriptor at the end of a scope.
class ScopedFd {
 public:
  explicit ScopedFd(int fd) : fd_(fd) {}
  ~ScopedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::StatusCode CodeFor(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    case EISDIR:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status FileError(int error_number, std::string_view action, std::string_view path) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  const std::string reason =
      fmt::format("{}{}", full ? "disk full: " : "", std::strerror(error_number));
  const ErrorReason code = full ? ErrorReason::DISK_FULL : ErrorReason::FILE_ERROR;
  return Error(CodeFor(error_number), code, fmt::format("cannot {} {}: {}", action, path, reason))
      .With("path", path)
      .With("action", action)
      .With("error", reason);
}

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  const ScopedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return FileError(errno, "open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FileError(errno, "stat", path);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(std::min<int64_t>(info.st_size, max_bytes)) + 1);
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "read", path);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
    if (static_cast<int64_t>(bytes.size()) > max_bytes) {
      return Error(absl::StatusCode::kOutOfRange, ErrorReason::FILE_TOO_LARGE,
                   fmt::format("{} is larger than {} bytes", path, max_bytes))
          .With("path", path)
          .With("limitBytes", std::to_string(max_bytes))
          .ToStatus();
    }
  }
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  CAIRN_RETURN_IF_ERROR(file.Write(bytes));
  CAIRN_RETURN_IF_ERROR(file.Sync());
  return file.Close();
}

absl::StatusOr<size_t> ReadAt(int fd, int64_t offset, char* buffer, size_t size,
                              std::string_view path) {
  size_t have = 0;
  while (have < size) {
    const ssize_t n = ::pread(fd, buffer + have, size - have, offset + static_cast<int64_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "read", path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  return have;
}

absl::Status WriteAllAt(int fd, int64_t offset, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return absl::OkStatus();
}

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return FileError(error.value(), "create directory", path);
  return absl::OkStatus();
}

}  // namespace cairn
