#ifndef CAIRN_PIPELINE_SERVING_REQUEST_LOG_FILE_H_
#define CAIRN_PIPELINE_SERVING_REQUEST_LOG_FILE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "pipeline/serving/request_rows.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// What became of the rows so far.
struct LogFileCounts {
  int64_t written = 0;
  int64_t dropped = 0;  // they came faster than they could be written
  int64_t failed = 0;   // the file did not take them
  int64_t errors = 0;   // writes that failed; each of many rows
};

struct LogFileOptions {
  std::string path;
  // Of the file, above which it becomes PATH.1 in the place of the one before, and a new one is
  // begun. So both together take at most twice that, but for a larger one that was there before.
  // At least 1 MiB.
  int64_t max_bytes = int64_t{64} << 20;
  // Of rows that wait for the disk; what comes above is dropped.
  size_t max_queued_bytes = size_t{32} << 20;
  // Told once when writing begins to fail, and again after it worked in between. By the thread
  // that writes.
  std::function<void(std::string_view)> on_trouble;
};

// The request log on the disk, as lines of JSON (request_rows.h): what a process before this one
// wrote stays and is gone on with.
//
// Requests never wait for the disk: their rows go into a bounded queue, and one thread writes them.
// A line that is cut because a process died while it wrote is removed by the next one; one that a
// full disk cut is taken back at once. So only the last line of a file may be no row. There is no
// sync: what a process wrote outlives it, not the power. A file that was moved or removed is begun
// anew, and one that was emptied or cut is gone on with. Inputs are about customers: a new file is
// readable by its owner only.
//
// What does not begin as a row of this log is left alone: it is neither gone on with, even if it is
// one line without an end, nor replaced where it has the name of the older file.
//
// Safe to call from any thread. The destructor writes what waits.
class RequestLogFile {
 public:
  // FAILED_PRECONDITION (STORE_LOCKED): another process writes it; INVALID_ARGUMENT
  // (VALUE_INVALID): it or PATH.1 is no regular file (a symbolic link neither), or holds something
  // else; else errors of FileError.
  static absl::StatusOr<std::unique_ptr<RequestLogFile>> Open(LogFileOptions options);
  ~RequestLogFile();
  RequestLogFile(const RequestLogFile&) = delete;
  RequestLogFile& operator=(const RequestLogFile&) = delete;

  // As RequestLog::Add. Copies, and does not wait.
  void Add(const ModelPtr& model, std::span<const double> rows, std::span<const int32_t> segments,
           std::span<const double> distances, int64_t unix_nanos, int64_t latency_nanos)
      CAIRN_EXCLUDES(mutex_);
  void Add(Refusal refusal) CAIRN_EXCLUDES(mutex_);

  LogFileCounts counts() const CAIRN_EXCLUDES(mutex_);

 private:
  // Rows of one request; without a model it was refused.
  struct Item {
    ModelPtr model;
    std::vector<double> inputs;
    std::vector<int32_t> segments;
    std::vector<double> distances;
    Refusal refusal;  // of predictions its times only

    int64_t rows() const { return model == nullptr ? 1 : static_cast<int64_t>(segments.size()); }
    size_t bytes() const;
  };

  explicit RequestLogFile(LogFileOptions options) : options_(std::move(options)) {}
  void Enqueue(Item item) CAIRN_EXCLUDES(mutex_);
  void Run() CAIRN_EXCLUDES(mutex_);
  void WriteItem(const Item& item);
  void EndLine() CAIRN_EXCLUDES(mutex_);
  void Flush() CAIRN_EXCLUDES(mutex_);
  // Those that touch the file; of the thread that writes, and of Open.
  absl::Status OpenFile();
  absl::Status TryOpen();
  std::string OlderPath() const { return options_.path + ".1"; }
  absl::Status CheckOlder() const;
  absl::Status GoOnBehind();  // what is in the file, if that is rows
  absl::Status TakeBackTornLine();
  absl::Status WriteText();
  absl::Status Rotate();
  void CloseFile();

  const LogFileOptions options_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Item> queue_ CAIRN_GUARDED_BY(mutex_);
  size_t queued_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;  // those that are being written too
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  LogFileCounts counts_ CAIRN_GUARDED_BY(mutex_);

  int fd_ = -1;
  int64_t size_ = 0;  // of the file; it ends with a whole line
  std::string text_;  // lines that are made and not yet written
  int64_t text_rows_ = 0;
  ModelPtr writer_model_;  // whose columns writer_ has
  std::unique_ptr<RowWriter> writer_;
  bool in_trouble_ = false;
  std::thread thread_;
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_REQUEST_LOG_FILE_H_
