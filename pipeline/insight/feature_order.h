#ifndef CAIRN_PIPELINE_INSIGHT_FEATURE_ORDER_H_
#define CAIRN_PIPELINE_INSIGHT_FEATURE_ORDER_H_

// A feature's values in ascending order: sorted once, every quantile of every segment is a walk.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/insight/profiles.h"

namespace cairn::pipeline {

// Values ascend; rows[i] is the row of features that values[i] came from. Equal values in row
// order.
struct FeatureOrder {
  std::vector<double> values;
  std::vector<uint32_t> rows;

  // The share of customers below `value`, those equal to it counted half: 0..1.
  double Rank(double value) const;
};

FeatureOrder OrderOf(std::span<const double> values);

// The column of that name as one vector. INVALID_ARGUMENT (VALUE_INVALID) names a column that is
// not there or a value that is not finite, with its customer.
absl::StatusOr<std::vector<double>> FeatureColumn(const FeatureMatrix& features,
                                                  std::string_view name);

// The p-quantile of ascending values, linear between neighbours as numpy.percentile has it; NaN
// without values. p is 0..1.
double Quantile(std::span<const double> ascending, double p);

// NaN throughout without values.
FeatureSummary Summarize(std::span<const double> ascending);

// Summaries of one feature by segment. Segments are those of GroupBySegment, checked there.
std::vector<FeatureSummary> SummarizeBySegment(const FeatureOrder& order,
                                               std::span<const int32_t> segments, int k);

// The median by segment, without anything else; for callers that are in a hurry. NaN for a segment
// without customers. `sizes` are the segments' customers.
std::vector<double> MediansBySegment(const FeatureOrder& order, std::span<const int32_t> segments,
                                     std::span<const int64_t> sizes);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_FEATURE_ORDER_H_
