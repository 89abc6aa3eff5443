#include "pipeline/data/cleaning.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::Row;
using testing::Table;

std::vector<std::string> Invoices(const TransactionTable& table) {
  std::vector<std::string> result;
  for (size_t i = 0; i < table.rows(); ++i) result.emplace_back(table.invoice(i));
  return result;
}

TEST(DropMissingValues, DropsRowsWithoutCustomerOrDescription) {
  const CleanedTable cleaned =
      DropMissingValues(Table({{.invoice = "1"},
                               {.invoice = "2", .customer = ""},
                               {.invoice = "3", .description = ""},
                               {.invoice = "4", .description = "", .customer = ""},
                               {.invoice = "5", .description = "?"}}));
  EXPECT_THAT(Invoices(cleaned.table), ElementsAre("1", "5"));
  EXPECT_EQ(cleaned.step.name, "missing_values");
  EXPECT_EQ(cleaned.step.rows_in, 5u);
  EXPECT_EQ(cleaned.step.rows_out, 2u);
  EXPECT_THAT(cleaned.step.counts,
              ElementsAre(Pair("missing_customer_id", 2u), Pair("missing_description", 2u)));
}

TEST(DropDuplicates, KeepsTheFirstAndComparesFiveColumnsOnly) {
  const CleanedTable cleaned = DropDuplicates(
      Table({{.country = "first"},
             {.invoice = "2"},
             {.date = "2011-01-01", .price = "9", .country = "again"},  // Equal where it counts.
             {.stock_code = "X"},
             {.description = "CUP"},
             {.customer = "1"},
             {.quantity = "7"},
             {.invoice = "2"}}));
  ASSERT_EQ(cleaned.table.rows(), 6u);
  EXPECT_EQ(cleaned.table.country(0), "first");
  EXPECT_EQ(cleaned.table.invoice(1), "2");
  EXPECT_EQ(cleaned.step.rows_in, 8u);
}

TEST(MarkTransactionStatus, MarksInvoicesThatBeginWithCAndDropsNothing) {
  const TransactionTable table = Table({{.invoice = "C1"}, {.invoice = "1C"}, {.invoice = "D2"}});
  EXPECT_FALSE(table.has_status());
  EXPECT_FALSE(table.cancelled(0));
  const CleanedTable cleaned = MarkTransactionStatus(table);
  EXPECT_EQ(cleaned.table.rows(), 3u);
  EXPECT_TRUE(cleaned.table.cancelled(0));
  EXPECT_FALSE(cleaned.table.cancelled(1));
  EXPECT_FALSE(cleaned.table.cancelled(2));
  EXPECT_THAT(cleaned.step.counts,
              ElementsAre(Pair("cancelled_rows", 1u), Pair("completed_rows", 2u)));
}

TEST(DropServiceStockCodes, DropsCodesWithAtMostOneDigit) {
  std::vector<Row> rows;
  for (const char* code : {"BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "PADS", "POST", "10002",
                           "85123A", "DCGS0003", "C22", "POST"}) {
    rows.push_back({.invoice = code, .stock_code = code});
  }
  const CleanedTable cleaned = DropServiceStockCodes(Table(rows));
  EXPECT_THAT(Invoices(cleaned.table), ElementsAre("10002", "85123A", "DCGS0003", "C22"));
  EXPECT_THAT(cleaned.step.counts, ElementsAre(Pair("codes", 8u)));
}

TEST(NormalizeDescriptions, DropsTwoServicesWithoutCaseAndTidiesTheRest) {
  const CleanedTable cleaned =
      NormalizeDescriptions(Table({{.description = "Next Day Carriage"},
                                   {.description = "High Resolution Image"},
                                   {.description = "NEXT DAY CARRIAGE "},
                                   {.description = "Next Day Carriage 2"},
                                   {.description = "  tea  for\ttwo "},
                                   {.description = "TEA FOR TWO"},
                                   {.description = "\xc2\xa3 caf\xc3\xa9"}}));
  ASSERT_EQ(cleaned.table.rows(), 4u);
  EXPECT_EQ(cleaned.table.description(0), "NEXT DAY CARRIAGE 2");
  EXPECT_EQ(cleaned.table.description(1), "TEA FOR TWO");
  EXPECT_EQ(cleaned.table.columns().description.code(cleaned.table.selection()[1]),
            cleaned.table.columns().description.code(cleaned.table.selection()[2]));
  EXPECT_EQ(cleaned.table.description(3), "\xc2\xa3 CAF\xc3\xa9");
  EXPECT_THAT(cleaned.step.counts,
              ElementsAre(Pair("distinct_before", 4u), Pair("distinct_after", 3u)));
}

TEST(DropZeroPrice, DropsZeroAndNegativePrices) {
  const CleanedTable cleaned = DropZeroPrice(Table({{.invoice = "1", .price = "0"},
                                                    {.invoice = "2", .price = "-1"},
                                                    {.invoice = "3", .price = "0.001"},
                                                    {.invoice = "4", .price = "-0.0"}}));
  EXPECT_THAT(Invoices(cleaned.table), ElementsAre("3"));
}

TEST(CleanTransactions, RunsTheStagesInOrderAndLeavesTheInputAlone) {
  const TransactionTable input = Table({{},
                                        {},
                                        {.customer = ""},
                                        {.stock_code = "POST"},
                                        {.invoice = "1"},
                                        {.invoice = "2"},
                                        {.invoice = "3"},
                                        {.invoice = "4"}});
  const CleaningResult result = CleanTransactions(input);
  std::vector<std::string> names;
  for (const CleaningStep& step : result.steps) names.push_back(step.name);
  EXPECT_THAT(names, ElementsAre("missing_values", "duplicates", "transaction_status",
                                 "stock_codes", "descriptions", "zero_price"));
  for (size_t i = 1; i < result.steps.size(); ++i) {
    EXPECT_EQ(result.steps[i].rows_in, result.steps[i - 1].rows_out);
  }
  EXPECT_EQ(result.table.rows(), 5u);
  EXPECT_EQ(input.rows(), 8u);
}

TEST(DropServiceStockCodes, KeepsTheCodesOfAShopThatWritesThemWithoutDigits) {
  const TransactionTable words = Table({{.stock_code = "MUG"}, {.stock_code = "CLOCK"}, {}});
  const CleanedTable kept = DropServiceStockCodes(words, ProductCodes::kAuto);
  EXPECT_EQ(kept.table.rows(), 3u);
  EXPECT_THAT(kept.step.counts,
              ElementsAre(Pair("codes", 0u), Pair("kept_codes_without_digits", 2u)));
  EXPECT_EQ(DropServiceStockCodes(words, ProductCodes::kTwoDigits).table.rows(), 1u);
  const TransactionTable one = Table({{.stock_code = "POST"}, {}, {}, {}, {}, {}});
  EXPECT_EQ(DropServiceStockCodes(one, ProductCodes::kAuto).table.rows(), 5u);
  EXPECT_EQ(DropServiceStockCodes(one, ProductCodes::kAll).table.rows(), 6u);
}

TEST(CleanTransactions, AcceptsAnEmptyTable) {
  const CleaningResult result = CleanTransactions(TransactionTable());
  EXPECT_EQ(result.table.rows(), 0u);
  EXPECT_EQ(result.steps.size(), 6u);
}

TEST(TransactionTable, CompactKeepsRowsAndStatusAndDropsTheRest) {
  const TransactionTable table =
      MarkTransactionStatus(Table({{.invoice = "1"}, {.invoice = "C2"}, {.invoice = "3"}})).table;
  const TransactionTable part = table.WithSelection({2, 1});
  const TransactionTable compact = part.Compact();
  EXPECT_TRUE(SameRows(part, compact));
  EXPECT_FALSE(SameRows(part, table));
  EXPECT_EQ(compact.columns().invoice.dictionary->size(), 2u);
  EXPECT_TRUE(compact.cancelled(1));
}

TEST(TransactionTable, ListsKnownCustomersInOrder) {
  EXPECT_THAT(Table({{.customer = "9"}, {.customer = ""}, {.customer = "3"}, {.customer = "9"}})
                  .CustomerIds(),
              ElementsAre(3, 9));
}

}  // namespace
}  // namespace cairn::pipeline
