#ifndef CAIRN_SERVER_CALLS_WAITING_ROOM_H_
#define CAIRN_SERVER_CALLS_WAITING_ROOM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "lib/base/mutex.h"

namespace cairn::calls {

// About so many seconds: half up or down by chance, so that those who are told the same do not
// all come back together.
double Spread(double seconds);

// How many wait, and for how long. The defaults are for production.
struct WaitingRoomOptions {
  // What may wait; more is refused at once.
  int64_t max_calls = 2048;
  int64_t max_bytes = int64_t{32} << 20;  // of their requests
  // Nothing helps for so long: the one who waits is refused. Room comes within seconds, unless
  // what makes it has stopped.
  std::chrono::milliseconds patience{10'000};
  std::string refusal = "too many points wait to be folded; try again shortly";
};

// Calls that bring something for which there is no place now, in the order they came. Refusing
// them would cost more than letting them wait: who is refused comes again, with the whole
// request, and takes the processors from the work that makes room.
//
// One thread of its own looks every few milliseconds while anybody waits, and lets them in one
// by one as long as there is room. Safe to call from any thread. The destructor refuses those
// who are left, and joins.
class WaitingRoom {
 public:
  // OK: go on, in the room's thread, which others wait for. An error: do nothing but say so.
  using Answer = std::function<void(const absl::Status&)>;
  // Why nobody waits for the answer any more, or OK; like EndOf.
  using Ended = std::function<absl::Status()>;

  // `full` says that there is no room; quick, and called from any thread. It must stay
  // callable until the room is gone.
  WaitingRoom(std::function<bool()> full, const WaitingRoomOptions& options);
  ~WaitingRoom();
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  // Whether who comes now has to wait: there is no room, or others were here before.
  bool MustWait() const { return waiting_.load(std::memory_order_relaxed) > 0 || full_(); }

  // Calls `answer` exactly once: with OK when there is room, with the error of `ended` when
  // that gives one before, or with RESOURCE_EXHAUSTED (QUEUE_FULL) and a retry delay: at once
  // when too many wait, or when patience is over.
  void Wait(int64_t bytes, Ended ended, Answer answer) CAIRN_EXCLUDES(mutex_);

  // How many wait. Any thread.
  int64_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  // One call in the line.
  struct Waiting {
    int64_t bytes;
    Ended ended;
    Answer answer;
    Clock::time_point since;
  };

  // The thread: looks as long as anybody waits, and sleeps else.
  void Work() CAIRN_EXCLUDES(mutex_);
  // RESOURCE_EXHAUSTED (QUEUE_FULL).
  absl::Status NoRoom() const;
  // The first of the line; answers without the lock. False if there is no room or nobody.
  bool LetOneIn() CAIRN_EXCLUDES(mutex_);
  // Answers those who are gone or have waited too long, wherever they stand in the
  // line.
  void TurnAway() CAIRN_EXCLUDES(mutex_);
  void Forget(const Waiting& call) CAIRN_REQUIRES(mutex_);

  const std::function<bool()> full_;
  const WaitingRoomOptions options_;
  std::atomic<int64_t> waiting_{0};
  Mutex mutex_;
  CondVar changed_;
  std::deque<Waiting> line_ CAIRN_GUARDED_BY(mutex_);
  int64_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_WAITING_ROOM_H_
