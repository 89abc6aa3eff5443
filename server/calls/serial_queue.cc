#include "server/calls/serial_queue.h"

#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/calls/waiting_room.h"

namespace cairn::calls {
namespace {

absl::Status Full(const std::string& key) {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               fmt::format("too many calls wait for their turn with {}; try again shortly", key))
      .With("resource", key)
      .RetryAfterSeconds(Spread(1));
}

}  // namespace

SerialQueue::SerialQueue(Executor run, const Clock& clock, const SerialQueueOptions& options)
    : run_(std::move(run)), clock_(clock), options_(options), thread_([this] { Look(); }) {}

SerialQueue::~SerialQueue() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.Signal();
  thread_.join();
  for (const auto& [key, line] : lines_) {
    for (const Waiting& call : line) call.answer(Full(key), nullptr);
  }
}

void SerialQueue::Wait(const std::string& key, int64_t bytes, Ended ended, Answer answer) {
  Waiting call{bytes, std::move(ended), std::move(answer), clock_.NowUnixNanos()};
  bool starts = false;
  if (!Enter(key, call, starts)) return call.answer(Full(key), nullptr);
  if (starts) Start(key);
}

bool SerialQueue::Enter(const std::string& key, Waiting& call, bool& starts) {
  MutexLock lock(&mutex_);
  const auto found = lines_.find(key);
  const size_t before = found == lines_.end() ? 0 : found->second.size();
  const bool fits = totals_.waiting == 0 || bytes_ + call.bytes <= options_.max_bytes;
  if (stopping_ || !fits || totals_.waiting >= options_.max_calls ||
      static_cast<int64_t>(before) >= options_.max_calls_of_key) {
    ++totals_.refused;
    return false;
  }
  starts = found == lines_.end();
  bytes_ += call.bytes;
  if (++totals_.waiting == 1) changed_.Signal();
  lines_[key].push_back(std::move(call));
  totals_.under_way = static_cast<int64_t>(lines_.size());
  return true;
}

// A task for each key at a time: that of the turn that begins.
void SerialQueue::Start(const std::string& key) {
  run_([this, key] { BeginNext(key); });
}

void SerialQueue::Forget(const Waiting& call) {
  bytes_ -= call.bytes;
  --totals_.waiting;
}

void SerialQueue::BeginNext(const std::string& key) {
  std::optional<Waiting> next;
  absl::Status ended;
  {
    MutexLock lock(&mutex_);
    const auto line = lines_.find(key);
    if (line->second.empty()) {
      lines_.erase(line);
      totals_.under_way = static_cast<int64_t>(lines_.size());
      return;
    }
    next = std::move(line->second.front());
    line->second.pop_front();
    Forget(*next);
    ended = next->ended();
    if (ended.ok()) {
      ++totals_.begun;
      totals_.waited_seconds += static_cast<double>(clock_.NowUnixNanos() - next->since_nanos) /
                                static_cast<double>(kNanosPerSecond);
    } else {
      ++totals_.gone;
    }
  }
  // Its end begins the next one's turn. Nothing of this is used after the answer: with the last
  // one the queue may go.
  Turn turn(this, [key](SerialQueue* queue) { queue->Over(key); });
  if (!ended.ok()) turn.reset();
  next->answer(ended, std::move(turn));
}

void SerialQueue::Over(const std::string& key) {
  {
    MutexLock lock(&mutex_);
    const auto line = lines_.find(key);
    if (line->second.empty()) {
      lines_.erase(line);
      totals_.under_way = static_cast<int64_t>(lines_.size());
      return;
    }
  }
  Start(key);
}

void SerialQueue::TurnAway() {
  std::vector<std::pair<Answer, absl::Status>> gone;
  {
    MutexLock lock(&mutex_);
    for (auto& [key, line] : lines_) {
      Line stay;
      for (Waiting& call : line) {
        absl::Status ended = call.ended();
        if (ended.ok()) {
          stay.push_back(std::move(call));
          continue;
        }
        Forget(call);
        ++totals_.gone;
        gone.emplace_back(std::move(call.answer), std::move(ended));
      }
      line = std::move(stay);
    }
  }
  for (const auto& [answer, why] : gone) answer(why, nullptr);
}

SerialQueue::Totals SerialQueue::totals() const {
  MutexLock lock(&mutex_);
  return totals_;
}

void SerialQueue::Look() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_ && totals_.waiting == 0) changed_.Wait(&mutex_);
      if (!stopping_) changed_.WaitFor(&mutex_, options_.look);
      if (stopping_) return;
    }
    TurnAway();
  }
}

}  // namespace cairn::calls
