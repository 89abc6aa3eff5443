#include "lib/client/metric_writer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "lib/client/batch_queue.h"
#include "lib/client/metric_batch.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {
namespace {

using Clock = std::chrono::steady_clock;
using Stream = grpc::ClientReaderWriterInterface<v1::LogMetricsRequest, v1::LogMetricsResponse>;

constexpr size_t kMaxRunNameBytes = 255;

absl::Status Validate(const MetricWriterOptions& options) {
  const auto check = [](bool ok, std::string_view field, int64_t value, std::string_view rule) {
    if (ok) return absl::OkStatus();
    return InvalidField(ErrorReason::VALUE_INVALID, field, std::to_string(value), rule).ToStatus();
  };
  CAIRN_RETURN_IF_ERROR(check(options.batch_points >= 1 && options.batch_points <= kMaxBatchPoints,
                              "batch_points", options.batch_points,
                              fmt::format("must be from 1 to {}", kMaxBatchPoints)));
  CAIRN_RETURN_IF_ERROR(check(options.flush_interval.count() > 0, "flush_interval",
                              options.flush_interval.count(), "must be positive"));
  CAIRN_RETURN_IF_ERROR(check(options.run.size() <= kMaxRunNameBytes, "run",
                              static_cast<int64_t>(options.run.size()), "is too long a name"));
  CAIRN_RETURN_IF_ERROR(check(options.offline_log_compact_bytes > 0, "offline_log_compact_bytes",
                              options.offline_log_compact_bytes, "must be positive"));
  return check(options.max_waiting_points >= options.batch_points, "max_waiting_points",
               options.max_waiting_points, "must be at least batch_points");
}

// Whether the same batches may be accepted later.
bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

absl::Status Ended() {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CALL_ENDED,
               "the metric writer is finished");
}

}  // namespace

class MetricWriter::Impl {
 public:
  using OnProgress = std::function<void(int64_t acknowledged_points, int64_t waiting_points)>;

  // A writer of new points, for which the log, if that is what the queue is, stands in
  // while the server is away.
  Impl(Transport& transport, MetricWriterOptions options, LogQueue queue)
      : transport_(transport),
        options_(std::move(options)),
        survives_(queue.queue->IsLog()),
        waiting_points_(queue.waiting_points),
        pushed_batches_(queue.waiting_batches),
        queue_(std::move(queue.queue)),
        sender_([this] { Send(); }) {}

  // One that sends what is in the queue and nothing else.
  Impl(Transport& transport, const ReplayOptions& options, LogQueue queue)
      : transport_(transport),
        options_({.patience = options.patience}),
        survives_(false),
        on_progress_(options.on_progress),
        waiting_points_(queue.waiting_points),
        pushed_batches_(queue.waiting_batches),
        queue_(std::move(queue.queue)),
        finished_(true),
        sender_([this] { Send(); }) {}

  ~Impl() {
    {
      MutexLock lock(&mutex_);
      if (survives_) Seal();
      abandoned_ = true;
      if (context_ != nullptr) context_->TryCancel();
    }
    changed_.SignalAll();
    sender_.join();
    // The server may have come back after Finish stopped waiting for it.
    MutexLock lock(&mutex_);
    if (survives_ && finished_ && !removed_ && queue_->IsEmpty()) queue_->Remove().IgnoreError();
  }

  absl::Status Log(std::string_view key, int64_t step, double value, int64_t time) {
    MutexLock lock(&mutex_);
    while (!survives_ && waiting_points_ >= options_.max_waiting_points && failure_.ok() &&
           !finished_) {
      drained_.Wait(&mutex_);
    }
    CAIRN_RETURN_IF_ERROR(failure_);
    if (finished_) return Ended();
    if (!gathering_.HasRoomFor(key)) {
      Seal();
      CAIRN_RETURN_IF_ERROR(failure_);
    }
    if (gathering_.points() == 0) first_gathered_ = Clock::now();
    gathering_.Add(key, step, value, time);
    ++waiting_points_;
    if (gathering_.points() >= options_.batch_points) Seal();
    if (gathering_.points() == 1) changed_.Signal();  // the sender's timer begins
    return absl::OkStatus();
  }

  absl::Status Flush(bool finish) {
    MutexLock lock(&mutex_);
    Seal();
    finished_ = finished_ || finish;
    changed_.Signal();
    drained_.SignalAll();
    if (failure_.ok() && !removed_) failure_ = queue_->Sync();
    const int64_t last = pushed_batches_;
    while (failure_.ok() && acknowledged_batches_ < last && !(survives_ && away_)) {
      drained_.Wait(&mutex_);
    }
    if (failure_.ok() && finished_ && queue_->IsEmpty() && !std::exchange(removed_, true)) {
      failure_ = queue_->Remove();
    }
    return failure_;
  }

  int64_t acknowledged_points() const {
    MutexLock lock(&mutex_);
    return acknowledged_points_;
  }
  int64_t waiting_points() const {
    MutexLock lock(&mutex_);
    return waiting_points_;
  }

 private:
  // Closes the batch that is being gathered; the sender sees it.
  void Seal() CAIRN_REQUIRES(mutex_) {
    if (gathering_.points() == 0) return;
    const int64_t points = gathering_.points();
    v1::LogMetricsRequest batch;
    *batch.mutable_metrics() = gathering_.Take();
    if (absl::Status status = queue_->Push(std::move(batch), points); !status.ok()) {
      waiting_points_ -= points;
      return FailLocked(status);
    }
    ++pushed_batches_;
    changed_.Signal();
  }

  // The sender's thread: one stream after another, until there is nothing to send
  // any more or nobody wants it.
  void Send() {
    int failures = 0;  // in a row, without progress
    Clock::time_point failing_since;
    while (WaitForWork()) {
      const int64_t before = acknowledged_points();
      const absl::Status status = RunStream();
      const bool progress = acknowledged_points() != before || waiting_points() == 0;
      if (progress) failures = 0;
      if (status.ok() || waiting_points() == 0) continue;
      if (failures++ == 0) failing_since = Clock::now();
      if (!MayPass(status)) return Fail(status);
      if (Clock::now() - failing_since >= options_.patience) {
        if (!survives_) return Fail(status);
        SetAway();
      }
      const auto random = static_cast<uint64_t>(Clock::now().time_since_epoch().count());
      Pause(transport_.options().backoff.WaitMillis(failures, random));
    }
  }

  // Waits for a batch that is due; false when the writer is destroyed or failed.
  bool WaitForWork() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (!abandoned_ && failure_.ok() && queue_->IsEmpty()) WaitForBatch();
    return !abandoned_ && failure_.ok();
  }

  // Waits for a signal, or until the batch being gathered is due and seals it.
  void WaitForBatch() CAIRN_REQUIRES(mutex_) {
    if (gathering_.points() == 0) return changed_.Wait(&mutex_);
    const auto due = first_gathered_ + options_.flush_interval;
    if (Clock::now() >= due) return Seal();
    changed_.WaitFor(&mutex_, due - Clock::now());
  }

  // Sends everything unacknowledged from the first on, and what comes later, until
  // the stream breaks. A second thread takes the acknowledgements.
  absl::Status RunStream() CAIRN_EXCLUDES(mutex_) {
    const auto stub = v1::TrackingService::NewStub(transport_.impl().channel);
    ScopedContext context(transport_.impl());
    const std::unique_ptr<Stream> stream = stub->LogMetrics(context.get());
    {
      MutexLock lock(&mutex_);
      context_ = context.get();
      if (abandoned_) context_->TryCancel();
      broken_ = false;
      queue_->Rewind();
    }
    std::thread reader([this, &stream] { TakeAcknowledgements(*stream); });
    while (const auto request = NextToSend()) {
      if (!stream->Write(*request)) break;
    }
    stream->WritesDone();
    reader.join();
    {
      MutexLock lock(&mutex_);
      context_ = nullptr;
    }
    return transport_.impl().Convert(stream->Finish());
  }

  // The next batch for this stream; waits for one. Null when the stream is broken,
  // the writer is finished and everything was sent, or another stream is needed.
  std::shared_ptr<const v1::LogMetricsRequest> NextToSend() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (!broken_ && !abandoned_ && failure_.ok()) {
      if (queue_->HasUnsent()) {
        auto next = queue_->Next();
        if (next.ok()) return *std::move(next);
        FailLocked(next.status());
      } else if (finished_ && gathering_.points() == 0) {
        return nullptr;
      } else {
        WaitForBatch();
      }
    }
    return nullptr;
  }

  void TakeAcknowledgements(Stream& stream) CAIRN_EXCLUDES(mutex_) {
    v1::LogMetricsResponse answer;
    while (stream.Read(&answer)) Acknowledge(answer.acknowledged_batch_number());
    {
      MutexLock lock(&mutex_);
      broken_ = true;
    }
    changed_.SignalAll();
  }

  void Acknowledge(int64_t number) CAIRN_EXCLUDES(mutex_) {
    int64_t acknowledged = 0;
    int64_t waiting = 0;
    {
      MutexLock lock(&mutex_);
      const BatchQueue::Acknowledged done = queue_->Acknowledge(number);
      acknowledged_batches_ += done.batches;
      acknowledged = acknowledged_points_ += done.points;
      waiting = waiting_points_ -= done.points;
      if (done.batches > 0) away_ = false;
    }
    drained_.SignalAll();
    changed_.Signal();  // there is room for more on their way
    if (on_progress_) on_progress_(acknowledged, waiting);
  }

  void Fail(const absl::Status& status) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    FailLocked(status);
  }

  void FailLocked(const absl::Status& status) CAIRN_REQUIRES(mutex_) {
    failure_ = status;
    drained_.SignalAll();
    changed_.SignalAll();
  }

  void SetAway() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    away_ = true;
    drained_.SignalAll();
  }

  void Pause(int64_t millis) CAIRN_EXCLUDES(mutex_) {
    const auto until = Clock::now() + std::chrono::milliseconds(millis);
    MutexLock lock(&mutex_);
    while (!abandoned_ && Clock::now() < until) changed_.WaitFor(&mutex_, until - Clock::now());
  }

  Transport& transport_;
  const MetricWriterOptions options_;
  const bool survives_;  // what is sealed outlives this object
  const OnProgress on_progress_;

  mutable Mutex mutex_;
  CondVar changed_;  // for the sender
  CondVar drained_;  // for those who log
  MetricBatch gathering_ CAIRN_GUARDED_BY(mutex_);
  Clock::time_point first_gathered_ CAIRN_GUARDED_BY(mutex_);
  int64_t waiting_points_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t acknowledged_points_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t pushed_batches_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t acknowledged_batches_ CAIRN_GUARDED_BY(mutex_) = 0;
  const std::unique_ptr<BatchQueue> queue_ CAIRN_GUARDED_BY(mutex_);
  bool broken_ CAIRN_GUARDED_BY(mutex_) = false;
  bool away_ CAIRN_GUARDED_BY(mutex_) = false;  // the server, for longer than the patience
  bool finished_ CAIRN_GUARDED_BY(mutex_) = false;
  bool removed_ CAIRN_GUARDED_BY(mutex_) = false;  // the log
  bool abandoned_ CAIRN_GUARDED_BY(mutex_) = false;
  absl::Status failure_ CAIRN_GUARDED_BY(mutex_);
  grpc::ClientContext* context_ CAIRN_GUARDED_BY(mutex_) = nullptr;

  std::thread sender_;  // last: it uses all of the above
};

absl::StatusOr<std::unique_ptr<MetricWriter>> MetricWriter::Start(Transport& transport,
                                                                  MetricWriterOptions options) {
  CAIRN_RETURN_IF_ERROR(Validate(options));
  const std::string writer_id = transport.options().ids->NewUuid4();
  LogQueue queue;
  if (options.offline_log.empty()) {
    queue.queue = MakeMemoryQueue(writer_id, options.run);
  } else {
    CAIRN_ASSIGN_OR_RETURN(queue, OpenLogQueue(options.offline_log, writer_id, options.run,
                                               options.offline_log_compact_bytes));
  }
  const int64_t cut_bytes = queue.cut_bytes;
  auto impl = std::make_unique<Impl>(transport, std::move(options), std::move(queue));
  return std::unique_ptr<MetricWriter>(new MetricWriter(std::move(impl), cut_bytes));
}

absl::StatusOr<ReplayedLog> ReplayMetricLog(Transport& transport, const std::string& path,
                                            const ReplayOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(LogQueue queue, OpenLogQueue(path, "", "", /*compact_bytes=*/0));
  const ReplayedLog replayed{queue.waiting_batches, queue.waiting_points, queue.cut_bytes};
  MetricWriter::Impl impl(transport, options, std::move(queue));
  CAIRN_RETURN_IF_ERROR(impl.Flush(/*finish=*/true));
  return replayed;
}

MetricWriter::MetricWriter(std::unique_ptr<Impl> impl, int64_t cut_bytes)
    : impl_(std::move(impl)), cut_bytes_(cut_bytes) {}
MetricWriter::~MetricWriter() = default;

absl::Status MetricWriter::Log(std::string_view key, int64_t step, double value,
                               int64_t time_unix_millis) {
  return impl_->Log(key, step, value, time_unix_millis);
}
absl::Status MetricWriter::Log(std::string_view key, int64_t step, double value) {
  return impl_->Log(key, step, value, SystemClock().NowUnixNanos() / 1'000'000);
}
absl::Status MetricWriter::Flush() { return impl_->Flush(/*finish=*/false); }
absl::Status MetricWriter::Finish() { return impl_->Flush(/*finish=*/true); }
int64_t MetricWriter::acknowledged_points() const { return impl_->acknowledged_points(); }
int64_t MetricWriter::waiting_points() const { return impl_->waiting_points(); }

}  // namespace cairn::client
