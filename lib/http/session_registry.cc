#include "lib/http/session_registry.h"

#include <utility>

namespace cairn::http {

void SessionRegistry::Add(const std::shared_ptr<Session>& session) {
  const MutexLock lock(&mutex_);
  sessions_[session.get()].session = session;
}

void SessionRegistry::Remove(const Session* session) {
  const MutexLock lock(&mutex_);
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  handshakes_.erase(at->second.handshake);
  waits_.erase(at->second.wait);
  if (at->second.gave_way) --gave_way_;
  sessions_.erase(at);
  if (sessions_.empty()) empty_.SignalAll();
}

std::size_t SessionRegistry::size() const {
  const MutexLock lock(&mutex_);
  return sessions_.size();
}

std::size_t SessionRegistry::staying() const {
  const MutexLock lock(&mutex_);
  return sessions_.size() - gave_way_;
}

std::vector<std::shared_ptr<Session>> SessionRegistry::All() const {
  const MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [key, entry] : sessions_) {
    if (auto session = entry.session.lock()) all.push_back(std::move(session));
  }
  return all;
}

bool SessionRegistry::WaitUntilEmpty(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const MutexLock lock(&mutex_);
  while (!sessions_.empty()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return false;
    empty_.WaitFor(&mutex_, left);
  }
  return true;
}

std::shared_ptr<Session> SessionRegistry::BeginHandshake(const std::shared_ptr<Session>& session,
                                                         std::size_t most) {
  const MutexLock lock(&mutex_);
  const auto at = sessions_.find(session.get());
  if (at == sessions_.end()) return nullptr;
  at->second.handshake = ++last_number_;
  handshakes_.emplace(last_number_, session.get());
  return handshakes_.size() > most ? GiveWay(handshakes_) : nullptr;
}

std::shared_ptr<Session> SessionRegistry::GiveWay(Queue& queue) {
  if (queue.empty()) return nullptr;
  Entry& oldest = sessions_[queue.begin()->second];
  queue.erase(queue.begin());
  oldest.handshake = oldest.wait = 0;
  oldest.gave_way = true;
  ++gave_way_;
  return oldest.session.lock();
}

void SessionRegistry::EndHandshake(const Session* session) {
  const MutexLock lock(&mutex_);
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  handshakes_.erase(std::exchange(at->second.handshake, 0));
}

void SessionRegistry::BeginWait(const std::shared_ptr<Session>& session) {
  const MutexLock lock(&mutex_);
  const auto at = sessions_.find(session.get());
  if (at == sessions_.end() || at->second.gave_way) return;
  at->second.wait = ++last_number_;
  waits_.emplace_hint(waits_.end(), last_number_, session.get());
}

void SessionRegistry::EndWait(const Session* session) {
  const MutexLock lock(&mutex_);
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  waits_.erase(std::exchange(at->second.wait, 0));
}

std::shared_ptr<Session> SessionRegistry::LongestWaiting() {
  const MutexLock lock(&mutex_);
  return GiveWay(waits_);
}

void SessionRegistry::Stay(const Session* session) {
  const MutexLock lock(&mutex_);
  const auto at = sessions_.find(session);
  if (at == sessions_.end() || !std::exchange(at->second.gave_way, false)) return;
  --gave_way_;
}

}  // namespace cairn::http
