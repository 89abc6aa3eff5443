#include "server/calls/intake.h"

#include <limits>

namespace cairn::calls {
namespace {

WaitingRoomOptions RoomOptions(const IntakeOptions& options) {
  WaitingRoomOptions room;
  room.max_calls = options.max_waiting_calls;
  room.max_bytes = std::numeric_limits<int64_t>::max();
  room.patience = options.patience;
  room.refusal = "too many large requests wait to be received; try again shortly";
  return room;
}

}  // namespace

Intake::Intake(const IntakeOptions& options, const Clock& clock)
    : options_(options), clock_(clock), room_([this] { return full(); }, RoomOptions(options)) {}

void Intake::Admit(WaitingRoom::Ended ended, WaitingRoom::Answer answer) {
  if (!room_.MustWait()) return answer(absl::OkStatus());
  room_.Wait(0, std::move(ended), std::move(answer));
}

Intake::Ticket Intake::Begin() {
  const int64_t now = clock_.NowUnixNanos();
  MutexLock lock(&mutex_);
  expected_.emplace_hint(expected_.end(), ++last_number_, now);
  return {*this, last_number_};
}

bool Intake::full() const {
  const int64_t now = clock_.NowUnixNanos();
  const int64_t patience = std::chrono::nanoseconds(options_.expected_for).count();
  MutexLock lock(&mutex_);
  while (!expected_.empty() && now - expected_.begin()->second >= patience) {
    expected_.erase(expected_.begin());
  }
  const auto expected = static_cast<int64_t>(expected_.size());
  if (calls_ + expected >= options_.max_calls_under_way) return true;
  return bytes_ + expected * options_.expected_bytes >= options_.max_bytes;
}

void Intake::Received(uint64_t number, int64_t bytes) {
  MutexLock lock(&mutex_);
  expected_.erase(number);
  bytes_ += bytes;
  ++calls_;
}

void Intake::Leave(uint64_t number, std::optional<int64_t> bytes) {
  MutexLock lock(&mutex_);
  expected_.erase(number);
  if (!bytes.has_value()) return;
  bytes_ -= *bytes;
  --calls_;
}

Intake::Ticket& Intake::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  Leave();
  intake_ = std::exchange(other.intake_, nullptr);
  number_ = other.number_;
  bytes_ = std::exchange(other.bytes_, std::nullopt);
  return *this;
}

void Intake::Ticket::Received(int64_t bytes) {
  bytes_ = bytes;
  intake_->Received(number_, bytes);
}

void Intake::Ticket::Leave() {
  if (intake_ == nullptr) return;
  intake_->Leave(number_, std::exchange(bytes_, std::nullopt));
  intake_ = nullptr;
}

}  // namespace cairn::calls
