#ifndef CAIRN_SERVER_CALLS_CALL_POOLS_H_
#define CAIRN_SERVER_CALLS_CALL_POOLS_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/thread_pool.h"
#include "server/calls/long_calls.h"
#include "server/service/method.h"

namespace cairn::calls {

// RESOURCE_EXHAUSTED (QUEUE_FULL) with a retry delay: the pool takes no more, or none of
// this method.
absl::Status Overloaded();

using service::Effort;

// The two pools of threads, and how unary calls get into them. The pools share no thread, so
// that work on blobs never keeps a search waiting. Streams take their turns on the pools
// themselves: their first turn may be refused, and the later ones are not (ThreadPool::Resubmit).
//
// Owns nothing; what it refers to outlives all calls. Safe to copy and to call from any
// thread.
struct CallPools {
  ThreadPool& compute;    // searches, lists, curves, and JSON
  ThreadPool& disk;       // what reads and writes blobs
  LongCalls& long_calls;  // bounds what is in both queues

  // The pool of an effort that is not inline.
  ThreadPool& Of(Effort effort) const { return effort == Effort::kIo ? disk : compute; }

  // Calls `answer(status)` exactly once. With OK, when the call is to be answered: here when it
  // is inline, or on the pool of its effort. With an error when nothing is to be done for it:
  // that of `ended()` if the call ended while it waited for its turn, or Overloaded, here.
  //
  // `bytes` is what the request holds while it waits.
  template <typename Ended, typename Answer>
  void Run(const service::Method& method, Effort effort, int64_t bytes, Ended ended,
           Answer answer) const {
    if (effort == Effort::kInline) return answer(absl::OkStatus());
    auto in_turn = [ended = std::move(ended), answer]() mutable { answer(ended()); };
    if (!long_calls.TryRun(method.index, Of(effort), std::move(in_turn), bytes,
                           method.rule.max_in_flight())) {
      answer(Overloaded());
    }
  }
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_CALL_POOLS_H_
