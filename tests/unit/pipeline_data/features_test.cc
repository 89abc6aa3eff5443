#include "pipeline/data/features.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/synthetic.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;
using ::testing::ElementsAre;
using testing::Row;
using testing::Table;

FeatureMatrix Compute(const std::vector<Row>& rows,
                      FeaturePreset preset = FeaturePreset::kDefault) {
  const auto features = ComputeFeatures(Table(rows), preset);
  EXPECT_THAT(features, IsOk());
  return features.ok() ? *features : FeatureMatrix{};
}

TEST(ComputeFeatures, OneCustomerByHand) {
  const FeatureMatrix f = Compute({
      {.invoice = "1",
       .stock_code = "A",
       .quantity = "2",
       .date = "2011-01-03 09:10:00",
       .price = "10"},
      {.invoice = "1",
       .stock_code = "B",
       .quantity = "1",
       .date = "2011-01-03 09:10:00",
       .price = "5"},
      {.invoice = "2",
       .stock_code = "A",
       .quantity = "4",
       .date = "2011-01-13 10:00:00",
       .price = "10"},
      {.invoice = "C3",
       .stock_code = "A",
       .quantity = "-1",
       .date = "2011-03-14 10:00:00",
       .price = "10"},
      {.invoice = "9", .date = "2011-03-20 10:00:00", .customer = "99999"},
  });
  ASSERT_THAT(f.customer_ids, ElementsAre(17850, 99999));
  EXPECT_EQ(f.columns.size(), 15u);
  const auto v = [&](Feature feature) { return f.values(0, feature); };
  EXPECT_EQ(v(kDaysSinceLastPurchase), 6);
  EXPECT_EQ(v(kTotalTransactions), 3);
  EXPECT_EQ(v(kTotalProductsPurchased), 6);
  EXPECT_EQ(v(kTotalSpend), 55);
  EXPECT_DOUBLE_EQ(v(kAverageTransactionValue), 55.0 / 3);
  EXPECT_EQ(v(kUniqueProductsPurchased), 2);
  EXPECT_EQ(v(kAverageDaysBetweenPurchases), 35);  // 10 and 60.
  EXPECT_EQ(v(kDayOfWeek), 0);
  EXPECT_EQ(v(kHour), 9);
  EXPECT_EQ(v(kIsUk), 1);
  EXPECT_EQ(v(kCancellationFrequency), 1);
  EXPECT_DOUBLE_EQ(v(kCancellationRate), 1.0 / 3);
  EXPECT_EQ(v(kMonthlySpendingMean), 27.5);  // 65 in January, -10 in March, no February.
  EXPECT_DOUBLE_EQ(v(kMonthlySpendingStd), std::sqrt(2 * 37.5 * 37.5));
  EXPECT_DOUBLE_EQ(v(kSpendingTrend), -75);
}

TEST(ComputeFeatures, ASingleLineHasNoGapDeviationOrTrend) {
  const FeatureMatrix f = Compute({{}});
  EXPECT_EQ(f.values(0, kAverageDaysBetweenPurchases), 0);
  EXPECT_EQ(f.values(0, kMonthlySpendingStd), 0);
  EXPECT_EQ(f.values(0, kSpendingTrend), 0);
  EXPECT_EQ(f.values(0, kDaysSinceLastPurchase), 0);
}

TEST(ComputeFeatures, GapsAreBetweenDistinctDaysInAnyOrder) {
  const FeatureMatrix f = Compute({{.date = "2011-01-11 08:00"},
                                   {.date = "2011-01-01 08:00"},
                                   {.date = "2011-01-11 23:59"},
                                   {.date = "2011-01-05 00:00"}});
  EXPECT_EQ(f.values(0, kAverageDaysBetweenPurchases), 5);
}

TEST(ComputeFeatures, TiesTakeTheSmallestWeekdayAndHour) {
  const FeatureMatrix f = Compute({{.date = "2011-01-07 15:00"},    // Friday.
                                   {.date = "2011-01-04 10:00"}});  // Tuesday.
  EXPECT_EQ(f.values(0, kDayOfWeek), 1);
  EXPECT_EQ(f.values(0, kHour), 10);
}

TEST(ComputeFeatures, TheMostFrequentCountryDecidesAndTiesGoByTheAlphabet) {
  const FeatureMatrix f = Compute({{.customer = "1", .country = "United Kingdom"},
                                   {.customer = "1", .country = "France"},
                                   {.customer = "2", .country = "United Kingdom"},
                                   {.customer = "2", .country = "Unspecified"},
                                   {.customer = "3", .country = "France"},
                                   {.customer = "3", .country = "United Kingdom"},
                                   {.customer = "3", .country = "United Kingdom"}});
  EXPECT_EQ(f.values(0, kIsUk), 0);
  EXPECT_EQ(f.values(1, kIsUk), 1);
  EXPECT_EQ(f.values(2, kIsUk), 1);
}

TEST(ComputeFeatures, CountsCancelledInvoicesOnceAndWithoutMarks) {
  const FeatureMatrix f = Compute({{.invoice = "C1", .stock_code = "A", .quantity = "-1"},
                                   {.invoice = "C1", .stock_code = "B", .quantity = "-1"},
                                   {.invoice = "2"}});
  EXPECT_EQ(f.values(0, kCancellationFrequency), 1);
  EXPECT_EQ(f.values(0, kTotalTransactions), 2);
  EXPECT_EQ(f.values(0, kCancellationRate), 0.5);
}

TEST(ClassicPreset, GapsAreBetweenConsecutiveLinesInFileOrder) {
  const FeatureMatrix f = Compute(
      {{.date = "2011-01-01 08:00"}, {.date = "2011-01-01 09:00"}, {.date = "2011-01-07 01:00"}},
      FeaturePreset::kClassic);
  EXPECT_EQ(f.values(0, kAverageDaysBetweenPurchases), 3);
}

TEST(ClassicPreset, LeavesOutSingleLinesAndDividesByTheMisalignedTransactions) {
  const FeatureMatrix f = Compute({{.invoice = "1", .customer = "10"},  // Left out: one line.
                                   {.invoice = "C2", .customer = "20"},
                                   {.invoice = "3", .customer = "20"},
                                   {.invoice = "4", .customer = "20"},
                                   {.invoice = "C5", .customer = "30"},
                                   {.invoice = "6", .customer = "30"}},
                                  FeaturePreset::kClassic);
  ASSERT_THAT(f.customer_ids, ElementsAre(20, 30));
  EXPECT_EQ(f.values.rows(), 2);
  EXPECT_EQ(f.values(0, kCancellationRate), 1.0);        // 1 over the 1 of customer 10.
  EXPECT_EQ(f.values(1, kCancellationRate), 1.0 / 3.0);  // 1 over the 3 of customer 20.
}

TEST(ComputeFeatures, RefusesEmptyTablesAndRowsWithoutCustomer) {
  const auto empty = ComputeFeatures(TransactionTable(), FeaturePreset::kDefault);
  EXPECT_THAT(empty, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(InputErrorKind(empty.status()), kDatasetEmpty);
  const auto missing = ComputeFeatures(Table({{.customer = ""}}), FeaturePreset::kDefault);
  EXPECT_EQ(InputErrorKind(missing.status()), kCustomerMissing);
}

TEST(ComputeFeatures, WorksWithFarApartIdsAndDates) {
  const FeatureMatrix f = Compute(
      {{.date = "1900-01-01", .customer = "1"}, {.date = "2999-12-31", .customer = "2147483647"}});
  ASSERT_THAT(f.customer_ids, ElementsAre(1, 2147483647));
  EXPECT_EQ(f.values(0, kDaysSinceLastPurchase), 401'766);
}

TEST(ComputeFeatures, TheNumberOfThreadsDoesNotChangeABit) {
  SyntheticOptions options;
  options.customers = 700;
  const auto data = GenerateTransactionsCsv(options);
  ASSERT_THAT(data, IsOk());
  const auto loaded = LoadTransactionsFromBytes(data->csv);
  ASSERT_THAT(loaded, IsOk());
  const TransactionTable table = CleanTransactions(loaded->table).table;
  ASSERT_GT(table.rows(), 60'000u);  // Enough for several threads to start.
  for (const FeaturePreset preset : {FeaturePreset::kDefault, FeaturePreset::kClassic}) {
    const FeatureMatrix one = *ComputeFeatures(table, preset, 1);
    for (const int threads : {2, 3, 7}) {
      const FeatureMatrix many = *ComputeFeatures(table, preset, threads);
      EXPECT_EQ(one.customer_ids, many.customer_ids);
      EXPECT_TRUE((one.values.array() == many.values.array()).all());
    }
  }
}

TEST(FeaturePreset, NamesRoundTripAndUnknownOnesAreRefused) {
  for (const FeaturePreset preset : {FeaturePreset::kDefault, FeaturePreset::kClassic}) {
    EXPECT_EQ(*ParseFeaturePreset(FeaturePresetName(preset)), preset);
  }
  EXPECT_THAT(ParseFeaturePreset("Classic"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ComputeFeatures, AValueNoDoubleCanHoldNamesCustomerAndFeature) {
  const TransactionTable table =
      Table({{.invoice = "1", .quantity = "2000000000", .price = "1e300", .customer = "12346"},
             {.invoice = "2", .customer = "12347"}});
  const absl::Status status = ComputeFeatures(table, FeaturePreset::kDefault).status();
  EXPECT_EQ(InputErrorKind(status), kFeatureNotFinite);
  EXPECT_NE(status.message().find("Total_Spend of customer 12346 is inf"), std::string::npos)
      << status;
}

}  // namespace
}  // namespace cairn::pipeline
