// Calls of one key take turns, in order, bounded, and without those who are gone.

#include "server/calls/serial_queue.h"

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/thread_pool.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"

namespace cairn::calls {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::IsEmpty;
using testing::StatusIs;

// The queue's own look for the gone never comes while a test runs.
SerialQueueOptions QueueOptions(int64_t max_calls = 100, int64_t max_calls_of_key = 100,
                                int64_t max_bytes = 100) {
  return {max_calls, max_calls_of_key, max_bytes, std::chrono::hours(1)};
}

// Tasks run when a test says so, and turns end when it says so.
class SerialQueueTest : public ::testing::Test {
 protected:
  void Open(const SerialQueueOptions& options) {
    queue_.emplace([this](std::function<void()> task) { tasks_.push_back(std::move(task)); },
                   clock_, options);
  }
  void SetUp() override { Open(QueueOptions()); }
  // A queue goes when nothing is under way.
  void TearDown() override {
    for (turns_.clear(); !tasks_.empty(); turns_.clear()) RunTasks();
  }

  void Wait(const std::string& key, const std::string& name, int64_t bytes = 1) {
    queue_->Wait(
        key, bytes, [this, name] { return ended_[name]; },
        [this, name](const absl::Status& status, SerialQueue::Turn turn) {
          if (!status.ok()) {
            EXPECT_EQ(turn, nullptr);
            told_.emplace(name, status);
            return;
          }
          begun_.push_back(name);
          turns_[name] = std::move(turn);
        });
  }

  // Everything that can run now.
  void RunTasks() {
    while (!tasks_.empty()) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

  void End(const std::string& name) {
    turns_.erase(name);
    RunTasks();
  }

  ManualClock clock_{0};
  std::deque<std::function<void()>> tasks_;
  std::map<std::string, absl::Status> ended_;
  std::map<std::string, absl::Status> told_;
  std::vector<std::string> begun_;
  std::map<std::string, SerialQueue::Turn> turns_;
  std::optional<SerialQueue> queue_;
};

TEST_F(SerialQueueTest, CallsOfOneKeyTakeTurnsInTheOrderTheyCame) {
  for (const char* name : {"a", "b", "c"}) Wait("k", name);
  EXPECT_THAT(begun_, IsEmpty()) << "no call is served where it came";
  RunTasks();
  EXPECT_THAT(begun_, ElementsAre("a"));
  End("a");
  EXPECT_THAT(begun_, ElementsAre("a", "b"));
  Wait("k", "d");
  End("b");
  End("c");
  EXPECT_THAT(begun_, ElementsAre("a", "b", "c", "d"));
  End("d");
  EXPECT_EQ(queue_->totals().under_way, 0) << "a key is forgotten with its last turn";
  Wait("k", "e");
  RunTasks();
  EXPECT_EQ(begun_.back(), "e");
}

TEST_F(SerialQueueTest, ATurnLastsUntilItsLastCopyGoes) {
  Wait("k", "a");
  Wait("k", "b");
  RunTasks();
  SerialQueue::Turn copy = turns_["a"];
  End("a");
  EXPECT_THAT(begun_, ElementsAre("a"));
  copy.reset();
  RunTasks();
  EXPECT_THAT(begun_, ElementsAre("a", "b"));
}

TEST_F(SerialQueueTest, DifferentKeysDoNotWaitForEachOther) {
  Wait("k", "a");
  Wait("k", "b");
  Wait("other", "c");
  RunTasks();
  EXPECT_THAT(begun_, ElementsAre("a", "c"));
  EXPECT_EQ(queue_->totals().under_way, 2);
  End("c");
  EXPECT_THAT(begun_, ElementsAre("a", "c"));
  End("a");
  EXPECT_THAT(begun_, ElementsAre("a", "c", "b"));
}

TEST_F(SerialQueueTest, MoreThanFitsIsRefusedWithAReasonTheResourceAndADelay) {
  Open(QueueOptions(/*max_calls=*/3, /*max_calls_of_key=*/2));
  for (const char* name : {"a", "b", "too many of k"}) Wait("k", name);
  Wait("other", "c");
  Wait("third", "too many");
  ASSERT_EQ(told_.size(), 2u);
  for (const auto& [name, resource] :
       {std::pair{"too many of k", "k"}, std::pair{"too many", "third"}}) {
    EXPECT_THAT(told_[name], StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_EQ(ReasonOf(told_[name]), "QUEUE_FULL");
    EXPECT_EQ(MetadataOf(told_[name], "resource"), resource);
    EXPECT_TRUE(told_[name].GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  }
  EXPECT_EQ(queue_->totals().refused, 2);
  RunTasks();
  Wait("k", "d");
  EXPECT_EQ(told_.size(), 2u) << "there is room again";
}

TEST_F(SerialQueueTest, WaitingRequestsHoldOnlySoManyBytesButOneThatIsAlone) {
  Open(QueueOptions(100, 100, /*max_bytes=*/10));
  Wait("k", "large", 50);
  Wait("other", "beside", 1);
  EXPECT_EQ(ReasonOf(told_["beside"]), "QUEUE_FULL");
  RunTasks();
  EXPECT_THAT(begun_, ElementsAre("large"));
  Wait("k", "fits", 10);
  Wait("k", "not", 1);
  EXPECT_EQ(told_.count("fits"), 0u);
  EXPECT_EQ(told_.count("not"), 1u);
}

TEST_F(SerialQueueTest, WhoIsGoneLeavesAtOnceAndIsNeverBegun) {
  Open(QueueOptions(/*max_calls=*/3));
  for (const char* name : {"a", "b", "c"}) Wait("k", name);
  ended_["b"] = absl::CancelledError("gone");
  queue_->TurnAway();
  EXPECT_THAT(told_["b"], StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(queue_->totals().gone, 1);
  Wait("k", "d");
  EXPECT_EQ(told_.count("d"), 0u) << "its place is free";
  RunTasks();
  End("a");
  EXPECT_THAT(begun_, ElementsAre("a", "c"));
}

TEST_F(SerialQueueTest, WhoseTurnComesWhenTheDeadlineIsOverIsPassedOver) {
  for (const char* name : {"a", "b", "c"}) Wait("k", name);
  RunTasks();
  ended_["b"] = absl::DeadlineExceededError("over");
  End("a");
  EXPECT_THAT(told_["b"], StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(begun_, ElementsAre("a", "c"));
}

TEST_F(SerialQueueTest, ALineWhoseWaitersAllLeftBeginsAnew) {
  Wait("k", "a");
  ended_["a"] = absl::CancelledError("gone");
  queue_->TurnAway();
  Wait("k", "b");
  RunTasks();
  EXPECT_THAT(begun_, ElementsAre("b"));
  EXPECT_EQ(told_.count("a"), 1u);
}

TEST_F(SerialQueueTest, CountsWhoWaitsAndForHowLong) {
  Wait("k", "a");
  Wait("k", "b");
  RunTasks();
  EXPECT_EQ(queue_->totals().waiting, 1);
  clock_.AdvanceNanos(3 * kNanosPerSecond);
  End("a");
  const SerialQueue::Totals totals = queue_->totals();
  EXPECT_EQ(totals.waiting, 0);
  EXPECT_EQ(totals.begun, 2);
  EXPECT_DOUBLE_EQ(totals.waited_seconds, 3);
}

TEST_F(SerialQueueTest, TheEndRefusesThoseWhoAreLeft) {
  Wait("k", "a");
  tasks_.clear();  // the threads are gone first
  queue_.reset();
  EXPECT_EQ(ReasonOf(told_["a"]), "QUEUE_FULL");
}

TEST(SerialQueueThreadsTest, TheQueueLooksForTheGoneByItself) {
  const ManualClock clock(0);
  SerialQueue queue([](const std::function<void()>&) {}, clock,
                    {.look = std::chrono::milliseconds(1)});
  std::atomic<bool> gone{false};
  std::atomic<bool> told{false};
  queue.Wait(
      "k", 1, [&gone] { return gone ? absl::CancelledError("gone") : absl::OkStatus(); },
      [&told](const absl::Status&, const SerialQueue::Turn&) { told = true; });
  EXPECT_FALSE(told);
  gone = true;
  EXPECT_TRUE(Eventually([&told] { return told.load(); }));
}

TEST(SerialQueueThreadsTest, NeverTwoOfAKeyAtOnceAndNobodyIsForgotten) {
  constexpr int kCallers = 4;
  constexpr int kCalls = 500;
  std::atomic<int> answered{0};
  std::array<std::atomic<int>, 3> inside{};
  std::atomic<bool> overlapped{false};
  std::optional<ThreadPool> pool;
  SerialQueue queue([&pool](std::function<void()> task) { pool->Resubmit(std::move(task)); },
                    ForwardClock(), {.max_calls = 1 << 20, .max_calls_of_key = 1 << 20});
  pool.emplace(3, 16);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        auto& users = inside[static_cast<size_t>(i) % inside.size()];
        queue.Wait(
            std::to_string(static_cast<size_t>(i) % inside.size()), 1,
            [i] { return i % 7 == 0 ? absl::CancelledError("gone") : absl::OkStatus(); },
            [&](const absl::Status& status, const SerialQueue::Turn&) {
              if (status.ok()) {
                if (++users != 1) overlapped = true;
                --users;
              }
              ++answered;
            });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(Eventually([&] { return answered == kCallers * kCalls; }));
  pool.reset();
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(queue.totals().under_way, 0);
}

}  // namespace
}  // namespace cairn::calls
