#include "server/calls/metric_stream.h"

#include <utility>
#include <variant>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/calls/receive.h"
#include "server/metrics/metric_compactor.h"
#include "server/tracking/logged_points.h"
#include "server/tracking/run_logging.h"

namespace cairn::calls {
namespace {

using google::protobuf::Message;

absl::Status WriterChanged(const std::string& writer_id) {
  return InvalidField(ErrorReason::VALUE_INVALID, "writer_id", writer_id,
                      "must be the same in all messages of a stream");
}

absl::Status NotAscending(int64_t number, int64_t last) {
  return InvalidField(ErrorReason::VALUE_INVALID, "batch_number", std::to_string(number),
                      fmt::format("must be above that of the message before ({})", last));
}

}  // namespace

struct MetricStream::Batch {
  int64_t number = 0;
  int64_t points = 0;
  size_t bytes = 0;
  tracking::LoggedPoints logged;
};

MetricStream::MetricStream(Environment& environment, const service::Method& method,
                           service::Caller caller, CallRecord record)
    : environment_(environment),
      method_(method),
      row_(std::get<service::PointStream>(method.serve)),
      caller_(std::move(caller)),
      record_(record) {}

template <typename Event>
void MetricStream::On(const Event& event) {
  std::optional<absl::Status> end;
  {
    MutexLock lock(&mutex_);
    event(state_);
    end = Advance();
  }
  // The call may be gone by now, unless this thread is the one that ends it.
  if (!end.has_value()) return;
  record_.End(*end);
  End(*end);
}

std::optional<absl::Status> MetricStream::Advance() {
  if (const auto ticket = state_.TakeUselessTicket(); ticket.has_value()) {
    // If that is too late the compactor calls at once, and the stream advances then.
    if (row_.compactor->Withdraw(*ticket)) state_.RoomCame();
  }
  const MetricStreamState::Next next = state_.TakeNext();
  if (next.acknowledge.has_value()) Write(*next.acknowledge);
  if (next.read) Read();
  return next.end;
}

void MetricStream::Serve() {
  On([](MetricStreamState&) {});
}

void MetricStream::Received(bool message) {
  bool wanted = false;
  On([&](MetricStreamState& state) { wanted = state.Received(message); });
  if (!wanted) return;
  const absl::Status handled = Handle();
  On([&](MetricStreamState& state) { state.Handled(handled); });
}

void MetricStream::Written(bool taken) {
  On([&](MetricStreamState& state) { state.Written(taken ? absl::OkStatus() : CallEnded()); });
}

void MetricStream::Cancelled() {
  On([this](MetricStreamState& state) { state.Fail(WhyEnded(caller_)); });
}

void MetricStream::Over() {
  MutexLock lock(&mutex_);  // whoever told of something before has let go
}

absl::Status MetricStream::Handle() {
  CAIRN_RETURN_IF_ERROR(Receive(
      environment_, method_, caller_, [this](Message& request) { return Parse(request); }, request_,
      last_number_.has_value()));
  CAIRN_RETURN_IF_ERROR(CheckOrder());
  Submit();
  if (row_.compactor->full()) WaitForRoom();
  return absl::OkStatus();
}

// Takes over what a message may leave out, and checks what must fit the ones before.
absl::Status MetricStream::CheckOrder() {
  if (!request_.run().empty()) run_ = request_.run();
  if (!last_number_.has_value()) {
    writer_id_ = request_.writer_id();
  } else if (!request_.writer_id().empty() && request_.writer_id() != writer_id_) {
    return WriterChanged(request_.writer_id());
  } else if (request_.batch_number() <= *last_number_) {
    return NotAscending(request_.batch_number(), *last_number_);
  }
  last_number_ = request_.batch_number();
  return absl::OkStatus();
}

std::shared_ptr<const MetricStream::Batch> MetricStream::DescribeBatch() const {
  int64_t points = 0;
  for (const auto& columns : request_.metrics()) points += columns.values_size();
  return std::make_shared<const Batch>(
      Batch{request_.batch_number(), points, request_.ByteSizeLong(),
            tracking::LoggedPoints(run_, request_.metrics(), *row_.compactor)});
}

void MetricStream::Submit() {
  std::shared_ptr<const Batch> batch = DescribeBatch();
  {
    MutexLock lock(&mutex_);
    state_.Began(batch->bytes);
  }
  int64_t& last_of_run = last_number_of_run_[run_];
  const tracking::MetricWriter writer{writer_id_, last_of_run};
  last_of_run = batch->number;
  const tracking::CallFacts facts{environment_.clock.NowUnixNanos(), row_.ids->NewHexId(),
                                  caller_.principal()};
  absl::StatusOr<storage::Plan> plan = tracking::PlanLogMetrics(
      *row_.store->GetSnapshot(), run_, writer, request_, facts, batch->logged.bundling());
  if (!plan.ok() || plan->nothing_to_write) return OnStored(*batch, plan.status());
  plan->write_set.principal = caller_.principal();
  // Not through the Mutator: it plans again after a conflict, behind later batches.
  // The only precondition is that the run is not purged.
  row_.store->Commit(std::move(plan->write_set),
                     [this, batch = std::move(batch)](const storage::CommitResult& result) {
                       const bool known = HasReason(result.status(), ErrorReason::BATCH_STORED);
                       OnStored(*batch, known ? absl::OkStatus() : result.status());
                     });
}

void MetricStream::OnStored(const Batch& batch, const absl::Status& status) {
  if (status.ok()) batch.logged.Tell(*row_.compactor, *row_.leases);
  On([&](MetricStreamState& state) {
    state.Stored(batch.number, batch.points, batch.bytes, status);
  });
}

// Reads no more until enough is folded, or the call fails. What is being handled is not over, so
// the stream is still there when the ticket is known.
void MetricStream::WaitForRoom() {
  {
    MutexLock lock(&mutex_);
    if (!state_.WaitForRoom()) return;
  }
  const uint64_t ticket =
      row_.compactor->WhenRoom([this] { On([](MetricStreamState& state) { state.RoomCame(); }); });
  MutexLock lock(&mutex_);
  state_.SetRoomTicket(ticket);
}

}  // namespace cairn::calls
