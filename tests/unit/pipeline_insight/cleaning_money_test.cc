// Kind of fault: sums of money that depend on the order of rows, or miss a cent.

#include "pipeline/insight/cleaning_money.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "pipeline/insight/money.h"
#include "tests/unit/pipeline_data/test_support.h"
#include "tests/unit/pipeline_insight/insight_support.h"

namespace cairn::pipeline {
namespace {

using testing::Table;

TEST(SpendOf, ReturnsAreSubtracted) {
  EXPECT_EQ(SpendOf(Table({{.quantity = "3", .price = "2.55"},
                           {.invoice = "C1", .quantity = "-1", .price = "2.55"},
                           {.quantity = "100", .price = "0.1"},
                           {.quantity = "1", .price = "0.001"},
                           {.quantity = "2", .price = "0"}})),
            15.101);
}

TEST(SpendOf, OfNoRowsIsNothing) { EXPECT_EQ(SpendOf(TransactionTable()), 0); }

TEST(SpendOf, OnlySelectedRowsCount) {
  const TransactionTable table =
      Table({{.quantity = "1", .price = "1"}, {.quantity = "1", .price = "20"}});
  EXPECT_EQ(SpendOf(table.WithSelection({1})), 20);
}

TEST(SpendOf, ATenthAddedTenThousandTimesHasNoRest) {
  const std::vector<testing::Row> rows(10'000, {.quantity = "1", .price = "0.1"});
  EXPECT_EQ(SpendOf(Table(rows)), 1000);
}

TEST(SpendOf, EveryCutAndOrderOfRowsAddsUpToTheSameMoney) {
  const TransactionTable table = testing::Generated(300, 5);
  const double whole = SpendOf(table);
  std::vector<uint32_t> rows(table.selection().begin(), table.selection().end());
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(rows.begin(), rows.end(), random);
    EXPECT_EQ(SpendOf(table.WithSelection(rows)), whole);
    const auto cut = rows.begin() + static_cast<ptrdiff_t>(random() % rows.size());
    const double parts = MoneyUnits(SpendOf(table.WithSelection({rows.begin(), cut}))) +
                         MoneyUnits(SpendOf(table.WithSelection({cut, rows.end()})));
    EXPECT_EQ(parts, MoneyUnits(whole));
  }
}

TEST(Money, LinesAreRoundedToTenThousandths) {
  EXPECT_EQ(LineUnits(3, 0.29), 8700);
  EXPECT_EQ(LineUnits(-7, 1.0001), -70'007);
  EXPECT_EQ(LineUnits(1, 0.00004), 0);
  EXPECT_EQ(LineUnits(1, 0.00006), 1);
}

TEST(Money, AmountsBeyondTheExactRangeStayClose) {
  EXPECT_DOUBLE_EQ(MoneyOf(LineUnits(2'000'000'000, 1e12)), 2e21);
}

}  // namespace
}  // namespace cairn::pipeline
