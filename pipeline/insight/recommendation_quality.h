#ifndef CAIRN_PIPELINE_INSIGHT_RECOMMENDATION_QUALITY_H_
#define CAIRN_PIPELINE_INSIGHT_RECOMMENDATION_QUALITY_H_

// What recommendations are worth: learned from the past, tested on what was bought afterwards.
//
//   split = SplitByTime(cleaned);
//   features = ComputeFeatures(split.before, …);      what was known at the split
//   segments = the model's answer for those features
//   MeasureRecommendations(split, features, segments, k, threads)
//
// A customer who bought before the split and buys at least one product afterwards that they had not
// bought before is a case. It is a hit when one of three recommendations is among those products.
// Nothing from after the split is used: best-sellers, similarities, features. The centres of
// a model that was trained on all of the data are the exception, and the caller's to judge.

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// How often one of three recommendations was bought afterwards, on a split by time.
struct RecommendationQuality {
  std::string split_day;  // `2011-09-26`: learned before it, tested from it on.
  int64_t customers = 0;  // Cases.
  // Shares of the cases, 0..1; NaN without a case.
  double segment_hit_rate = 0;     // The ten of the segment (recommendations.h).
  double popularity_hit_rate = 0;  // The most sold of all not bought yet, however far down.
  double item_hit_rate = 0;        // item_similarity.h
};

// The rows before and from the split day on, which is the first of the last fifth of the calendar
// days: day floor(4/5 of the days) after the first, 299 for 374 days.
struct TimeSplit {
  std::string split_day;
  TransactionTable before;
  TransactionTable after;
};

// FAILED_PRECONDITION (VALUE_INVALID) when the data has less than five days.
absl::StatusOr<TimeSplit> SplitByTime(const TransactionTable& cleaned);

// `features` are of the customers before the split and `segment_of_customer` is beside them. The
// result does not depend on `threads` (1..64, 0 = one per processor). Errors are those of
// GroupBySegment.
absl::StatusOr<RecommendationQuality> MeasureRecommendations(
    const TimeSplit& split, const FeatureMatrix& features,
    std::span<const int32_t> segment_of_customer, int k, int threads);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_RECOMMENDATION_QUALITY_H_
