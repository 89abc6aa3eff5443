#include "server/calls/long_calls.h"

#include <atomic>

#include "gtest/gtest.h"
#include "lib/base/mutex.h"

namespace cairn::calls {
namespace {

// Keeps the one thread of a pool busy until it is opened.
class Blocker {
 public:
  explicit Blocker(ThreadPool& pool) {
    EXPECT_TRUE(pool.TrySubmit([this] {
      MutexLock lock(&mutex_);
      while (!open_) opened_.Wait(&mutex_);
    }));
  }

  void Open() {
    MutexLock lock(&mutex_);
    open_ = true;
    opened_.SignalAll();
  }

 private:
  Mutex mutex_;
  CondVar opened_;
  bool open_ CAIRN_GUARDED_BY(mutex_) = false;
};

TEST(LongCallsTest, AMethodHasOnlySoManyAtATimeAndAnotherHasItsOwn) {
  LongCalls calls(2);
  std::atomic<int> ran{0};
  std::atomic<int> others{0};
  {
    ThreadPool pool(1, 100);
    Blocker blocker(pool);
    const auto call = [&ran] { ++ran; };
    const auto other = [&others] { ++others; };
    EXPECT_TRUE(calls.TryRun(0, pool, call));
    EXPECT_TRUE(calls.TryRun(0, pool, call));
    EXPECT_FALSE(calls.TryRun(0, pool, call));
    EXPECT_FALSE(calls.TryRun(0, pool, call));
    EXPECT_TRUE(calls.TryRun(1, pool, other));
    blocker.Open();
  }  // runs what was taken
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(others, 1);
}

TEST(LongCallsTest, AMethodHasRoomAgainWhenItsCallsAreOver) {
  LongCalls calls(1);
  std::atomic<int> ran{0};
  const auto call = [&ran] { ++ran; };
  for (int i = 0; i < 10; ++i) {
    ThreadPool pool(1, 100);
    EXPECT_TRUE(calls.TryRun(0, pool, call)) << i;
  }
  EXPECT_EQ(ran, 10);
}

TEST(LongCallsTest, ACallThatThePoolRefusesTakesNoRoom) {
  LongCalls calls(2);
  std::atomic<int> ran{0};
  const auto call = [&ran] { ++ran; };
  {
    ThreadPool full(1, 1);
    Blocker running(full);
    // The queue has one place: whatever of the first two waits, the third finds it taken.
    while (full.TrySubmit([] {})) {
    }
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(calls.TryRun(0, full, call));
    running.Open();
  }
  ThreadPool pool(1, 100);
  Blocker blocker(pool);
  EXPECT_TRUE(calls.TryRun(0, pool, call));
  EXPECT_TRUE(calls.TryRun(0, pool, call));
  EXPECT_FALSE(calls.TryRun(0, pool, call));
  blocker.Open();
}

}  // namespace
}  // namespace cairn::calls
