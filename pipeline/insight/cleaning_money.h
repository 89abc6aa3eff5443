#ifndef CAIRN_PIPELINE_INSIGHT_CLEANING_MONEY_H_
#define CAIRN_PIPELINE_INSIGHT_CLEANING_MONEY_H_

// What the rows before and after a cleaning stage were worth.

#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// The spend of the selected rows: the sum of Quantity × UnitPrice, returns subtracted, exact to the
// cent and the same in any order of rows (money.h). GrossSpend of set_aside.h is another figure:
// there a return adds to the sum, so that large losses cannot hide behind each other; a report
// shows money as it is in the books. O(rows), about two milliseconds for a million rows.
double SpendOf(const TransactionTable& table);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_CLEANING_MONEY_H_
