#ifndef CAIRN_PIPELINE_MONITORING_CONCEPT_DRIFT_H_
#define CAIRN_PIPELINE_MONITORING_CONCEPT_DRIFT_H_

#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "lib/model/predictor.h"
#include "pipeline/data/features.h"
#include "pipeline/monitoring/limits.h"
#include "pipeline/monitoring/verdict.h"

namespace cairn::pipeline {

// Concept drift: whether the segments of a model still describe the customers, even where each
// feature looks as before. Pure functions; what cannot be measured (all customers in one segment)
// is NaN and judges nothing.

// One model on the customers it was trained on and on those of today.
struct IndexDecay {
  double silhouette_then = std::numeric_limits<double>::quiet_NaN();
  double silhouette_now = std::numeric_limits<double>::quiet_NaN();
  double davies_bouldin_then = std::numeric_limits<double>::quiet_NaN();
  double davies_bouldin_now = std::numeric_limits<double>::quiet_NaN();
  DriftVerdict verdict = DriftVerdict::kStable;
  std::string reason;  // Which limit was passed; empty when stable.
};

// A model that was trained on today's data beside the one before, both on the customers of today.
struct SegmentShift {
  double label_churn = std::numeric_limits<double>::quiet_NaN();     // After the best matching.
  double centroid_shift = std::numeric_limits<double>::quiet_NaN();  // Between paired segments.
  double agreement = std::numeric_limits<double>::quiet_NaN();       // Adjusted Rand index.
  DriftVerdict verdict = DriftVerdict::kStable;
  std::string reason;
};

// Measures `champion` on both tables of features; its columns are found by name (lib/evaluation:
// the same numbers as the server's evaluations). Errors of Predictor::MapColumns, and
// INVALID_ARGUMENT (VALUE_INVALID) for a value that is not finite.
absl::StatusOr<IndexDecay> MeasureDecay(const model::Predictor& champion,
                                        const FeatureMatrix& reference,
                                        const FeatureMatrix& current, const ConceptLimits& limits,
                                        int threads);

// Compares what both models say of the customers of today, in the space of the champion. Errors as
// MeasureDecay.
absl::StatusOr<SegmentShift> MeasureShift(const model::Predictor& challenger,
                                          const model::Predictor& champion,
                                          const FeatureMatrix& current, const ConceptLimits& limits,
                                          int threads);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_MONITORING_CONCEPT_DRIFT_H_
