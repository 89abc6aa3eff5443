#include "lib/base/thread_pool.h"

#include <limits>
#include <utility>

#include "lib/base/stand_back.h"

namespace cairn {

ThreadPool::ThreadPool(int threads, size_t max_queued, int nice) : max_queued_(max_queued) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, nice] {
      if (nice > 0) StandBack(nice);
      Work();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  ready_.SignalAll();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::TrySubmit(std::function<void()> task) {
  return Queue(std::move(task), max_queued_);
}

bool ThreadPool::Resubmit(std::function<void()> task) {
  return Queue(std::move(task), std::numeric_limits<size_t>::max());
}

bool ThreadPool::Queue(std::function<void()> task, size_t most) {
  {
    MutexLock lock(&mutex_);
    if (stopping_ || queue_.size() >= most) return false;
    queue_.push_back(std::move(task));
  }
  ready_.Signal();
  return true;
}

void ThreadPool::Work() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty() && !stopping_) ready_.Wait(&mutex_);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace cairn
