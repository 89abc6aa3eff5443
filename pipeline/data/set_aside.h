#ifndef CAIRN_PIPELINE_DATA_SET_ASIDE_H_
#define CAIRN_PIPELINE_DATA_SET_ASIDE_H_

// How much of an input no result rests on, and why.
//
// Spend is gross: the sum of |Quantity × UnitPrice|. A cancellation weighs as much as what it
// cancels, so that large losses cannot hide behind each other. Every row that is set aside counts
// for one reason only, the first that met it. Pure functions of values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// What one reason set aside.
struct SetAside {
  std::string rule;    // The stage that did it: "missing_values".
  std::string reason;  // In words: "no customer".
  uint64_t rows = 0;
  double spend = 0;  // 0 for rows that could not be read: nobody knows theirs.

  bool operator==(const SetAside&) const = default;
};

// The whole input and all that was set aside of it, in the order of the stages.
struct SetAsideReport {
  uint64_t rows_read = 0;
  double spend = 0;  // Of the rows that could be read.
  std::vector<SetAside> reasons;
};

// The rule of rows that could not be read; input.max_reject_share bounds those.
inline constexpr std::string_view kRejectRule = "load";

// The sum of |Quantity × UnitPrice| of the selected rows.
double GrossSpend(const TransactionTable& table);

// The rows of `before` that `after`, a selection of the same storage in the same order, does not
// have. Nothing is returned when there are none.
std::vector<SetAside> SetAsideBetween(const TransactionTable& before, const TransactionTable& after,
                                      std::string_view rule, std::string_view reason);

// One line for each reason and one for all of them, without line ends:
// `set aside: no customer: 135080 rows (24.93 %), 14.87 % of spend`.
std::vector<std::string> DescribeSetAside(const SetAsideReport& report);

// INVALID_ARGUMENT, kind TOO_MANY_SET_ASIDE, when cleaning set aside more than `max_share` (0..1)
// of the rows or of the spend: names both shares, the rule that did most and the setting
// cleaning.max_set_aside_share. Rejected rows do not count, they have a rule of their own.
absl::Status CheckSetAside(const SetAsideReport& report, double max_share);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_SET_ASIDE_H_
