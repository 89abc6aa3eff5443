#ifndef CAIRN_LIB_BASE_THREAD_POOL_H_
#define CAIRN_LIB_BASE_THREAD_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "lib/base/mutex.h"

namespace cairn {

// A fixed number of threads that run tasks in the order they were given.
//
// The queue is bounded: TrySubmit refuses rather than growing without limit. What goes
// on after a task of its own is not refused. Safe to call from any thread. The
// destructor runs what was accepted, then joins. A task must not throw, and must not
// destroy the pool.
class ThreadPool {
 public:
  // `nice` is how far the threads stand back behind others that want to run, 0 to 19: for what
  // computes long while others wait to be answered.
  // REQUIRES: threads >= 1, max_queued >= 1.
  ThreadPool(int threads, size_t max_queued, int nice = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Queues `task`; false when the queue is full or the pool is stopping, in
  // which case `task` was not and will not be run.
  bool TrySubmit(std::function<void()> task) CAIRN_EXCLUDES(mutex_);

  // As TrySubmit, also when the queue is full: for the next task of something whose first one was
  // accepted, and of which there is one at a time. False only when the pool is stopping.
  bool Resubmit(std::function<void()> task) CAIRN_EXCLUDES(mutex_);

 private:
  bool Queue(std::function<void()> task, size_t most) CAIRN_EXCLUDES(mutex_);
  // A thread: runs tasks until the pool stops and none is left.
  void Work() CAIRN_EXCLUDES(mutex_);

  const size_t max_queued_;
  Mutex mutex_;
  CondVar ready_;
  std::deque<std::function<void()>> queue_ CAIRN_GUARDED_BY(mutex_);
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // set in the constructor only
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_THREAD_POOL_H_
