#include "lib/client/batch_queue.h"

#include <deque>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/metric_log_file.h"

namespace cairn::client {
namespace {

// So many batches may be on their way: enough for the fastest network, and a bound.
constexpr size_t kMaxOnTheirWay = 4096;

class MemoryQueue final : public BatchQueue {
 public:
  MemoryQueue(std::string writer_id, std::string run)
      : writer_id_(std::move(writer_id)), run_(std::move(run)) {}

  absl::Status Push(v1::LogMetricsRequest batch, int64_t points) override {
    batch.set_run(run_);
    batch.set_writer_id(writer_id_);
    batch.set_batch_number(next_number_++);
    batches_.push_back({std::make_shared<v1::LogMetricsRequest>(std::move(batch)), points});
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const v1::LogMetricsRequest>> Next() override {
    if (!HasUnsent()) return nullptr;
    return batches_[taken_++].request;
  }

  void Rewind() override { taken_ = 0; }

  Acknowledged Acknowledge(int64_t number) override {
    Acknowledged result;
    while (taken_ > 0 && batches_.front().request->batch_number() <= number) {
      ++result.batches;
      result.points += batches_.front().points;
      batches_.pop_front();
      --taken_;
    }
    return result;
  }

  bool HasUnsent() const override { return taken_ < batches_.size(); }
  bool IsEmpty() const override { return batches_.empty(); }
  bool NeedsNewStream() const override { return false; }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Remove() override { return absl::OkStatus(); }
  bool IsLog() const override { return false; }

 private:
  struct Batch {
    std::shared_ptr<const v1::LogMetricsRequest> request;
    int64_t points = 0;
  };

  const std::string writer_id_;
  const std::string run_;
  int64_t next_number_ = 1;
  std::deque<Batch> batches_;
  size_t taken_ = 0;  // of them, by the stream at hand
};

class FileQueue final : public BatchQueue {
 public:
  explicit FileQueue(std::unique_ptr<MetricLogFile> file)
      : file_(std::move(file)), waiting_(file_->waiting_batches()) {
    Rewind();
  }

  absl::Status BeginWriter(const MetricLogWriter& writer) {
    CAIRN_RETURN_IF_ERROR(file_->BeginWriter(writer));
    Rewind();
    return absl::OkStatus();
  }

  absl::Status Push(v1::LogMetricsRequest batch, int64_t points) override {
    CAIRN_RETURN_IF_ERROR(file_->Append(next_number_, points, batch));
    ++next_number_;
    ++waiting_;
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const v1::LogMetricsRequest>> Next() override {
    while (HasUnsent() && !NeedsNewStream()) {
      CAIRN_ASSIGN_OR_RETURN(const MetricLogRecord record, file_->Read(cursor_));
      if (record.is_batch) return Take(record);
      writer_ = record.writer;
      cursor_ = record.end;
      ended_by_writer_ = stream_is_used_;
    }
    return nullptr;
  }

  void Rewind() override {
    on_their_way_.clear();
    cursor_ = file_->acknowledged();
    writer_ = file_->first_writer();
    ended_by_writer_ = stream_is_used_ = false;
  }

  Acknowledged Acknowledge(int64_t number) override {
    Acknowledged result;
    int64_t end = 0;
    while (!on_their_way_.empty() && on_their_way_.front().number <= number) {
      end = on_their_way_.front().end;
      ++result.batches;
      result.points += on_their_way_.front().points;
      on_their_way_.pop_front();
    }
    waiting_ -= result.batches;
    if (result.batches > 0) NoteAcknowledged(end);
    return result;
  }

  bool HasUnsent() const override {
    return waiting_ > static_cast<int64_t>(on_their_way_.size()) &&
           on_their_way_.size() < kMaxOnTheirWay;
  }
  bool IsEmpty() const override { return waiting_ == 0; }
  bool NeedsNewStream() const override { return ended_by_writer_; }
  absl::Status Sync() override { return file_->Sync(); }
  absl::Status Remove() override { return file_->Remove(); }
  bool IsLog() const override { return true; }

 private:
  struct OnItsWay {
    int64_t number = 0;
    int64_t points = 0;
    int64_t end = 0;
  };

  absl::StatusOr<std::shared_ptr<const v1::LogMetricsRequest>> Take(const MetricLogRecord& record) {
    auto request = std::make_shared<v1::LogMetricsRequest>();
    if (!request->ParseFromString(record.columns)) {
      return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
                   fmt::format("{}: the batch at byte {} cannot be read", file_->path(),
                               record.offset))
          .With("path", file_->path())
          .With("offset", std::to_string(record.offset))
          .ToStatus();
    }
    request->set_run(writer_.run);
    request->set_writer_id(writer_.writer_id);
    request->set_batch_number(record.number);
    cursor_ = record.end;
    stream_writer_ = writer_;
    stream_is_used_ = true;
    on_their_way_.push_back({record.number, record.points, record.end});
    return request;
  }

  // What the file remembers of it only saves work later, so errors are not the writer's.
  void NoteAcknowledged(int64_t end) {
    const auto moved = file_->Acknowledge(end, stream_writer_);
    if (!moved.ok() || *moved == 0) return;
    cursor_ -= *moved;
    for (OnItsWay& batch : on_their_way_) batch.end -= *moved;
  }

  const std::unique_ptr<MetricLogFile> file_;
  MetricLogWriter writer_;         // of the record at the cursor
  MetricLogWriter stream_writer_;  // of the batches on their way
  int64_t next_number_ = 1;
  int64_t waiting_ = 0;  // batches that are not acknowledged
  int64_t cursor_ = 0;   // where the next record to send begins
  std::deque<OnItsWay> on_their_way_;
  bool stream_is_used_ = false;   // a batch of stream_writer_ was taken
  bool ended_by_writer_ = false;  // and the next one is of another
};

}  // namespace

std::unique_ptr<BatchQueue> MakeMemoryQueue(const std::string& writer_id, const std::string& run) {
  return std::make_unique<MemoryQueue>(writer_id, run);
}

absl::StatusOr<LogQueue> OpenLogQueue(const std::string& path, const std::string& writer_id,
                                      const std::string& run, int64_t compact_bytes) {
  CAIRN_ASSIGN_OR_RETURN(auto file, writer_id.empty() ? MetricLogFile::OpenToReplay(path)
                                                      : MetricLogFile::Open(path, /*create=*/true));
  if (compact_bytes > 0) file->set_compact_bytes(compact_bytes);
  LogQueue opened{nullptr, file->waiting_batches(), file->waiting_points(), file->cut_bytes()};
  auto queue = std::make_unique<FileQueue>(std::move(file));
  if (!writer_id.empty()) CAIRN_RETURN_IF_ERROR(queue->BeginWriter({writer_id, run}));
  opened.queue = std::move(queue);
  return opened;
}

}  // namespace cairn::client
