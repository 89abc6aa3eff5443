#ifndef CAIRN_SERVER_CALLS_ALARMS_H_
#define CAIRN_SERVER_CALLS_ALARMS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn::calls {

// Calls functions at their time, for calls that wait without a thread of their own.
//
// One thread for all of them, which sleeps until the next is due; functions are called on it, one
// after the other, so they are quick. Time only goes forward. Setting and dropping cost a place in
// an ordered map. Safe to call from any thread, also from within such a function. The destructor
// drops what is left without calling it, and joins.
class Alarms {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A function's place. Default-constructed: none.
  using Ticket = std::pair<Time, uint64_t>;

  // Starts the thread; alarms may be set at once.
  Alarms();
  ~Alarms();
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;

  // Calls `ring` once, at `when` or a little later; soon if that is over.
  Ticket Set(Time when, std::function<void()> ring) CAIRN_EXCLUDES(mutex_);

  // Forgets what was set with `ticket`: true if it is not called any more, false if it was, or is
  // being called. Does not wait for that: what `ring` refers to must bear it.
  bool Drop(const Ticket& ticket) CAIRN_EXCLUDES(mutex_);

 private:
  // The thread: calls what is due, without the lock, and sleeps until the next.
  void Work() CAIRN_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  // By time; a number each, so that two may have the same.
  std::map<Ticket, std::function<void()>> waiting_ CAIRN_GUARDED_BY(mutex_);
  uint64_t last_number_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_ALARMS_H_
