// Kind of fault: rows and spend vanish in cleaning, and nothing says how much.

#include "pipeline/data/set_aside.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/input_error.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Table;

SetAsideReport Report(const TransactionTable& table) {
  SetAsideReport report{table.rows(), GrossSpend(table), {}};
  for (const CleaningStep& step : CleanTransactions(table, {ProductCodes::kTwoDigits}).steps) {
    report.reasons.insert(report.reasons.end(), step.set_aside.begin(), step.set_aside.end());
  }
  return report;
}

TEST(SetAside, EveryRowCountsForTheFirstReasonThatMeetsItAndCancellationsWeighToo) {
  const SetAsideReport report =
      Report(Table({{.invoice = "1", .quantity = "1", .price = "10"},
                    {.invoice = "2", .quantity = "1", .price = "30", .customer = ""},
                    {.invoice = "C3", .quantity = "-2", .price = "5", .customer = ""},
                    {.invoice = "4", .description = "", .quantity = "1", .price = "7"},
                    {.invoice = "5", .description = "", .price = "0", .customer = ""},
                    {.invoice = "1", .quantity = "1", .price = "9"},
                    {.invoice = "6", .stock_code = "POST", .quantity = "1", .price = "4"},
                    {.invoice = "7", .description = "Next Day Carriage", .price = "1"},
                    {.invoice = "8", .price = "0"}}));
  EXPECT_THAT(report.reasons, ElementsAre(SetAside{"missing_values", "no customer", 3, 40},
                                          SetAside{"missing_values", "no description", 1, 7},
                                          SetAside{"duplicates", "line that is there twice", 1, 9},
                                          SetAside{"stock_codes", "code that is no product", 1, 4},
                                          SetAside{"descriptions", "service line", 1, 6},
                                          SetAside{"zero_price", "price of zero or less", 1, 0}));
  EXPECT_DOUBLE_EQ(report.spend, 10 + 30 + 10 + 7 + 0 + 9 + 4 + 6);
}

TEST(SetAside, ALineForEachReasonAndOneForAll) {
  const SetAsideReport report{
      400,
      1000,
      {{"load", "row that cannot be read", 4, 0}, {"missing_values", "no customer", 100, 150}}};
  EXPECT_THAT(
      DescribeSetAside(report),
      ElementsAre("set aside: row that cannot be read: 4 rows (1.00 %), their spend is not known",
                  "set aside: no customer: 100 rows (25.00 %), 15.00 % of spend",
                  "set aside: in all: 104 rows (26.00 %), 15.00 % of spend"));
}

TEST(SetAside, NothingIsSaidToo) {
  EXPECT_THAT(DescribeSetAside({10, 0, {}}),
              ElementsAre("set aside: in all: 0 rows (0.00 %), 0.00 % of spend"));
  EXPECT_THAT(CheckSetAside({10, 0, {}}, 0), IsOk());
}

TEST(SetAside, AboveTheAllowedShareOfRowsStopsNamingShareRuleAndSetting) {
  const SetAsideReport report{100,
                              1000,
                              {{"duplicates", "line that is there twice", 5, 300},
                               {"stock_codes", "code that is no product", 36, 50}}};
  EXPECT_THAT(CheckSetAside(report, 0.41), IsOk());
  const absl::Status status = CheckSetAside(report, 0.4);
  EXPECT_EQ(InputErrorKind(status), kTooManySetAside);
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(HasSubstr("41.0 % of the rows"), HasSubstr("35.0 % of the spend"),
                               HasSubstr("allowed 40.0 %"), HasSubstr("rule stock_codes"),
                               HasSubstr("36 of 100"), HasSubstr("cleaning.max_set_aside_share")));
}

TEST(SetAside, AboveTheAllowedShareOfSpendStopsToo) {
  const SetAsideReport report{100,
                              1000,
                              {{"duplicates", "line that is there twice", 5, 30},
                               {"missing_values", "no customer", 2, 600}}};
  EXPECT_THAT(std::string(CheckSetAside(report, 0.4).message()), HasSubstr("rule missing_values"));
}

TEST(SetAside, RowsThatCannotBeReadHaveTheirOwnRule) {
  EXPECT_THAT(CheckSetAside({100, 1000, {{"load", "row that cannot be read", 90, 0}}}, 0.4),
              IsOk());
}

}  // namespace
}  // namespace cairn::pipeline
