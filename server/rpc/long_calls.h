#ifndef CAIRN_SERVER_RPC_LONG_CALLS_H_
#define CAIRN_SERVER_RPC_LONG_CALLS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/base/thread_pool.h"

namespace cairn::rpc {

// Sends the calls that take long to a pool, and of each method at most so many at a time,
// running or waiting: one method cannot have the whole queue.
//
// Costs one atomic operation when a call comes and one when it ends. Safe to call from any
// thread. The pool runs what it took with it, so it must outlive the pool.
class LongCalls {
 public:
  // Methods of a server; more than there are.
  static constexpr size_t kMaxMethods = 256;

  explicit LongCalls(int64_t per_method) : per_method_(per_method) {}
  LongCalls(const LongCalls&) = delete;
  LongCalls& operator=(const LongCalls&) = delete;

  int64_t per_method() const { return per_method_; }

  // Runs `call` on the pool. False if its method has too many calls under way or the pool
  // takes no more: then it does not run. Each handler has a method of its own, which is
  // known by the type of `call`.
  template <typename Call>
  bool TryRun(ThreadPool& pool, Call call) {
    static const size_t method = NewMethod();
    std::atomic<int64_t>& under_way = under_way_[method];
    const auto leave = [&under_way] { under_way.fetch_sub(1, std::memory_order_relaxed); };
    if (under_way.fetch_add(1, std::memory_order_relaxed) < per_method_ &&
        pool.TrySubmit([leave, call = std::move(call)]() mutable {
          call();
          leave();
        })) {
      return true;
    }
    leave();
    return false;
  }

 private:
  static size_t NewMethod() {
    static std::atomic<size_t> methods{0};
    return methods.fetch_add(1) % kMaxMethods;
  }

  const int64_t per_method_;
  std::array<std::atomic<int64_t>, kMaxMethods> under_way_{};
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_LONG_CALLS_H_
