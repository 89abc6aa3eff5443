#include "server/index/checkpoint_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/index/checkpoint.h"
#include "server/storage/store_directory.h"

namespace cairn::index {
namespace {

// So many bytes are written between two syncs: small enough that the store's own
// syncs do not wait long behind them.
constexpr size_t kBytesPerSync = size_t{16} << 20;
constexpr size_t kReadAtOnce = size_t{1} << 20;
constexpr std::string_view kSuffix = ".ckpt";

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

class FileSink final : public ByteSink {
 public:
  FileSink(int fd, const std::string& path) : fd_(fd), path_(path) {}

  absl::Status Write(std::string_view bytes) override {
    bytes_ += static_cast<int64_t>(bytes.size());
    unsynced_ += bytes.size();
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FileError(errno, "write", path_);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return unsynced_ < kBytesPerSync ? absl::OkStatus() : Sync();
  }

  absl::Status Sync() {
    unsynced_ = 0;
    return ::fdatasync(fd_) == 0 ? absl::OkStatus() : FileError(errno, "sync", path_);
  }

  int64_t bytes() const { return bytes_; }

 private:
  const int fd_;
  const std::string& path_;
  int64_t bytes_ = 0;
  size_t unsynced_ = 0;
};

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, const std::string& path, uint64_t size)
      : fd_(fd), path_(path), remaining_(size), buffer_(kReadAtOnce) {}

  absl::Status Read(char* to, size_t size) override {
    if (size > remaining_) return CorruptCheckpoint("it ends too early");
    remaining_ -= size;
    while (size > 0) {
      if (at_ == end_) CAIRN_RETURN_IF_ERROR(FillBuffer());
      const size_t n = std::min(size, end_ - at_);
      std::memcpy(to, buffer_.data() + at_, n);
      at_ += n;
      to += n;
      size -= n;
    }
    return absl::OkStatus();
  }
  uint64_t remaining() const override { return remaining_; }

 private:
  absl::Status FillBuffer() {
    ssize_t n = 0;
    do {
      n = ::read(fd_, buffer_.data(), buffer_.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) return FileError(errno, "read", path_);
    if (n == 0) return CorruptCheckpoint("it ends too early");
    at_ = 0;
    end_ = static_cast<size_t>(n);
    return absl::OkStatus();
  }

  const int fd_;
  const std::string& path_;
  uint64_t remaining_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  size_t end_ = 0;
};

std::string NameOf(storage::Revision revision) {
  return fmt::format("runs-{:020d}{}", revision, kSuffix);
}

// The checkpoints of a directory, newest first.
std::vector<std::string> NamesIn(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().filename().string();
    const bool ours = name.size() == NameOf(0).size() && name.compare(0, 5, "runs-") == 0 &&
                      name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
    if (ours) names.push_back(std::move(name));
  }
  std::sort(names.rbegin(), names.rend());
  return names;
}

absl::Status Refused(std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_CORRUPT,
               fmt::format("the checkpoint cannot be used: {}", why));
}

absl::Status CheckStamp(const storage::KvStore& store, const CheckpointStamp& stamp,
                        uint64_t max_column_bytes) {
  if (stamp.max_column_bytes < max_column_bytes) {
    return Refused("it was written under a smaller memory budget");
  }
  if (stamp.revision > store.GetSnapshot()->revision()) {
    return Refused("it is newer than the store");
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string own, StoreFingerprint(store, stamp.revision));
  return own == stamp.fingerprint ? absl::OkStatus() : Refused("it is of another store");
}

absl::Status CheckSpace(const std::string& path, size_t bytes) {
  CAIRN_ASSIGN_OR_RETURN(const storage::VolumeSpace space, storage::SpaceAt(path));
  const int64_t reserve = std::min(CheckpointDirectory::kReserveBytes, space.total_bytes / 6);
  if (space.free_bytes - static_cast<int64_t>(bytes) >= reserve) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::DISK_FULL,
               fmt::format("no room for a checkpoint of about {} bytes in {}", bytes, path))
      .With("path", path)
      .RetryAfterSeconds(60);
}

}  // namespace

absl::StatusOr<CheckpointDirectory::Written> CheckpointDirectory::Write(
    const storage::KvStore& store, const RunIndex& index, uint64_t max_column_bytes) {
  CAIRN_RETURN_IF_ERROR(MakeDirectories(path_));
  CAIRN_RETURN_IF_ERROR(CheckSpace(path_, index.bytes()));
  const std::string temporary = path_ + "/runs.tmp";
  Written written;
  const auto write = [&]() -> absl::Status {
    const ScopedFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (fd.get() < 0) return FileError(errno, "create", temporary);
    FileSink sink(fd.get(), temporary);
    CheckpointWriter writer(index, sink);
    CAIRN_ASSIGN_OR_RETURN(written.revision,
                           writer.Write(max_column_bytes, [&](storage::Revision revision) {
                             return StoreFingerprint(store, revision);
                           }));
    written.bytes = sink.bytes();
    return sink.Sync();
  };
  if (absl::Status status = write(); !status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  const std::string name = NameOf(written.revision);
  if (::rename(temporary.c_str(), (path_ + "/" + name).c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return FileError(error_number, "rename", temporary);
  }
  CAIRN_RETURN_IF_ERROR(storage::SyncDirectory(path_));
  for (const std::string& other : NamesIn(path_)) {
    if (other != name) ::unlink((path_ + "/" + other).c_str());
  }
  return written;
}

absl::StatusOr<CheckpointDirectory::Loaded> CheckpointDirectory::Load(
    const storage::KvStore& store, uint64_t max_column_bytes) const {
  absl::Status why = Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                           fmt::format("there is no checkpoint in {}", path_));
  for (const std::string& name : NamesIn(path_)) {
    const std::string path = path_ + "/" + name;
    const ScopedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) {
      why = FileError(errno, "open", path);
      continue;
    }
    FileSource source(fd.get(), path, static_cast<uint64_t>(info.st_size));
    Loaded loaded{0, std::make_unique<RunColumns>()};
    why = CheckpointReader(source, *loaded.columns).Read([&](const CheckpointStamp& stamp) {
      loaded.revision = stamp.revision;
      return CheckStamp(store, stamp, max_column_bytes);
    });
    if (why.ok()) return loaded;
  }
  return why;
}

storage::Revision NewestCheckpointRevision(const std::string& directory) {
  const std::vector<std::string> names = NamesIn(directory);
  storage::Revision revision = 0;
  if (names.empty()) return revision;
  const std::string_view digits = std::string_view(names.front()).substr(5, 20);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), revision);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole ? revision : 0;
}

void RemoveCheckpoints(const std::string& directory) {
  for (const std::string& name : NamesIn(directory)) {
    ::unlink(fmt::format("{}/{}", directory, name).c_str());
  }
}

}  // namespace cairn::index
