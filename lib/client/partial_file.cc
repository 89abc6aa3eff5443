#include "lib/client/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

constexpr std::string_view kPartMagic = "CAIRNPRT";
constexpr size_t kPartRecordBytes = 8 + 32 + 8 + 8;
constexpr int kOpenAttempts = 8;

void AppendLittleEndian(std::string* out, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

int64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<int64_t>(value);
}

// A name beside `target` that depends on it alone and is never too long.
std::string KeptPath(const std::string& target) {
  const size_t slash = target.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  return fmt::format("{}.cairn-part-{}", target.substr(0, name),
                     Sha256Hex(target.substr(name)).substr(0, 24));
}

// Whether `path` still is the regular file that `fd` has open, with no other name.
bool IsOurs(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  if (::fstat(fd, &opened) != 0 || ::lstat(path.c_str(), &named) != 0) return false;
  return S_ISREG(opened.st_mode) && opened.st_nlink == 1 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

// Opens the file at `path` and locks it; -1 when somebody else has it, or it is no file
// that could be ours.
int OpenLocked(const std::string& path) {
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd);
      return -1;
    }
    // Its owner may have moved it between the two calls.
    if (IsOurs(fd, path)) return fd;
    ::close(fd);
  }
  return -1;
}

}  // namespace

absl::StatusOr<PartialFile> PartialFile::Open(const std::string& target, const Digest& digest,
                                              bool keep) {
  if (keep) {
    std::string path = KeptPath(target);
    const int fd = OpenLocked(path);
    if (fd >= 0) {
      PartialFile file(target, std::move(path), digest, fd, true);
      file.Recall();
      return file;
    }
  }
  std::string path = fmt::format("{}.{}", KeptPath(target), ::getpid());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) return FileError(errno, "create", path);
  return PartialFile(target, std::move(path), digest, fd, false);
}

PartialFile::~PartialFile() {
  if (fd_ < 0) return;
  if (!moved_ && !(keep_ && ready_bytes_ > 0)) ::unlink(path_.c_str());
  ::close(fd_);
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::move(other.path_)),
      digest_(other.digest_),
      fd_(std::exchange(other.fd_, -1)),
      keep_(other.keep_),
      moved_(other.moved_),
      ready_bytes_(other.ready_bytes_) {}

void PartialFile::Recall() {
  struct stat info {};
  const int64_t whole = digest_.size_bytes + static_cast<int64_t>(kPartRecordBytes);
  if (::fstat(fd_, &info) == 0 && info.st_size == whole) {
    std::string record(kPartRecordBytes, '\0');
    const auto have = ReadAt(digest_.size_bytes, record.data(), record.size());
    const int64_t ready = LittleEndian(std::string_view(record).substr(kPartRecordBytes - 8));
    ready_bytes_ = ready;
    if (have.ok() && *have == kPartRecordBytes && ready >= 0 && ready <= digest_.size_bytes &&
        record == Record()) {
      return;
    }
  }
  ready_bytes_ = 0;
  // If this fails the next write says why.
  if (::ftruncate(fd_, 0) != 0) return;
}

std::string PartialFile::Record() const {
  std::string record(kPartMagic);
  record.append(reinterpret_cast<const char*>(digest_.sha256.data()), digest_.sha256.size());
  AppendLittleEndian(&record, digest_.size_bytes);
  AppendLittleEndian(&record, ready_bytes_);
  return record;
}

absl::Status PartialFile::WriteAt(int64_t offset, std::string_view bytes) {
  MutexLock lock(writing_.get());
  return WriteAllAt(fd_, offset, bytes, path_);
}

absl::StatusOr<size_t> PartialFile::ReadAt(int64_t offset, char* buffer, size_t size) const {
  return cairn::ReadAt(fd_, offset, buffer, size, path_);
}

absl::Status PartialFile::Mark(int64_t ready_bytes) {
  ready_bytes_ = ready_bytes;
  return keep_ ? WriteAt(digest_.size_bytes, Record()) : absl::OkStatus();
}

absl::Status PartialFile::StartOver() {
  ready_bytes_ = 0;
  if (::ftruncate(fd_, 0) != 0) return FileError(errno, "cut", path_);
  return absl::OkStatus();
}

absl::Status PartialFile::MoveToTarget() {
  // Without a record there is nothing behind the last byte.
  if (keep_ && ::ftruncate(fd_, digest_.size_bytes) != 0) return FileError(errno, "cut", path_);
  if (::rename(path_.c_str(), target_.c_str()) != 0) return FileError(errno, "rename", path_);
  moved_ = true;
  return absl::OkStatus();
}

}  // namespace cairn::client
