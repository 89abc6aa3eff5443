#ifndef CAIRN_PIPELINE_DATA_CLEANING_H_
#define CAIRN_PIPELINE_DATA_CLEANING_H_

// The cleaning stages: pure functions from table to table that count what they did.
//
// Order matters and is that of CleanTransactions: missing_values, duplicates,
// transaction_status, stock_codes, descriptions, zero_price. Each function may be called alone
// on any table. All keep the order of rows, share the input's columns, are safe to call from
// any thread and cannot fail; an empty table gives an empty table.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/data/set_aside.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// What one stage did. rows_in - rows_out rows were dropped.
struct CleaningStep {
  std::string name;
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  // Further counts in a fixed order, for example {"cancelled_rows", 8841}.
  std::vector<std::pair<std::string, uint64_t>> counts;
  // Why rows were dropped: rows_in - rows_out of them in all, none of them twice.
  std::vector<SetAside> set_aside;
};

struct CleanedTable {
  TransactionTable table;
  CleaningStep step;
};

// missing_values: drops rows without a customer id or with an empty description.
// Counts: missing_customer_id, missing_description (a row may be in both).
CleanedTable DropMissingValues(const TransactionTable& input);

// duplicates: keeps the first of the rows that are equal in InvoiceNo, StockCode, Description,
// CustomerID and Quantity. Date, price and country are not compared.
CleanedTable DropDuplicates(const TransactionTable& input);

// transaction_status: marks an invoice as cancelled when its number begins with "C". Drops
// nothing. Counts: cancelled_rows, completed_rows.
CleanedTable MarkTransactionStatus(const TransactionTable& input);

// Which product codes are products.
enum class ProductCodes {
  // kTwoDigits, unless that would set aside more than kMostServiceRows of the rows: then the codes
  // are another shop's, and kAll.
  kAuto,
  kTwoDigits,  // Codes with at least two digits; POST, D and C2 are services and corrections.
  kAll,        // Every code.
};
inline constexpr double kMostServiceRows = 0.2;

// What depends on the shop.
struct CleaningRules {
  ProductCodes product_codes = ProductCodes::kAuto;
};

// stock_codes: drops rows whose stock code is no product. Counts: codes (distinct codes dropped);
// kept_codes_without_digits when kAuto found the rule made for another shop.
CleanedTable DropServiceStockCodes(const TransactionTable& input,
                                   ProductCodes products = ProductCodes::kTwoDigits);

// descriptions: drops rows whose description is "Next Day Carriage" or "High Resolution
// Image" without regard to case and blanks around it, then upper-cases ASCII letters, trims blanks
// and collapses runs of blanks in the rest. Counts: distinct_before, distinct_after (of the rows
// kept).
CleanedTable NormalizeDescriptions(const TransactionTable& input);

// zero_price: drops rows with a unit price of zero or less.
CleanedTable DropZeroPrice(const TransactionTable& input);

// One stage by its place in the order, for callers that walk a list.
struct CleaningStage {
  std::string_view name;
  CleanedTable (*apply)(const TransactionTable&, const CleaningRules&);
};

// The six stages in their order.
const std::vector<CleaningStage>& CleaningStages();

struct CleaningResult {
  TransactionTable table;
  std::vector<CleaningStep> steps;  // One per stage, in order.
};

// All six stages, one after the other.
CleaningResult CleanTransactions(const TransactionTable& input, const CleaningRules& rules = {});

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_CLEANING_H_
