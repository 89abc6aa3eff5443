#include "server/storage/store_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/storage/volume_budget.h"

namespace cairn::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLockName = "cairn.lock";
constexpr std::string_view kMarkerName = "CAIRN";
constexpr std::string_view kMarkerStart = "cairn store, format ";

std::string In(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool HasEntries(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) && !fs::is_empty(path, ignored);
}

absl::Status Locked(const std::string& directory, int lock_fd) {
  char buffer[32];
  const ssize_t n = ::pread(lock_fd, buffer, sizeof(buffer), 0);
  std::string pid(buffer, n > 0 ? static_cast<size_t>(n) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  const std::string holder =
      pid.empty() ? std::string("another process") : fmt::format("process {}", pid);
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_LOCKED,
               fmt::format("{} is in use by {}; stop it or choose another directory", directory,
                           holder))
      .With("directory", directory)
      .With("pid", pid)
      .Precondition("STORE_LOCKED", directory, "the directory must not be in use");
}

absl::StatusOr<int> TakeLock(const std::string& directory, int flags) {
  const std::string path = In(directory, kLockName);
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0) return FileError(errno, "open", path);
  // flock rather than fcntl: it also keeps out a second store of this process.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error_number = errno;
    absl::Status status =
        error_number == EWOULDBLOCK ? Locked(directory, fd) : FileError(error_number, "lock", path);
    ::close(fd);
    return status;
  }
  return fd;
}

void WriteHolder(int lock_fd) {
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_fd, 0) != 0 || ::pwrite(lock_fd, pid.data(), pid.size(), 0) < 0) {
    // The number only helps people; on a full disk the store still opens for reads.
  }
}

std::optional<uint32_t> ParseMarker(std::string_view text) {
  if (text.substr(0, kMarkerStart.size()) != kMarkerStart) return std::nullopt;
  text.remove_prefix(kMarkerStart.size());
  uint32_t format = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), format);
  const bool complete = error == std::errc() && end + 1 == text.data() + text.size();
  return complete && *end == '\n' ? std::optional<uint32_t>(format) : std::nullopt;
}

}  // namespace

absl::Status CorruptStore(std::string_view directory, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::STORE_CORRUPT,
               fmt::format("the store in {} cannot be opened: {}. Nothing was changed; restore a "
                           "backup or choose another directory",
                           directory, what))
      .With("directory", directory)
      .With("damage", what);
}

absl::Status CheckFormat(uint32_t format, std::string_view directory) {
  if (format == 0) return CorruptStore(directory, "its format number is 0");
  if (format <= kFormatVersion) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_NEWER,
               fmt::format("the store in {} has format {}, this server knows up to {}; use a newer "
                           "server",
                           directory, format, kFormatVersion))
      .With("directory", directory)
      .With("storeFormat", std::to_string(format))
      .With("supportedFormat", std::to_string(kFormatVersion))
      .Precondition("STORE_NEWER", directory, "the server must know the store's format");
}

absl::StatusOr<std::unique_ptr<StoreDirectory>> StoreDirectory::Acquire(
    const std::string& path, LostDatabase lost_database) {
  CAIRN_RETURN_IF_ERROR(MakeDirectories(path));
  CAIRN_ASSIGN_OR_RETURN(const int lock_fd, TakeLock(path, O_RDWR | O_CREAT));
  std::unique_ptr<StoreDirectory> directory(new StoreDirectory(path, lock_fd));
  CAIRN_RETURN_IF_ERROR(directory->Inspect(lost_database));
  return directory;
}

absl::StatusOr<std::unique_ptr<StoreDirectory>> StoreDirectory::AcquireToRead(
    const std::string& path) {
  if (!Exists(In(path, "kv"))) {
    return Exists(In(path, kMarkerName)) ? CorruptStore(path, "the database kv is missing")
                                         : FileError(ENOENT, "open the store in", path);
  }
  CAIRN_ASSIGN_OR_RETURN(const int lock_fd, TakeLock(path, O_RDONLY));
  std::unique_ptr<StoreDirectory> directory(new StoreDirectory(path, lock_fd));
  CAIRN_RETURN_IF_ERROR(directory->Inspect(LostDatabase::kRefuse));
  return directory;
}

StoreDirectory::~StoreDirectory() { ::close(lock_fd_); }

absl::Status StoreDirectory::Inspect(LostDatabase lost_database) {
  if (Exists(In(path_, "CURRENT"))) {
    return CorruptStore(path_, "it is a RocksDB database of another program");
  }
  const std::string marker_path = In(path_, kMarkerName);
  const bool marked = Exists(marker_path);
  if (marked) {
    CAIRN_ASSIGN_OR_RETURN(const std::string marker, ReadFile(marker_path, 4096));
    const auto format = ParseMarker(marker);
    if (!format) return CorruptStore(path_, "the file CAIRN is not readable");
    CAIRN_RETURN_IF_ERROR(CheckFormat(*format, path_));
    is_marked_ = *format == kFormatVersion;
  }
  is_new_ = !Exists(database_path());
  if (!is_new_) {
    return Exists(database_path() + "/CURRENT") ? absl::OkStatus()
                                                : CorruptStore(path_, "kv/CURRENT is missing");
  }
  const bool was_store = marked || HasEntries(In(path_, "packs"));
  if (was_store && lost_database == LostDatabase::kRefuse) {
    return CorruptStore(path_,
                        "the database kv is missing (cairnd --rebuild-blob-index begins with an "
                        "empty one and takes up the blobs that are in packs)");
  }
  std::error_code error;
  fs::remove_all(creating_path(), error);
  return error ? FileError(error.value(), "remove", creating_path()) : absl::OkStatus();
}

absl::Status StoreDirectory::PublishDatabase() {
  if (::rename(creating_path().c_str(), database_path().c_str()) != 0) {
    return FileError(errno, "rename", creating_path());
  }
  is_new_ = false;
  return SyncDirectory(path_);
}

absl::Status StoreDirectory::Mark() {
  WriteHolder(lock_fd_);
  if (is_marked_) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(WriteFileAtomically(In(path_, kMarkerName),
                                            fmt::format("{}{}\n", kMarkerStart, kFormatVersion)));
  is_marked_ = true;
  return SyncDirectory(path_);
}

absl::StatusOr<VolumeSpace> SpaceAt(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return FileError(errno, "examine", path);
  const auto block = static_cast<int64_t>(info.f_frsize);
  return VolumeSpace{static_cast<int64_t>(info.f_bavail) * block,
                     static_cast<int64_t>(info.f_blocks) * block};
}

int64_t DefaultReserveBytes(const VolumeSpace& space) {
  return VolumeBudget::For(space.total_bytes).reserve_bytes;
}

absl::Status SyncDirectory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, "open", path);
  const int failed = ::fsync(fd) != 0 ? errno : 0;
  ::close(fd);
  return failed != 0 ? FileError(failed, "sync", path) : absl::OkStatus();
}

}  // namespace cairn::storage
