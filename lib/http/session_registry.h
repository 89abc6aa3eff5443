#ifndef CAIRN_LIB_HTTP_SESSION_REGISTRY_H_
#define CAIRN_LIB_HTTP_SESSION_REGISTRY_H_

// Internal to lib/http.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "lib/base/mutex.h"

namespace cairn::http {

class Session;

// The sessions that are open, so that the server can count and stop them; which of them are in
// their handshake, so that those are bounded; and which wait for a request, so that those give way
// to others where there is no room. Thread-safe; outlives every session (each holds it through
// SessionContext).
class SessionRegistry {
 public:
  void Add(const std::shared_ptr<Session>& session);
  void Remove(const Session* session);
  std::size_t size() const;
  // Of them, those that keep others out: without those that gave way, which are about to close.
  std::size_t staying() const;
  std::vector<std::shared_ptr<Session>> All() const;
  // Waits until none is left, at most `timeout`; false when some are.
  bool WaitUntilEmpty(std::chrono::milliseconds timeout);

  // Counts a handshake that begins. If there are more than `most` now, the session whose one is
  // longest under way has to give way: it is returned, and no longer counted. Else null.
  std::shared_ptr<Session> BeginHandshake(const std::shared_ptr<Session>& session,
                                          std::size_t most);
  void EndHandshake(const Session* session);

  // The session has no whole request now: nothing was sent, or not all of it.
  void BeginWait(const std::shared_ptr<Session>& session);
  void EndWait(const Session* session);
  // The one that waits for longest, which has to give way and is no longer counted; null: none
  // waits. If it has a request by then it stays, and says so.
  std::shared_ptr<Session> LongestWaiting();
  void Stay(const Session* session);

 private:
  struct Entry {
    std::weak_ptr<Session> session;
    std::uint64_t handshake = 0;  // its number, while it is under way
    std::uint64_t wait = 0;       // the same
    bool gave_way = false;
  };

  mutable Mutex mutex_;
  CondVar empty_;
  // Sessions by the number of what they are in, so the oldest is first.
  using Queue = std::map<std::uint64_t, const Session*>;

  std::shared_ptr<Session> GiveWay(Queue& queue) CAIRN_REQUIRES(mutex_);

  std::map<const Session*, Entry> sessions_ CAIRN_GUARDED_BY(mutex_);
  Queue handshakes_ CAIRN_GUARDED_BY(mutex_);
  Queue waits_ CAIRN_GUARDED_BY(mutex_);
  std::size_t gave_way_ CAIRN_GUARDED_BY(mutex_) = 0;  // of sessions_
  std::uint64_t last_number_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_SESSION_REGISTRY_H_
