#include "server/calls/alarms.h"

#include <utility>

namespace cairn::calls {

Alarms::Alarms() : thread_([this] { Work(); }) {}

Alarms::~Alarms() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  thread_.join();
}

Alarms::Ticket Alarms::Set(Time when, std::function<void()> ring) {
  MutexLock lock(&mutex_);
  const Ticket ticket(when, ++last_number_);
  waiting_.emplace(ticket, std::move(ring));
  if (waiting_.begin()->first == ticket) changed_.Signal();
  return ticket;
}

bool Alarms::Drop(const Ticket& ticket) {
  std::function<void()> dropped;  // freed without the lock
  MutexLock lock(&mutex_);
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return false;
  dropped = std::move(found->second);
  waiting_.erase(found);
  return true;
}

void Alarms::Work() {
  while (true) {
    std::function<void()> ring;
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      if (waiting_.empty()) {
        changed_.Wait(&mutex_);
        continue;
      }
      const Time now = std::chrono::steady_clock::now();
      const Time due = waiting_.begin()->first.first;
      if (due > now) {
        changed_.WaitFor(&mutex_, due - now);
        continue;
      }
      ring = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
    }
    ring();
  }
}

}  // namespace cairn::calls
