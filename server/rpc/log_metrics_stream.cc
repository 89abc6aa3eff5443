#include "server/rpc/log_metrics_stream.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/metrics/bundle.h"
#include "server/metrics/folder.h"
#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_logging.h"

namespace cairn::rpc {
namespace {

absl::Status WriterChanged(const std::string& writer_id) {
  return InvalidField(ErrorReason::VALUE_INVALID, "writer_id", writer_id,
                      "must be the same in all messages of a stream");
}

absl::Status NotAscending(int64_t number, int64_t last) {
  return InvalidField(ErrorReason::VALUE_INVALID, "batch_number", std::to_string(number),
                      fmt::format("must be above that of the message before ({})", last));
}

}  // namespace

void LogMetricsStream::OnReadDone(bool ok) {
  handover_.Take();
  std::optional<absl::Status> over;
  {
    MutexLock lock(&mutex_);
    reading_ = false;
    if (finished_) return;
    if (ok && failure_.ok()) {
      handling_ = true;
    } else {
      read_all_ = read_all_ || !ok;
      over = Advance();
    }
    if (!handling_) ok = false;
  }
  if (over.has_value()) return FinishWith(*over);
  if (!ok) return;
  absl::Status accepted = Parse();
  if (accepted.ok()) accepted = CheckOrder();
  if (accepted.ok()) {
    Submit();
    if (environment_.metric_folder.full()) WaitForRoom();
  }
  {
    MutexLock lock(&mutex_);
    handling_ = false;
    failure_.Update(accepted);
    over = Advance();
  }
  if (over.has_value()) FinishWith(*over);
}

void LogMetricsStream::OnWriteDone(bool ok) {
  std::optional<absl::Status> over;
  {
    MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) failure_.Update(CallEnded());
    over = Advance();
  }
  if (over.has_value()) FinishWith(*over);
}

void LogMetricsStream::OnCancel() {
  handover_.Take();
  std::optional<absl::Status> over;
  {
    MutexLock lock(&mutex_);
    failure_.Update(CallEnded());
    over = Advance();
  }
  if (over.has_value()) FinishWith(*over);
}

void LogMetricsStream::OnDone() {
  handover_.Take();
  { MutexLock lock(&mutex_); }  // OnCancel came before
  delete this;
}

// Here and not by gRPC, which tells of what does not parse as if the stream had ended.
absl::Status LogMetricsStream::Parse() {
  absl::Status parsed = Receive(environment_, method_, caller_, bytes_, request_, any_batch_);
  bytes_.Clear();
  return parsed;
}

// Takes over what a message may leave out, and checks what must fit the ones before.
absl::Status LogMetricsStream::CheckOrder() {
  if (!request_.run().empty()) run_ = request_.run();
  if (!any_batch_) {
    writer_id_ = request_.writer_id();
  } else if (!request_.writer_id().empty() && request_.writer_id() != writer_id_) {
    return WriterChanged(request_.writer_id());
  }
  if (any_batch_ && request_.batch_number() <= last_number_) {
    return NotAscending(request_.batch_number(), last_number_);
  }
  any_batch_ = true;
  last_number_ = request_.batch_number();
  return absl::OkStatus();
}

std::shared_ptr<const LogMetricsStream::Batch> LogMetricsStream::DescribeBatch() const {
  auto batch = std::make_shared<Batch>();
  batch->number = request_.batch_number();
  batch->bytes = request_.ByteSizeLong();
  batch->run_id = run_.substr(run_.rfind('/') + 1);
  for (const auto& columns : request_.metrics()) batch->points += columns.values_size();
  if (metrics::IsBundle(request_.metrics()) &&
      environment_.metric_folder.TakesBundles(batch->run_id)) {
    batch->bundle_bytes = metrics::BundleBytes(request_.metrics());
    return batch;
  }
  batch->metrics.reserve(static_cast<size_t>(request_.metrics_size()));
  for (const auto& columns : request_.metrics()) {
    batch->metrics.push_back({columns.key(), columns.values_size() * metrics::kBytesPerPoint,
                              columns.steps_size() == 0 ? 0 : columns.steps(0)});
  }
  return batch;
}

void LogMetricsStream::Submit() {
  std::shared_ptr<const Batch> batch = DescribeBatch();
  {
    MutexLock lock(&mutex_);
    ++under_way_;
    bytes_under_way_ += batch->bytes;
  }
  int64_t& last_of_run = last_number_of_run_[run_];
  const tracking::MetricWriter writer{writer_id_, last_of_run};
  last_of_run = batch->number;
  const tracking::CallFacts facts{environment_.clock.NowUnixNanos(), environment_.ids.NewHexId(),
                                  caller_.principal()};
  const auto bundling =
      batch->bundle_bytes != 0 ? tracking::Bundling::kAllowed : tracking::Bundling::kRefused;
  absl::StatusOr<storage::Plan> plan = tracking::PlanLogMetrics(
      *environment_.store.GetSnapshot(), run_, writer, request_, facts, bundling);
  if (!plan.ok() || plan->nothing_to_write) return OnStored(*batch, plan.status());
  plan->write_set.principal = caller_.principal();
  // Not through the Mutator: it plans again after a conflict, behind later batches.
  // The only precondition is that the run is not purged.
  environment_.store.Commit(std::move(plan->write_set),
                            [this, batch = std::move(batch)](const storage::CommitResult& result) {
                              const bool known =
                                  HasReason(result.status(), ErrorReason::BATCH_STORED);
                              OnStored(*batch, known ? absl::OkStatus() : result.status());
                            });
}

void LogMetricsStream::OnStored(const Batch& batch, const absl::Status& status) {
  if (status.ok()) {
    environment_.run_leases.Logged(batch.run_id);
    if (batch.bundle_bytes != 0) {
      environment_.metric_folder.LoggedBundle(batch.run_id, batch.bundle_bytes);
    }
    for (const Batch::Metric& metric : batch.metrics) {
      environment_.metric_folder.Logged(batch.run_id, metric.key, metric.bytes, metric.first_step);
    }
  }
  std::optional<absl::Status> over;
  {
    MutexLock lock(&mutex_);
    --under_way_;
    bytes_under_way_ -= batch.bytes;
    gap_ = gap_ || !status.ok();
    if (!gap_) {
      stored_.set_acknowledged_batch_number(batch.number);
      stored_.set_point_count(stored_.point_count() + batch.points);
      to_acknowledge_ = true;
    }
    failure_.Update(status);
    over = Advance();
  }
  if (over.has_value()) FinishWith(*over);
}

// Reads no more until enough is folded, or the call fails.
void LogMetricsStream::WaitForRoom() {
  {
    MutexLock lock(&mutex_);
    if (!failure_.ok()) return;
    waits_for_room_ = true;
    ++under_way_;
  }
  const uint64_t ticket = environment_.metric_folder.WhenRoom([this] {
    std::optional<absl::Status> over;
    {
      MutexLock lock(&mutex_);
      EndWait();
      over = Advance();
    }
    if (over.has_value()) FinishWith(*over);
  });
  // What is being handled is not over, so the stream is still there. If it failed meanwhile the
  // next Advance withdraws.
  MutexLock lock(&mutex_);
  if (waits_for_room_) room_ticket_ = ticket;
}

void LogMetricsStream::EndWait() {
  waits_for_room_ = false;
  room_ticket_ = 0;
  --under_way_;
}

std::optional<absl::Status> LogMetricsStream::Advance() {
  if (finished_) return std::nullopt;
  // Nothing is read any more, so nobody waits for room; it may come late or never.
  if (!failure_.ok() && room_ticket_ != 0) {
    // If that is too late the callback comes at once, and advances then.
    if (environment_.metric_folder.Withdraw(std::exchange(room_ticket_, 0))) EndWait();
  }
  if (to_acknowledge_ && !writing_) {
    to_acknowledge_ = false;
    writing_ = true;
    response_ = stored_;
    StartWrite(&response_);
  }
  const bool room = under_way_ < kMaxBatchesUnderWay && bytes_under_way_ < kMaxBytesUnderWay;
  if (room && failure_.ok() && !reading_ && !handling_ && !read_all_ && !waits_for_room_) {
    reading_ = true;
    StartRead(&bytes_);
  }
  const bool idle = !handling_ && !writing_ && under_way_ == 0;
  if (!idle || (failure_.ok() && !read_all_)) return std::nullopt;
  finished_ = true;
  return failure_;
}

void LogMetricsStream::FinishWith(const absl::Status& status) {
  const grpc::Status answer = record_.Finish(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc
