#include "lib/client/metric_writer.h"

#include <algorithm>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {
namespace {

using Clock = std::chrono::steady_clock;
using Stream = grpc::ClientReaderWriterInterface<v1::LogMetricsRequest, v1::LogMetricsResponse>;

constexpr int64_t kMaxBatchPoints = 100'000;

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
  Impl(Transport& transport, MetricWriterOptions options)
      : transport_(transport),
        options_(std::move(options)),
        writer_id_(transport.options().ids->NewUuid4()),
        sender_([this] { Send(); }) {}

  ~Impl() {
    {
      MutexLock lock(&mutex_);
      abandoned_ = true;
      if (context_ != nullptr) context_->TryCancel();
    }
    changed_.SignalAll();
    sender_.join();
  }

  absl::Status Log(std::string_view key, int64_t step, double value, int64_t time) {
    MutexLock lock(&mutex_);
    while (waiting_points_ >= options_.max_waiting_points && failure_.ok() && !finished_) {
      drained_.Wait(&mutex_);
    }
    CAIRN_RETURN_IF_ERROR(failure_);
    if (finished_) return Ended();
    if (gathered_points_ == 0) first_gathered_ = Clock::now();
    v1::MetricColumns& columns = ColumnsOf(key);
    columns.add_steps(step);
    columns.add_times_unix_millis(time);
    columns.add_values(value);
    ++waiting_points_;
    if (++gathered_points_ >= options_.batch_points) Seal();
    if (gathered_points_ == 1) changed_.Signal();  // the sender's timer begins
    return absl::OkStatus();
  }

  absl::Status Flush(bool finish) {
    MutexLock lock(&mutex_);
    Seal();
    finished_ = finished_ || finish;
    changed_.Signal();
    drained_.SignalAll();
    const int64_t last = next_number_ - 1;
    while (failure_.ok() && !unacknowledged_.empty() &&
           unacknowledged_.front().request->batch_number() <= last) {
      drained_.Wait(&mutex_);
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
  // A batch keeps its number for ever; it leaves when it is acknowledged.
  struct Sealed {
    std::shared_ptr<const v1::LogMetricsRequest> request;
    int64_t points = 0;
  };

  v1::MetricColumns& ColumnsOf(std::string_view key) CAIRN_REQUIRES(mutex_) {
    const auto known = column_of_.find(key);
    if (known != column_of_.end()) return *gathering_.mutable_metrics(known->second);
    column_of_.emplace(key, gathering_.metrics_size());
    v1::MetricColumns& columns = *gathering_.add_metrics();
    columns.set_key(std::string(key));
    return columns;
  }

  // Closes the batch that is being gathered; the sender sees it.
  void Seal() CAIRN_REQUIRES(mutex_) {
    if (gathered_points_ == 0) return;
    gathering_.set_run(options_.run);
    gathering_.set_writer_id(writer_id_);
    gathering_.set_batch_number(next_number_++);
    auto request = std::make_shared<v1::LogMetricsRequest>();
    request->Swap(&gathering_);
    unacknowledged_.push_back({std::move(request), gathered_points_});
    column_of_.clear();
    gathered_points_ = 0;
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
      if (acknowledged_points() != before || waiting_points() == 0) failures = 0;
      if (status.ok() || waiting_points() == 0) continue;
      if (failures++ == 0) failing_since = Clock::now();
      if (!MayPass(status) || Clock::now() - failing_since >= options_.patience) {
        return Fail(status);
      }
      const auto random = static_cast<uint64_t>(Clock::now().time_since_epoch().count());
      Pause(transport_.options().backoff.WaitMillis(failures, random));
    }
  }

  // Waits for a batch that is due; false when the writer is destroyed.
  bool WaitForWork() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (!abandoned_ && unacknowledged_.empty()) WaitForBatch();
    return !abandoned_;
  }

  // Waits for a signal, or until the batch being gathered is due and seals it.
  void WaitForBatch() CAIRN_REQUIRES(mutex_) {
    if (gathered_points_ == 0) return changed_.Wait(&mutex_);
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
      sent_ = 0;
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

  // The next batch for this stream; waits for one. Null when the stream is broken
  // or the writer is finished and everything was sent.
  std::shared_ptr<const v1::LogMetricsRequest> NextToSend() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (!broken_ && !abandoned_ && sent_ == unacknowledged_.size()) {
      if (finished_ && gathered_points_ == 0) return nullptr;
      WaitForBatch();
    }
    if (broken_ || abandoned_) return nullptr;
    return unacknowledged_[sent_++].request;
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
    MutexLock lock(&mutex_);
    while (sent_ > 0 && unacknowledged_.front().request->batch_number() <= number) {
      const int64_t points = unacknowledged_.front().points;
      acknowledged_points_ += points;
      waiting_points_ -= points;
      unacknowledged_.pop_front();
      --sent_;
    }
    drained_.SignalAll();
  }

  void Fail(const absl::Status& status) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    failure_ = status;
    drained_.SignalAll();
  }

  void Pause(int64_t millis) CAIRN_EXCLUDES(mutex_) {
    const auto until = Clock::now() + std::chrono::milliseconds(millis);
    MutexLock lock(&mutex_);
    while (!abandoned_ && Clock::now() < until) changed_.WaitFor(&mutex_, until - Clock::now());
  }

  Transport& transport_;
  const MetricWriterOptions options_;
  const std::string writer_id_;

  mutable Mutex mutex_;
  CondVar changed_;  // for the sender
  CondVar drained_;  // for those who log
  v1::LogMetricsRequest gathering_ CAIRN_GUARDED_BY(mutex_);
  std::map<std::string, int, std::less<>> column_of_ CAIRN_GUARDED_BY(mutex_);
  Clock::time_point first_gathered_ CAIRN_GUARDED_BY(mutex_);
  int64_t gathered_points_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t waiting_points_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t acknowledged_points_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t next_number_ CAIRN_GUARDED_BY(mutex_) = 1;
  std::deque<Sealed> unacknowledged_ CAIRN_GUARDED_BY(mutex_);
  size_t sent_ CAIRN_GUARDED_BY(mutex_) = 0;  // of them, by the stream at hand
  bool broken_ CAIRN_GUARDED_BY(mutex_) = false;
  bool finished_ CAIRN_GUARDED_BY(mutex_) = false;
  bool abandoned_ CAIRN_GUARDED_BY(mutex_) = false;
  absl::Status failure_ CAIRN_GUARDED_BY(mutex_);
  grpc::ClientContext* context_ CAIRN_GUARDED_BY(mutex_) = nullptr;

  std::thread sender_;  // last: it uses all of the above
};

absl::StatusOr<std::unique_ptr<MetricWriter>> MetricWriter::Start(Transport& transport,
                                                                  MetricWriterOptions options) {
  CAIRN_RETURN_IF_ERROR(Validate(options));
  auto impl = std::make_unique<Impl>(transport, std::move(options));
  return std::unique_ptr<MetricWriter>(new MetricWriter(std::move(impl)));
}

MetricWriter::MetricWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
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
