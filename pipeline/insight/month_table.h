#ifndef CAIRN_PIPELINE_INSIGHT_MONTH_TABLE_H_
#define CAIRN_PIPELINE_INSIGHT_MONTH_TABLE_H_

// Money, customers and invoices by segment and calendar month.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/insight/profiles.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {

struct MonthTable {
  std::string first_day;  // `2010-12-01`
  std::string last_day;
  int64_t customers = 0;              // Of the rows, distinct, those without features left out.
  int64_t invoices = 0;               // Distinct.
  double units = 0;                   // Spend of the whole table, in ten-thousandths.
  std::vector<double> segment_units;  // The same by segment and, last, of customers in none.
  std::vector<MonthFigures> whole;
  std::vector<std::vector<MonthFigures>> segments;  // By segment; months as in `whole`.
};

// Months run from the first to the last of the data without a gap. Where that would be more than a
// hundred years, which some wrong date makes, only months with a line are there. An invoice of two
// months, or of customers of two segments, counts in each of them and once in the whole. Empty
// without rows. The result does not depend on `threads` (1 or 2 are used).
MonthTable ComputeMonths(const TransactionTable& table, const SegmentRows& rows,
                         std::span<const int32_t> segment_of_customer, int threads);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_MONTH_TABLE_H_
