#ifndef CAIRN_LIB_BASE_MUTEX_H_
#define CAIRN_LIB_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang's thread-safety attributes; empty for other compilers.
#if defined(__clang__)
#define CAIRN_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define CAIRN_THREAD_ATTRIBUTE(x)
#endif
#define CAIRN_CAPABILITY(x) CAIRN_THREAD_ATTRIBUTE(capability(x))
#define CAIRN_SCOPED_CAPABILITY CAIRN_THREAD_ATTRIBUTE(scoped_lockable)
#define CAIRN_GUARDED_BY(x) CAIRN_THREAD_ATTRIBUTE(guarded_by(x))
#define CAIRN_REQUIRES(...) CAIRN_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define CAIRN_EXCLUDES(...) CAIRN_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define CAIRN_ACQUIRE(...) CAIRN_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define CAIRN_RELEASE(...) CAIRN_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define CAIRN_NO_ANALYSIS CAIRN_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace cairn {

// A mutual-exclusion lock that Clang's thread-safety analysis understands.
//
// It wraps std::mutex rather than absl::Mutex: the packaged Abseil is not
// instrumented for ThreadSanitizer, which then reports races that are none.
// Safe to call from any thread; neither copyable nor movable.
class CAIRN_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Prefer MutexLock, which cannot forget to unlock.
  void Lock() CAIRN_ACQUIRE() { mutex_.lock(); }
  void Unlock() CAIRN_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;  // CondVar waits on it
};

// Holds a Mutex for the length of a scope. Neither copyable nor movable: the scope is
// the block it stands in.
class CAIRN_SCOPED_CAPABILITY MutexLock {
 public:
  // Waits for the mutex, which must outlive it.
  explicit MutexLock(Mutex* mutex) CAIRN_ACQUIRE(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~MutexLock() CAIRN_RELEASE() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

// A condition variable for use with Mutex.
//
// Waits may wake for no reason: call them in a loop over the condition. All who wait on
// one at a time must use the same Mutex. Neither copyable nor movable.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases `mutex`, waits for a signal and takes `mutex` again.
  // REQUIRES: the calling thread holds `mutex`.
  void Wait(Mutex* mutex) CAIRN_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  // As Wait, but gives up after `timeout`; false means it gave up.
  // REQUIRES: the calling thread holds `mutex`.
  bool WaitFor(Mutex* mutex, std::chrono::nanoseconds timeout) CAIRN_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    const auto result = condition_.wait_for(lock, timeout);
    lock.release();
    return result == std::cv_status::no_timeout;
  }

  // Wakes one of those who wait, if there are any. The mutex need not be held.
  void Signal() { condition_.notify_one(); }
  // Wakes all of them.
  void SignalAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_MUTEX_H_
