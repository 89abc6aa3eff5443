// Coroutines that answer later: order, ownership, and a stack that does not grow.

#include "server/mlflow/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"

namespace cairn::mlflow {
namespace {

// Is resumed by whoever holds it.
struct Gate {
  std::coroutine_handle<> waits;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) { waits = awaiting; }
  void await_resume() const noexcept {}
};

Task<int> Value(int value) { co_return value; }

Task<int> Behind(Gate& gate, int value) {
  co_await gate;
  co_return value;
}

Task<int> SumOf(Gate& first, Gate& second) {
  const int left = co_await Behind(first, 1);
  const int right = co_await Behind(second, 2);
  co_return left + right;
}

TEST(TaskTest, WhatWaitsForNothingIsDoneAtOnce) {
  int answer = 0;
  Start(Value(7), [&answer](int value) { answer = value; });
  EXPECT_EQ(answer, 7);
}

TEST(TaskTest, NothingRunsBeforeItIsAwaited) {
  bool ran = false;
  const auto mark = [](bool& flag) -> Task<int> {
    flag = true;
    co_return 0;
  };
  { const auto dropped = mark(ran); }
  EXPECT_FALSE(ran);
}

TEST(TaskTest, GoesOnFromThreadToThread) {
  Gate first;
  Gate second;
  int answer = 0;
  std::thread::id where;
  Start(SumOf(first, second), [&](int value) {
    answer = value;
    where = std::this_thread::get_id();
  });
  EXPECT_EQ(answer, 0);
  first.waits.resume();
  EXPECT_EQ(answer, 0);
  std::thread last([&second] { second.waits.resume(); });
  const std::thread::id expected = last.get_id();
  last.join();
  EXPECT_EQ(answer, 3);
  EXPECT_EQ(where, expected);
}

TEST(TaskTest, WhatDoneOwnsLivesUntilItWasCalled) {
  Gate gate;
  auto owned = std::make_shared<int>(5);
  const std::weak_ptr<int> watched = owned;
  int answer = 0;
  Start(Behind(gate, 2),
        [owned = std::move(owned), &answer](int value) { answer = value * *owned; });
  EXPECT_FALSE(watched.expired());
  gate.waits.resume();
  EXPECT_EQ(answer, 10);
  EXPECT_TRUE(watched.expired());
}

Task<absl::StatusOr<std::string>> TextOf(absl::StatusOr<std::string> text) { co_return text; }

Task<absl::StatusOr<std::string>> Twice(absl::StatusOr<std::string> text) {
  CAIRN_CO_ASSIGN_OR_RETURN(const std::string once, co_await TextOf(std::move(text)));
  co_return once + once;
}

TEST(TaskTest, ErrorsAreHandedOn) {
  absl::StatusOr<std::string> answer;
  const auto take = [&answer](absl::StatusOr<std::string> text) { answer = std::move(text); };
  Start(Twice("ab"), take);
  EXPECT_EQ(*answer, "abab");
  Start(Twice(absl::NotFoundError("gone")), take);
  EXPECT_EQ(answer.status(), absl::NotFoundError("gone"));
}

}  // namespace
}  // namespace cairn::mlflow
