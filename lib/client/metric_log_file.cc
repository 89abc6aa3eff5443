#include "lib/client/metric_log_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

constexpr size_t kCopyBytes = 1 << 20;

absl::Status Locked(const std::string& path) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_LOCKED,
               fmt::format("the metric log {} is open in another process", path))
      .With("path", path)
      .Precondition("LOCK", path, "only one process may use a metric log at a time");
}

// The file that the name stands for is the one that is open: nobody removed or replaced
// it before the lock was ours.
bool IsStillNamed(int fd, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return ::fstat(fd, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

// Opens and locks; the descriptor.
absl::StatusOr<int> OpenLocked(const std::string& path, bool create) {
  while (true) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0644);
    if (fd < 0) return FileError(errno, "open", path);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int error_number = errno;
      ::close(fd);
      if (error_number == EWOULDBLOCK) return Locked(path);
      return FileError(error_number, "lock", path);
    }
    if (IsStillNamed(fd, path)) return fd;
    ::close(fd);
  }
}

// Makes a name that was made, replaced or removed survive a loss of power.
absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, "open", folder);
  const int result = ::fsync(fd);
  const int error_number = errno;
  ::close(fd);
  if (result != 0) return FileError(error_number, "sync", folder);
  return absl::OkStatus();
}

std::string TemporaryOf(const std::string& path) { return path + ".new"; }

// The error with the path of the log in its message, and the details of `details`.
absl::Status Named(const absl::Status& status, const std::string& path,
                   const absl::Status& details) {
  absl::Status named(status.code(), fmt::format("{}: {}", path, std::string(status.message())));
  details.ForEachPayload(
      [&named](auto url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

absl::Status Named(const absl::Status& status, const std::string& path) {
  return Named(status, path, status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricLogFile>> MetricLogFile::OpenAs(const std::string& path,
                                                                     bool create, bool to_replay) {
  CAIRN_ASSIGN_OR_RETURN(const int fd, OpenLocked(path, create));
  auto file = std::unique_ptr<MetricLogFile>(new MetricLogFile(path, fd));
  ::unlink(TemporaryOf(path).c_str());  // of a rewriting that a crash ended
  if (absl::Status status = file->Scan(to_replay); !status.ok()) return Named(status, path);
  return file;
}

absl::StatusOr<std::unique_ptr<MetricLogFile>> MetricLogFile::Open(const std::string& path,
                                                                   bool create) {
  return OpenAs(path, create, /*to_replay=*/false);
}

absl::StatusOr<std::unique_ptr<MetricLogFile>> MetricLogFile::OpenToReplay(
    const std::string& path) {
  return OpenAs(path, /*create=*/false, /*to_replay=*/true);
}

MetricLogFile::~MetricLogFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status MetricLogFile::Scan(bool to_replay) {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return FileError(errno, "stat", path_);
  MetricLogScanner scanner(Source(info.st_size));
  CAIRN_ASSIGN_OR_RETURN(const bool has_header, scanner.ReadHeader());
  if (!has_header) return absl::OkStatus();
  header_writer_ = first_writer_ = scanner.writer();
  acknowledged_ = scanner.acknowledged();
  while (true) {
    MetricLogRecord record;
    const auto more = scanner.Next(&record);
    if (to_replay && HasReason(more.status(), ErrorReason::RECORD_CORRUPT)) {
      damage_ = more.status();
      break;
    }
    CAIRN_RETURN_IF_ERROR(more.status());
    if (!*more) break;
    if (!record.is_batch && record.end <= acknowledged_) first_writer_ = record.writer;
    if (!record.is_batch || record.end <= acknowledged_) continue;
    ++waiting_batches_;
    waiting_points_ += record.points;
  }
  end_ = scanner.offset();
  acknowledged_ = std::min(acknowledged_, end_);
  if (!damage_.ok()) {
    compact_bytes_ = std::numeric_limits<int64_t>::max();  // what is behind stays, too
    return absl::OkStatus();
  }
  cut_bytes_ = info.st_size - end_;
  if (cut_bytes_ > 0 && ::ftruncate(fd_, end_) != 0) return FileError(errno, "cut", path_);
  return absl::OkStatus();
}

absl::Status MetricLogFile::BeginWriter(const MetricLogWriter& writer) {
  if (waiting_batches_ != 0) {
    const std::string record = EncodeMetricLogWriterRecord(writer);
    CAIRN_RETURN_IF_ERROR(WriteAllAt(fd_, end_, record, path_));
    end_ += static_cast<int64_t>(record.size());
    return Sync();
  }
  const std::string header = EncodeMetricLogHeader(writer);
  if (::ftruncate(fd_, 0) != 0) return FileError(errno, "cut", path_);
  CAIRN_RETURN_IF_ERROR(WriteAllAt(fd_, 0, header, path_));
  header_writer_ = first_writer_ = writer;
  acknowledged_ = end_ = static_cast<int64_t>(header.size());
  CAIRN_RETURN_IF_ERROR(Sync());
  return SyncFolderOf(path_);
}

absl::Status MetricLogFile::Append(int64_t number, int64_t points,
                                   const v1::LogMetricsRequest& batch) {
  const std::string record = EncodeMetricLogBatch(number, points, batch);
  if (static_cast<int64_t>(record.size()) > kMaxMetricLogPayloadBytes) {
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::TOO_LARGE,
                 fmt::format("a batch of {} bytes is too large", record.size()))
        .With("sizeBytes", std::to_string(record.size()));
  }
  if (absl::Status status = WriteAllAt(fd_, end_, record, path_); !status.ok()) {
    // What was written of it would only be cut at the next start.
    if (::ftruncate(fd_, end_) != 0) return status;
    return status;
  }
  end_ += static_cast<int64_t>(record.size());
  return absl::OkStatus();
}

absl::StatusOr<MetricLogRecord> MetricLogFile::Read(int64_t offset) const {
  auto record = ReadMetricLogRecord(Source(end_), offset);
  if (!record.ok()) return Named(record.status(), path_);
  return record;
}

absl::StatusOr<int64_t> MetricLogFile::Acknowledge(int64_t end, const MetricLogWriter& writer) {
  acknowledged_ = end;
  first_writer_ = writer;
  const int64_t waiting = end_ - end;
  if (end >= compact_bytes_ && waiting <= end) {
    const int64_t before = end_;
    if (absl::Status status = Rewrite(writer, end); !status.ok()) {
      compact_bytes_ *= 2;  // perhaps there is room later
      return status;
    }
    return before - end_;
  }
  // Only a hint: without it more is sent again than must be.
  CAIRN_RETURN_IF_ERROR(
      WriteAllAt(fd_, MetricLogSlotOffset(header_writer_), EncodeMetricLogSlot(end), path_));
  return 0;
}

// Replaces the file by one that begins with the record at `from`. Whoever looks at the
// name meanwhile finds the old one or the new one, each whole and locked.
absl::Status MetricLogFile::Rewrite(const MetricLogWriter& writer, int64_t from) {
  const std::string temporary = TemporaryOf(path_);
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return FileError(errno, "create", temporary);
  const auto copy = [&]() -> absl::StatusOr<int64_t> {
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return FileError(errno, "lock", temporary);
    const std::string header = EncodeMetricLogHeader(writer);
    CAIRN_RETURN_IF_ERROR(WriteAllAt(fd, 0, header, path_));
    auto to = static_cast<int64_t>(header.size());
    for (int64_t at = from; at < end_;) {
      const auto size = static_cast<size_t>(std::min<int64_t>(kCopyBytes, end_ - at));
      CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadAt(at, size));
      if (bytes.empty()) return FileError(EIO, "read", path_);
      CAIRN_RETURN_IF_ERROR(WriteAllAt(fd, to, bytes, path_));
      at += static_cast<int64_t>(bytes.size());
      to += static_cast<int64_t>(bytes.size());
    }
    if (::fdatasync(fd) != 0) return FileError(errno, "sync", temporary);
    if (::rename(temporary.c_str(), path_.c_str()) != 0) {
      return FileError(errno, "rename", temporary);
    }
    return to;
  };
  const auto end = copy();
  if (!end.ok()) {
    ::close(fd);
    ::unlink(temporary.c_str());
    return end.status();
  }
  ::close(std::exchange(fd_, fd));
  header_writer_ = first_writer_ = writer;
  acknowledged_ = MetricLogSlotOffset(writer) + static_cast<int64_t>(EncodeMetricLogSlot(0).size());
  end_ = *end;
  // The file is replaced already; the old one holds the same batches.
  SyncFolderOf(path_).IgnoreError();
  return absl::OkStatus();
}

absl::Status MetricLogFile::Sync() {
  if (::fdatasync(fd_) != 0) return FileError(errno, "sync", path_);
  return absl::OkStatus();
}

absl::Status MetricLogFile::Remove() {
  if (!damage_.ok()) {
    const absl::Status told(
        damage_.code(),
        fmt::format("{}; {} batches with {} points stand before that and were sent, what is behind "
                    "could not be read; the file stays",
                    std::string(damage_.message()), waiting_batches_, waiting_points_));
    return Named(told, path_, damage_);
  }
  if (::unlink(path_.c_str()) != 0) return FileError(errno, "remove", path_);
  return SyncFolderOf(path_);
}

absl::StatusOr<std::string> MetricLogFile::ReadAt(int64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  CAIRN_ASSIGN_OR_RETURN(const size_t have, cairn::ReadAt(fd_, offset, bytes.data(), size, path_));
  bytes.resize(have);
  return bytes;
}

MetricLogSource MetricLogFile::Source(int64_t size) const {
  return {size, [this](int64_t offset, size_t bytes) { return ReadAt(offset, bytes); }};
}

}  // namespace cairn::client
