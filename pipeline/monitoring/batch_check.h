#ifndef CAIRN_PIPELINE_MONITORING_BATCH_CHECK_H_
#define CAIRN_PIPELINE_MONITORING_BATCH_CHECK_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "pipeline/data/transaction_table.h"
#include "pipeline/monitoring/limits.h"
#include "pipeline/monitoring/verdict.h"

namespace cairn::pipeline {

// Whether a delivery of transactions is whole and from the same shop, before anything is trained on
// it. Features hide much: half of the lines of one month change the features of few customers, and
// customers whose prices were multiplied are outliers that training leaves out. What a delivery is
// like as a whole tells at once. Pure functions.

// What one delivery, usually a month, is like.
struct BatchFigures {
  std::string name;  // `2011-03`
  int64_t rows = 0;
  int64_t trading_days = 0;  // Distinct days with rows.
  int64_t invoices = 0;      // Distinct.
  double rows_per_day = 0;
  double lines_per_invoice = 0;
  // Distinct invoices by the numbers from the least to the greatest of them: a shop numbers its
  // invoices one after the other, so that some of them missing shows whatever the season. 0 where
  // invoices are no numbers.
  double invoice_density = 0;
  double median_price = 0;
  double missing_customer_share = 0;  // Of the rows.
  double cancelled_share = 0;         // Rows of invoices that begin with C.
  std::map<std::string, int64_t> country_rows;
};

// REQUIRES: the table has rows.
BatchFigures FiguresOf(const TransactionTable& batch, std::string name);

// One figure that is out of bounds.
struct BatchFinding {
  std::string check;  // `lines_per_invoice`
  double observed = 0;
  double expected = 0;  // The median before; for shares of new countries the limit.
  std::string says;     // A sentence with figure, expectation and limit.
};

struct BatchReport {
  BatchFigures figures;
  std::vector<BatchFinding> findings;
  DriftVerdict verdict = DriftVerdict::kStable;  // kBroken with any finding.
};

// Compares a delivery with those before it, the oldest first. Nothing to find without any.
// `complete` tells whether no more rows of its period are to come.
BatchReport CheckBatch(const BatchFigures& batch, std::span<const BatchFigures> before,
                       bool complete, const BatchLimits& limits);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_MONITORING_BATCH_CHECK_H_
