#include "lib/client/parallel_calls.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "lib/base/mutex.h"

namespace cairn::client {
namespace {

// The first error by index; thread-safe.
class FirstError {
 public:
  void Keep(size_t index, absl::Status status) {
    MutexLock lock(&mutex_);
    if (status_.ok() || index < index_) {
      index_ = index;
      status_ = std::move(status);
    }
    failed_.store(true, std::memory_order_relaxed);
  }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  absl::Status Take() {
    MutexLock lock(&mutex_);
    return std::move(status_);
  }

 private:
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  size_t index_ CAIRN_GUARDED_BY(mutex_) = 0;
  absl::Status status_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status ParallelCalls(size_t count, int concurrency,
                           const std::function<absl::Status(size_t)>& call) {
  std::atomic<size_t> next{0};
  FirstError error;
  const auto work = [&] {
    while (!error.failed()) {
      const size_t index = next.fetch_add(1);
      if (index >= count) return;
      if (absl::Status status = call(index); !status.ok()) error.Keep(index, std::move(status));
    }
  };
  const size_t threads = std::min(count, static_cast<size_t>(std::max(concurrency, 1)));
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  return error.Take();
}

}  // namespace cairn::client
