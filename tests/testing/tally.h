#ifndef CAIRN_TESTS_TESTING_TALLY_H_
#define CAIRN_TESTS_TESTING_TALLY_H_

#include <cstdint>

#include "lib/base/mutex.h"

namespace cairn::testing {

// Counts what happens on other threads, and wakes who waits for so much of it.
//
// A wait has no end of its own: a test that waits for what never happens ends with the time limit
// of its program. Safe to call from any thread; whoever adds must have ended before it goes.
class Tally {
 public:
  Tally() = default;
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  void Add() {
    MutexLock lock(&mutex_);
    ++count_;
    changed_.SignalAll();
  }

  // Returns once there were at least `count`.
  void WaitFor(int64_t count) const {
    MutexLock lock(&mutex_);
    while (count_ < count) changed_.Wait(&mutex_);
  }

  int64_t count() const {
    MutexLock lock(&mutex_);
    return count_;
  }

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  int64_t count_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_TALLY_H_
