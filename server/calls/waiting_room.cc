#include "server/calls/waiting_room.h"

#include <random>
#include <utility>
#include <vector>

#include "lib/base/errors.h"

namespace cairn::calls {
namespace {

constexpr std::chrono::milliseconds kLook{2};
constexpr std::chrono::milliseconds kLookForTheGone{50};

}  // namespace

double Spread(double seconds) {
  thread_local std::minstd_rand random(std::random_device{}());
  return seconds * std::uniform_real_distribution<double>(0.5, 1.5)(random);
}

absl::Status WaitingRoom::NoRoom() const {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL, options_.refusal)
      .RetryAfterSeconds(Spread(1));
}

WaitingRoom::WaitingRoom(std::function<bool()> full, const WaitingRoomOptions& options)
    : full_(std::move(full)), options_(options), thread_([this] { Work(); }) {}

WaitingRoom::~WaitingRoom() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.Signal();
  thread_.join();
  for (const Waiting& call : line_) call.answer(NoRoom());
}

void WaitingRoom::Wait(int64_t bytes, Ended ended, Answer answer) {
  {
    MutexLock lock(&mutex_);
    const auto calls = static_cast<int64_t>(line_.size());
    const bool fits = calls == 0 || bytes_ + bytes <= options_.max_bytes;
    if (!stopping_ && calls < options_.max_calls && fits) {
      bytes_ += bytes;
      waiting_.fetch_add(1, std::memory_order_relaxed);
      line_.push_back({bytes, std::move(ended), std::move(answer), Clock::now()});
      if (calls == 0) changed_.Signal();
      return;
    }
  }
  answer(NoRoom());
}

void WaitingRoom::Forget(const Waiting& call) {
  bytes_ -= call.bytes;
  waiting_.fetch_sub(1, std::memory_order_relaxed);
}

void WaitingRoom::Work() {
  auto looked = Clock::now();
  while (true) {
    while (LetOneIn()) {
    }
    if (Clock::now() - looked >= kLookForTheGone) {
      TurnAway();
      looked = Clock::now();
    }
    MutexLock lock(&mutex_);
    if (stopping_) return;
    if (line_.empty()) {
      changed_.Wait(&mutex_);
    } else {
      changed_.WaitFor(&mutex_, kLook);
    }
  }
}

// False when there is no room or nobody to let in.
bool WaitingRoom::LetOneIn() {
  Waiting first;
  {
    MutexLock lock(&mutex_);
    if (stopping_ || line_.empty() || full_()) return false;
    first = std::move(line_.front());
    line_.pop_front();
    Forget(first);
  }
  first.answer(first.ended());
  return true;
}

// Those who are gone, and those who have waited too long.
void WaitingRoom::TurnAway() {
  std::vector<std::pair<Answer, absl::Status>> gone;
  {
    MutexLock lock(&mutex_);
    std::deque<Waiting> stay;
    const auto too_long = Clock::now() - options_.patience;
    for (Waiting& call : line_) {
      absl::Status ended = call.ended();
      if (ended.ok() && call.since <= too_long) ended = NoRoom();
      if (ended.ok()) {
        stay.push_back(std::move(call));
      } else {
        Forget(call);
        gone.emplace_back(std::move(call.answer), std::move(ended));
      }
    }
    line_ = std::move(stay);
  }
  for (const auto& [answer, why] : gone) answer(why);
}

}  // namespace cairn::calls
