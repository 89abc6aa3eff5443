#ifndef CAIRN_LIB_EVALUATION_SAMPLING_H_
#define CAIRN_LIB_EVALUATION_SAMPLING_H_

#include <cstddef>
#include <vector>

#include "lib/evaluation/measure.h"
#include "lib/model/predictor.h"

namespace cairn::evaluation {

// The rows that stand for a table which is too large for work that grows faster than it does. All
// functions are pure; every measurement of one table has the same rows.

// Whether `count` rows are too many to look at each.
bool IsSampled(size_t count, const MeasureOptions& options);

// The places of the rows that are drawn, ascending, so that sums run in the order of the table.
// REQUIRES: IsSampled(count, options).
std::vector<size_t> DrawRows(size_t count, const MeasureOptions& options);

// Those rows of `rows`, in the order of `places`.
model::Matrix TakeRows(const model::Matrix& rows, const std::vector<size_t>& places);

}  // namespace cairn::evaluation

#endif  // CAIRN_LIB_EVALUATION_SAMPLING_H_
