#ifndef CAIRN_SERVER_CALLS_LONG_CALLS_H_
#define CAIRN_SERVER_CALLS_LONG_CALLS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "lib/base/thread_pool.h"

namespace cairn::calls {

// Sends the calls that take long to a pool, and of each method at most so many at a time,
// running or waiting: one method cannot have the whole queue. The requests of all together
// hold at most so many bytes, but for one that is larger and comes alone.
//
// A call that waits costs memory and no processor time, while one that is refused comes
// again, and costs what receiving it costs: so the limits are wide in calls, and
// bounded in bytes. Costs two atomic operations when a call comes and two when it ends.
// Safe to call from any thread. The pool runs what it took with it, so it must outlive
// the pool. A count may for a moment be higher than the calls there are, so that one
// too many may be refused and never one too many be let in.
class LongCalls {
 public:
  // Methods of a server; more than there are. Those beyond share places. Places are by
  // method, so that looking one up needs no lock.
  static constexpr size_t kMaxMethods = 256;

  // `per_method` calls of each, but for methods with a bound of their own; `max_bytes` of all.
  explicit LongCalls(int64_t per_method, int64_t max_bytes = std::numeric_limits<int64_t>::max())
      : per_method_(per_method), max_bytes_(max_bytes) {}
  LongCalls(const LongCalls&) = delete;
  LongCalls& operator=(const LongCalls&) = delete;

  // As it is told to clients.
  int64_t per_method() const { return per_method_; }

  // Runs `call`, whose request holds `bytes`, on the pool. False if its method has too
  // many calls under way, all have too many bytes or the pool takes no more: then it
  // does not run. `method` is the method's place in the table of methods, `most` how
  // many calls of it may be under way; 0: per_method(). The counts are given back when
  // `call` returns, on the pool's thread. Nothing is kept of a call that does not run.
  template <typename Call>
  bool TryRun(size_t method, ThreadPool& pool, Call call, int64_t bytes = 0, int64_t most = 0) {
    std::atomic<int64_t>& under_way = under_way_[method % kMaxMethods];
    const auto leave = [this, &under_way, bytes] {
      under_way.fetch_sub(1, std::memory_order_relaxed);
      bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    };
    const int64_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
    const bool fits = before == 0 || before + bytes <= max_bytes_;
    if (under_way.fetch_add(1, std::memory_order_relaxed) < (most > 0 ? most : per_method_) &&
        fits && pool.TrySubmit([leave, call = std::move(call)]() mutable {
          call();
          leave();
        })) {
      return true;
    }
    leave();
    return false;
  }

 private:
  const int64_t per_method_;
  const int64_t max_bytes_;
  std::atomic<int64_t> bytes_{0};  // of the requests of all that run or wait
  // By the method's place in the table.
  std::array<std::atomic<int64_t>, kMaxMethods> under_way_{};
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_LONG_CALLS_H_
