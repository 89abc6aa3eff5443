#include "server/calls/replies.h"

#include <utility>

#include "lib/base/errors.h"

namespace cairn::calls {
namespace {

constexpr int kLooksPerTimeout = 20;

}  // namespace

Replies::Replies(const RepliesOptions& options)
    : budget_(options.budget_bytes),
      stall_timeout_(options.stall_timeout),
      thread_([this] { Work(); }) {}

Replies::~Replies() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

absl::Status Replies::Charge(int64_t bytes, MemoryCharge& charge) {
  if (bytes < kCountedBytes) return absl::OkStatus();
  const int64_t spare = bytes > kPartBytes ? budget_.limit_bytes() / 4 : 0;
  if (charge.TryAdd(budget_, bytes, spare)) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               "too many replies wait to be taken by clients; try again shortly")
      .RetryAfterSeconds(1);
}

void Replies::EndStalled(Clock::time_point since) {
  while (true) {
    ReplyWatch* stalled = nullptr;
    {
      MutexLock lock(&mutex_);
      if (waiting_.empty() || waiting_.begin()->first > since) return;
      stalled = waiting_.begin()->second;
      stalled->waits_ = false;
      stalled->own_ = waiting_.extract(stalled->place_);
      ending_ = stalled;
      ender_ = std::this_thread::get_id();
    }
    stalled->GiveUp();
    MutexLock lock(&mutex_);
    ending_ = nullptr;
    changed_.SignalAll();
  }
}

void Replies::Work() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) changed_.WaitFor(&mutex_, stall_timeout_ / kLooksPerTimeout);
      if (stopping_) return;
    }
    EndStalled(Clock::now() - stall_timeout_);
  }
}

void ReplyWatch::Waits(int64_t bytes) {
  if (own_.empty()) {
    Replies::Line line;
    own_ = line.extract(line.emplace(Replies::Clock::time_point(), this));
  }
  const std::chrono::milliseconds slowly(bytes * 1000 / Replies::kSlowestBytesPerSecond);
  MutexLock lock(&replies_.mutex_);
  own_.key() = Replies::Clock::now() + slowly;
  place_ = replies_.waiting_.insert(std::move(own_));
  waits_ = true;
}

void ReplyWatch::Taken() {
  MutexLock lock(&replies_.mutex_);
  // The one who gives it up may be in the middle of that, and needs this object.
  while (replies_.ending_ == this && replies_.ender_ != std::this_thread::get_id()) {
    replies_.changed_.Wait(&replies_.mutex_);
  }
  if (!waits_) return;
  waits_ = false;
  own_ = replies_.waiting_.extract(place_);
}

}  // namespace cairn::calls
