#ifndef CAIRN_LIB_CLIENT_METRIC_LOG_FILE_H_
#define CAIRN_LIB_CLIENT_METRIC_LOG_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/client/metric_log_format.h"

namespace cairn::client {

// An offline log on disk, held by one process at a time. Internal to lib/client.
//
// Every append reaches the operating system before it returns, so it survives the death
// of the process; Sync makes it survive that of the machine. The acknowledged beginning
// is cut away when it is large, so the file is as long as what waits, more or less.
// Errors besides those named are of the file system, with its path. Not thread-safe.
class MetricLogFile {
 public:
  // Opens the log at `path` or makes an empty one if `create`. A torn end is cut off.
  //
  // - NOT_FOUND (FILE_ERROR): there is none, and `create` is false.
  // - FAILED_PRECONDITION (STORE_LOCKED): another process or writer has it open.
  // - DATA_LOSS (RECORD_CORRUPT): damaged; nothing was changed.
  // - INVALID_ARGUMENT (DATA_MALFORMED), FAILED_PRECONDITION (STORE_NEWER).
  static absl::StatusOr<std::unique_ptr<MetricLogFile>> Open(const std::string& path, bool create);

  // The same for a log that is only to be sent: if it is damaged, the records before the
  // damage are those it has, and nothing is cut away or removed.
  static absl::StatusOr<std::unique_ptr<MetricLogFile>> OpenToReplay(const std::string& path);

  // Closes the file, and with that gives up the lock. What is in it stays.
  ~MetricLogFile();
  MetricLogFile(const MetricLogFile&) = delete;
  MetricLogFile& operator=(const MetricLogFile&) = delete;

  // From now on batches are of `writer`. A log of which nothing waits begins anew.
  absl::Status BeginWriter(const MetricLogWriter& writer);

  // Appends a batch (metric_log_format.h). After an error the log is as before.
  // - INVALID_ARGUMENT (TOO_LARGE): it has more than 64 MiB.
  absl::Status Append(int64_t number, int64_t points, const v1::LogMetricsRequest& batch);

  // Reads the record at an offset from acknowledged() to below end(). A read costs no
  // memory beyond the record.
  absl::StatusOr<MetricLogRecord> Read(int64_t offset) const;

  // Notes that the records up to `end` are acknowledged; `writer` is that of the record
  // behind. May move the records that wait: then all offsets are smaller by the number
  // of bytes that is returned.
  absl::StatusOr<int64_t> Acknowledge(int64_t end, const MetricLogWriter& writer);

  // Makes everything that was appended survive a loss of power.
  absl::Status Sync();

  // Deletes the file. DATA_LOSS (RECORD_CORRUPT) when it is damaged: it stays, and the error
  // says what was read of it.
  absl::Status Remove();

  // The writer at acknowledged(), and how far the acknowledged beginning goes.
  const MetricLogWriter& first_writer() const { return first_writer_; }
  int64_t acknowledged() const { return acknowledged_; }
  int64_t end() const { return end_; }

  // What waited when the log was opened, and how many bytes were cut from its end.
  int64_t waiting_batches() const { return waiting_batches_; }
  int64_t waiting_points() const { return waiting_points_; }
  int64_t cut_bytes() const { return cut_bytes_; }
  const std::string& path() const { return path_; }

  // From how many acknowledged bytes on they are cut away; for tests.
  void set_compact_bytes(int64_t bytes) { compact_bytes_ = bytes; }

 private:
  MetricLogFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  static absl::StatusOr<std::unique_ptr<MetricLogFile>> OpenAs(const std::string& path, bool create,
                                                               bool to_replay);
  absl::Status Scan(bool to_replay);
  absl::Status Rewrite(const MetricLogWriter& writer, int64_t from);
  absl::StatusOr<std::string> ReadAt(int64_t offset, size_t size) const;
  MetricLogSource Source(int64_t size) const;

  const std::string path_;
  int fd_;
  MetricLogWriter header_writer_;  // empty while there is no header
  MetricLogWriter first_writer_;
  int64_t acknowledged_ = 0;
  int64_t end_ = 0;
  int64_t waiting_batches_ = 0;
  int64_t waiting_points_ = 0;
  int64_t cut_bytes_ = 0;
  absl::Status damage_;  // where the records end that can be read
  int64_t compact_bytes_ = int64_t{64} << 20;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_METRIC_LOG_FILE_H_
