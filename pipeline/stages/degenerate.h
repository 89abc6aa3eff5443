#ifndef CAIRN_PIPELINE_STAGES_DEGENERATE_H_
#define CAIRN_PIPELINE_STAGES_DEGENERATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/data/features.h"
#include "pipeline/stages/grid.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// Data that has no segments, or fewer than were asked for: too few customers, customers that are
// all alike, or values that nothing can be computed with. k-means gives empty segments there, and
// indices that are no numbers. Pure functions of values.

// Fewer customers have no segments to speak of.
inline constexpr int64_t kFewestCustomers = 3;

// FAILED_PRECONDITION (VALUE_INVALID) below kFewestCustomers; names the first customer there is,
// and what left so few: `stage` is "after cleaning" or the like.
absl::Status CheckCustomerCount(const std::vector<int32_t>& customers, const CustomerNames& names,
                                std::string_view stage);

// How many different rows there are. Values that agree to nine digits of the largest one are the
// same: projecting equal rows gives other last bits at other places.
int64_t CountDistinctRows(const RowMajorMatrix& rows);

// FAILED_PRECONDITION (VALUE_INVALID) when the rows of all `kept` customers are the same; names one
// of the customers and what it has.
absl::Status CheckCustomersDiffer(const FeatureMatrix& features, const std::vector<int32_t>& kept);

// INVALID_ARGUMENT (VALUE_INVALID) names the first customer, feature and value beyond what single
// precision holds: an isolation forest computes with that, as scikit-learn's does.
absl::Status CheckWithinSinglePrecision(const FeatureMatrix& features);

// The points whose k the training rows can fill: k below the number of rows and not above that of
// different rows. In order.
std::vector<GridPoint> FeasiblePoints(const SweepInput& input,
                                      const std::vector<GridPoint>& points);

// The k of `points` that no run has, in a sentence that says why; empty when there are none.
std::string LeftOutPoints(const SweepInput& input, const std::vector<GridPoint>& points,
                          const std::vector<TrainingRun>& runs);

// Whether a segment has no members, among the customers trained on or among all.
// O(rows).
bool HasEmptySegment(const TrainingRun& run);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_DEGENERATE_H_
