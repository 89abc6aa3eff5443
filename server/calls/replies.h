#ifndef CAIRN_SERVER_CALLS_REPLIES_H_
#define CAIRN_SERVER_CALLS_REPLIES_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <thread>

#include "absl/status/status.h"
#include "lib/base/memory_budget.h"
#include "lib/base/mutex.h"
#include "server/service/method.h"

namespace cairn::calls {

class ReplyWatch;

// Fixed for the life of Replies.
struct RepliesOptions {
  // What replies may hold in all, from when they are made until they are taken.
  int64_t budget_bytes = int64_t{128} << 20;
  // A client that takes nothing of a part of a stream for so long is given up. gRPC does not
  // tell how much of a message was taken: so a unary reply is given as much longer as a client
  // needs that takes kSlowestBytesPerSecond, whether it takes them or not.
  std::chrono::milliseconds stall_timeout{60'000};
};

// The replies that clients have not taken yet: how many bytes they hold, and since when
// they wait.
//
// A reply stays in memory until the client's side of the connection takes it, which may be
// never. So every reply is charged to one budget, and who would exceed it is refused; the
// last quarter of it is for replies of at most kPartBytes, so that a few large ones do not
// keep the others out. A stream is refused before its first part or not at all. Of a call that is
// given up the reply is let go with the call.
//
// Safe to call from any thread. Outlives all calls; the destructor joins its thread.
class Replies {
 public:
  using Clock = std::chrono::steady_clock;

  // The most that one message of a stream holds, and what a stream is charged for.
  static constexpr int64_t kPartBytes = service::kPartBytes;
  // The most that one holds of a stream whose client takes quickly, while there is much room.
  static constexpr int64_t kLargePartBytes = service::kLargePartBytes;
  // Smaller replies are not counted: the call itself holds more.
  static constexpr int64_t kCountedBytes = int64_t{4} << 10;

  // A client that takes a reply this steadily, or faster, gets all of it.
  static constexpr int64_t kSlowestBytesPerSecond = int64_t{16} << 10;

  // Starts the thread that gives up clients who take nothing.
  explicit Replies(const RepliesOptions& options);
  ~Replies();
  Replies(const Replies&) = delete;
  Replies& operator=(const Replies&) = delete;

  // Charges a reply of `bytes`. RESOURCE_EXHAUSTED (QUEUE_FULL) with a retry delay when
  // too much waits to be taken; nothing is charged then.
  absl::Status Charge(int64_t bytes, MemoryCharge& charge);

  // Charges `bytes` more to a reply of which the client has a part already: never refused, so
  // that what was begun can end, and counted, so that others do not begin meanwhile.
  void ChargeBegun(int64_t bytes, MemoryCharge& charge) { charge.AddAnyway(budget_, bytes); }

  // Charges what a large part holds more than another. False, and nothing charged, when more
  // than a quarter of the budget would be held then: stalled clients hold large parts too.
  bool ChargeLargePart(MemoryCharge& charge) {
    return charge.TryAdd(budget_, kLargePartBytes - kPartBytes, budget_.limit_bytes() / 4 * 3);
  }

  // What is charged now, for metrics.
  int64_t held_bytes() const { return budget_.used_bytes(); }
  std::chrono::milliseconds stall_timeout() const { return stall_timeout_; }

  // Gives up the replies that wait since `since` or longer, after the time that their bytes
  // take (ReplyWatch::Waits). Called by the own thread about
  // every twentieth of the timeout; by tests with other times.
  void EndStalled(Clock::time_point since) CAIRN_EXCLUDES(mutex_);

 private:
  friend class ReplyWatch;
  // By when they would have been taken slowly, which need not be the order in which
  // they came. The first is the first to be given up.
  using Line = std::multimap<Clock::time_point, ReplyWatch*>;

  // The thread.
  void Work() CAIRN_EXCLUDES(mutex_);

  MemoryBudget budget_;
  const std::chrono::milliseconds stall_timeout_;
  Mutex mutex_;
  CondVar changed_;
  Line waiting_ CAIRN_GUARDED_BY(mutex_);
  ReplyWatch* ending_ CAIRN_GUARDED_BY(mutex_) = nullptr;  // is being given up...
  std::thread::id ender_ CAIRN_GUARDED_BY(mutex_);         // ...by this thread
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // set in the constructor only
};

// One call's place among them. Owned by the call, which ends it (Taken) before it goes.
class ReplyWatch {
 public:
  explicit ReplyWatch(Replies& replies) : replies_(replies) {}
  virtual ~ReplyWatch() = default;
  ReplyWatch(const ReplyWatch&) = delete;
  ReplyWatch& operator=(const ReplyWatch&) = delete;

  // From now on something waits to be taken: a message of `bytes`, which are given the time
  // they need at kSlowestBytesPerSecond beside the timeout. Before the write is started.
  void Waits(int64_t bytes);

  // It was taken, or the call is over. Returns when nobody gives this call up at the
  // moment, unless it is the calling thread that does.
  void Taken();

 protected:
  Replies& replies() { return replies_; }

 private:
  friend class Replies;

  // Ends the call, which may come to its end within.
  virtual void GiveUp() = 0;

  Replies& replies_;
  // The entry in the line while this does not wait, made for the first wait: most calls never
  // do. Guarded by the lock of the replies once it was in the line, like the next two.
  Replies::Line::node_type own_;
  Replies::Line::iterator place_;  // of the entry while this waits
  bool waits_ = false;
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_REPLIES_H_
