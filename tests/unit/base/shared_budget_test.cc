#include "lib/base/shared_budget.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

using Answer = SharedBudget::Answer;

TEST(SharedBudgetTest, NobodyHasMoreThanHisShareAndOthersHaveTheRest) {
  SharedBudget budget(100, 50);
  EXPECT_EQ(budget.TryCharge("ann", 50), Answer::kCharged);
  EXPECT_EQ(budget.TryCharge("ann", 1), Answer::kShareFull);
  EXPECT_EQ(budget.TryCharge("bob", 40), Answer::kCharged);
  EXPECT_EQ(budget.TryCharge("cid", 11), Answer::kFull);
  EXPECT_EQ(budget.TryCharge("cid", 10), Answer::kCharged);
  budget.Refund("ann", 20);
  EXPECT_EQ(budget.TryCharge("ann", 20), Answer::kCharged);
}

TEST(SharedBudgetTest, WhoHasNoNameMayHaveAll) {
  SharedBudget budget(100, 50);
  EXPECT_EQ(budget.TryCharge("", 100), Answer::kCharged);
  EXPECT_EQ(budget.TryCharge("ann", 1), Answer::kFull);
}

TEST(SharedBudgetTest, AChargeGivesBackWhatItHasAtItsEnd) {
  SharedBudget budget(100, 50);
  {
    SharedCharge charge;
    EXPECT_EQ(charge.TryAdd(budget, "ann", 30), Answer::kCharged);
    EXPECT_EQ(charge.TryAdd(budget, "ann", 30), Answer::kShareFull);
    EXPECT_EQ(charge.TryAdd(budget, "ann", 20), Answer::kCharged);
    EXPECT_EQ(charge.bytes(), 50);
  }
  EXPECT_EQ(budget.TryCharge("ann", 50), Answer::kCharged);
}

}  // namespace
}  // namespace cairn
