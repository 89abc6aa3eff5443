#ifndef CAIRN_SERVER_CORE_METRIC_SUMMARY_H_
#define CAIRN_SERVER_CORE_METRIC_SUMMARY_H_

#include <cstdint>
#include <limits>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"

namespace cairn::core {

// What is known of a metric without reading its points. All functions are pure.
//
// Values are ordered -inf < … < -0 < +0 < … < +inf < NaN, and every NaN counts
// as the same one, so that merging does not depend on order or grouping.

// Merges two summaries of one metric: associative and commutative, with a
// summary of no points as the neutral element. The latest point is the greatest
// by (step, time, value); min and max ignore NaN and are NaN without any other
// value; counts add up. The key is that of the operand that has one.
cairn::v1::MetricSummary MergeSummaries(const cairn::v1::MetricSummary& a,
                                        const cairn::v1::MetricSummary& b);

// What is stored with a run is made by these alone, so that a summary does not depend on who made
// it: a client's batch, a merge of the store, or a fold of the compactor.
//
// Makes the summary of points that come one by one, in any order. Value type; not
// thread-safe.
class SummaryBuilder {
 public:
  // A point that was added twice counts twice. REQUIRES: fewer than 2^63 points.
  void Add(int64_t step, int64_t time_unix_millis, double value);

  // Of all points so far; without any, one with a point count of 0.
  cairn::v1::MetricSummary Build(std::string_view key) const;

 private:
  int64_t count_ = 0;
  int64_t latest_step_ = 0;
  int64_t latest_time_ = 0;
  double latest_value_ = 0;
  double min_ = std::numeric_limits<double>::quiet_NaN();
  double max_ = std::numeric_limits<double>::quiet_NaN();
};

// The summary of a batch; `default_time_unix_millis` stands for every time when
// the batch carries none.
// INVALID_ARGUMENT (VALUE_INVALID): the columns differ in length or are empty.
absl::StatusOr<cairn::v1::MetricSummary> SummarizeColumns(const cairn::v1::MetricColumns& columns,
                                                          int64_t default_time_unix_millis);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_METRIC_SUMMARY_H_
