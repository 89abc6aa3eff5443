#include "lib/base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace cairn {
namespace {

TEST(MemoryBudgetTest, ChargesUpToTheLimitAndNotBeyond) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.TryCharge(60));
  EXPECT_FALSE(budget.TryCharge(41));
  EXPECT_EQ(budget.used_bytes(), 60);
  EXPECT_TRUE(budget.TryCharge(40));
  EXPECT_FALSE(budget.TryCharge(1));
  budget.Refund(100);
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudgetTest, LeavesWhatIsToBeSpared) {
  MemoryBudget budget(100);
  EXPECT_FALSE(budget.TryCharge(76, 25));
  EXPECT_TRUE(budget.TryCharge(75, 25));
  EXPECT_FALSE(budget.TryCharge(1, 25));
  EXPECT_TRUE(budget.TryCharge(25));
}

TEST(MemoryBudgetTest, WhatIsChargedAnywayKeepsOthersOutUntilItIsGivenBack) {
  MemoryBudget budget(100);
  MemoryCharge begun;
  EXPECT_TRUE(begun.TryAdd(budget, 100));
  begun.AddAnyway(budget, 50);
  EXPECT_EQ(budget.used_bytes(), 150);
  EXPECT_FALSE(budget.TryCharge(1));
  begun.Release();
  EXPECT_TRUE(budget.TryCharge(100));
}

TEST(MemoryBudgetTest, AChargeGivesBackOnceWhateverIsMoved) {
  MemoryBudget budget(100);
  {
    MemoryCharge first;
    EXPECT_TRUE(first.TryAdd(budget, 30));
    EXPECT_TRUE(first.TryAdd(budget, 20));
    EXPECT_FALSE(first.TryAdd(budget, 51));
    EXPECT_EQ(first.bytes(), 50);
    MemoryCharge second = std::move(first);
    EXPECT_EQ(budget.used_bytes(), 50);
    MemoryCharge third;
    EXPECT_TRUE(third.TryAdd(budget, 10));
    third = std::move(second);
    EXPECT_EQ(third.bytes(), 50);
    third.Release();
    third.Release();
    EXPECT_EQ(budget.used_bytes(), 10);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudgetTest, ThreadsNeverChargeMoreThanTheLimitTogether) {
  MemoryBudget budget(10);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&budget] {
      for (int turn = 0; turn < 20'000; ++turn) {
        if (!budget.TryCharge(3)) continue;
        EXPECT_LE(budget.used_bytes(), 10);
        budget.Refund(3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace cairn
