#ifndef CAIRN_SERVER_CALLS_SERIAL_QUEUE_H_
#define CAIRN_SERVER_CALLS_SERIAL_QUEUE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"

namespace cairn::calls {

// What may wait. The defaults are for production.
struct SerialQueueOptions {
  int64_t max_calls = 1024;              // more are refused at once...
  int64_t max_calls_of_key = 256;        // ...and more of one key, so that others find room
  int64_t max_bytes = int64_t{8} << 20;  // of their requests, but for one that is alone
  std::chrono::milliseconds look{50};    // so often it looks for those who are gone
};

// Calls that change one thing, one after the other in the order they came; those of different keys
// beside each other. Trying at once and again after each conflict would read and decide as often
// as there are callers, for each that gets through, and hold the threads of others meanwhile.
//
// A turn begins on a thread of `run` and ends when its last copy goes, on any thread: so it may
// last until a commit without holding a thread. A call that ended while it waits leaves within
// `look` and is never begun. Safe to call from any thread, but for the destructor.
class SerialQueue {
 public:
  // The call is the only one of its key until the last copy goes.
  using Turn = std::shared_ptr<void>;
  // OK and a turn: go on. An error and none: do nothing but say so.
  using Answer = std::function<void(const absl::Status&, Turn)>;
  // Why nobody waits for the answer any more, or OK. Quick; called with the queue's lock.
  using Ended = std::function<absl::Status()>;
  // Has a task run soon, elsewhere. Never refuses: there are two tasks for each key at most.
  using Executor = std::function<void(std::function<void()>)>;

  // Since the start, but for those that are now.
  struct Totals {
    int64_t waiting = 0;    // now
    int64_t under_way = 0;  // now: keys whose turn somebody has, or is about to get
    int64_t begun = 0;
    double waited_seconds = 0;  // of those that were begun, together
    int64_t refused = 0;
    int64_t gone = 0;  // ended while they waited
  };

  // `clock` only goes forward, and outlives this. Starts the thread that looks for the gone.
  SerialQueue(Executor run, const Clock& clock, const SerialQueueOptions& options);
  // Refuses those who are left, and joins. No turn may be under way, and no task with `run`.
  ~SerialQueue();
  SerialQueue(const SerialQueue&) = delete;
  SerialQueue& operator=(const SerialQueue&) = delete;

  // Calls `answer` exactly once: when the turn comes, with the error of `ended` when that gives one
  // before, or here with RESOURCE_EXHAUSTED (QUEUE_FULL), a retry delay and the key as `resource`.
  // `bytes` is what the request holds.
  void Wait(const std::string& key, int64_t bytes, Ended ended, Answer answer)
      CAIRN_EXCLUDES(mutex_);

  // Answers those who are gone, wherever they stand. The queue's thread does it now and then.
  void TurnAway() CAIRN_EXCLUDES(mutex_);

  Totals totals() const CAIRN_EXCLUDES(mutex_);

 private:
  struct Waiting {
    int64_t bytes;
    Ended ended;
    Answer answer;
    int64_t since_nanos;
  };
  using Line = std::deque<Waiting>;

  // False if it does not fit; else whether it `starts` its key's line.
  bool Enter(const std::string& key, Waiting& call, bool& starts) CAIRN_EXCLUDES(mutex_);
  // Begins the turn of the first of a line, or forgets a line without anybody. On `run`.
  void BeginNext(const std::string& key) CAIRN_EXCLUDES(mutex_);
  // A turn is over.
  void Over(const std::string& key) CAIRN_EXCLUDES(mutex_);
  void Start(const std::string& key);
  void Forget(const Waiting& call) CAIRN_REQUIRES(mutex_);
  // The thread: looks while anybody waits, and sleeps else.
  void Look() CAIRN_EXCLUDES(mutex_);

  const Executor run_;
  const Clock& clock_;
  const SerialQueueOptions options_;
  mutable Mutex mutex_;
  CondVar changed_;
  // Of the keys whose turn somebody has, those who wait for the next.
  std::map<std::string, Line> lines_ CAIRN_GUARDED_BY(mutex_);
  Totals totals_ CAIRN_GUARDED_BY(mutex_);
  int64_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_SERIAL_QUEUE_H_
