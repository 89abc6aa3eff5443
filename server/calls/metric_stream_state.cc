#include "server/calls/metric_stream_state.h"

namespace cairn::calls {

bool MetricStreamState::Received(bool message) {
  const bool wanted = message && failure_.ok() && !ended_;
  if (wanted) {
    input_ = Input::kHandling;
  } else {
    input_ = message ? Input::kIdle : Input::kEnded;
  }
  return wanted;
}

void MetricStreamState::Handled(const absl::Status& status) {
  input_ = Input::kIdle;
  failure_.Update(status);
}

void MetricStreamState::Began(size_t bytes) {
  ++batches_;
  bytes_ += bytes;
}

void MetricStreamState::Stored(int64_t number, int64_t points, size_t bytes,
                               const absl::Status& status) {
  --batches_;
  bytes_ -= bytes;
  gap_ = gap_ || !status.ok();
  if (!gap_) {
    stored_.set_acknowledged_batch_number(number);
    stored_.set_point_count(stored_.point_count() + points);
    unacknowledged_ = true;
  }
  failure_.Update(status);
}

void MetricStreamState::Written(const absl::Status& status) {
  writing_ = false;
  failure_.Update(status);
}

bool MetricStreamState::WaitForRoom() {
  if (!failure_.ok()) return false;
  room_ = kNoTicket;
  return true;
}

void MetricStreamState::SetRoomTicket(uint64_t ticket) {
  if (room_.has_value()) room_ = ticket;
}

std::optional<uint64_t> MetricStreamState::TakeUselessTicket() {
  if (failure_.ok() || !room_.has_value() || *room_ == kNoTicket) return std::nullopt;
  const uint64_t ticket = *room_;
  room_ = kNoTicket;
  return ticket;
}

MetricStreamState::Next MetricStreamState::TakeNext() {
  Next next;
  if (ended_) return next;
  if (unacknowledged_ && !writing_) {
    unacknowledged_ = false;
    writing_ = true;
    next.acknowledge = stored_;
  }
  if (may_read()) {
    input_ = Input::kReading;
    next.read = true;
  }
  if (over()) {
    ended_ = true;
    next.end = failure_;
  }
  return next;
}

bool MetricStreamState::may_read() const {
  const bool room = batches_ < kMaxBatches && bytes_ < kMaxBytes && !room_.has_value();
  return room && input_ == Input::kIdle && failure_.ok();
}

// A read that is under way does not keep a stream that failed: the transport ends it.
bool MetricStreamState::over() const {
  if (input_ == Input::kHandling || writing_ || batches_ > 0 || room_.has_value()) return false;
  return !failure_.ok() || input_ == Input::kEnded;
}

}  // namespace cairn::calls
