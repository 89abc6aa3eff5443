#ifndef CAIRN_PIPELINE_MONITORING_FEATURE_DRIFT_H_
#define CAIRN_PIPELINE_MONITORING_FEATURE_DRIFT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/monitoring/limits.h"
#include "pipeline/monitoring/verdict.h"

namespace cairn::pipeline {

// Data drift: whether the customers of today are distributed as those of a reference, usually the
// customers that the champion was trained on. Pure; equal tables give equal numbers.

struct FeatureDrift {
  std::string feature;
  double psi = 0;  // Ten quantile bins of the reference (lib/evaluation/two_samples.h).
  double ks = 0;   // 0..1
  double p_value =
      1;  // Of `ks`; with thousands of customers it is tiny long before anything matters.
  double out_of_range_share = 0;
  double missing_share = 0;  // Values that are no finite number.
  double reference_median = 0;
  double current_median = 0;
  DriftVerdict verdict = DriftVerdict::kStable;
  std::string reason;  // What passed which limit; empty when stable.
};

struct DriftReport {
  int64_t reference_rows = 0;
  int64_t current_rows = 0;
  std::vector<FeatureDrift> features;  // In the order of the reference's columns.
  double psi_max = 0;
  double ks_max = 0;
  DriftVerdict verdict = DriftVerdict::kStable;  // The gravest.
};

// Compares every column of `reference` with the column of that name in `current`; others of
// `current` are not looked at. A feature without a finite value in either table is drifted with
// that reason.
// INVALID_ARGUMENT (DATA_MALFORMED): a table without rows. INVALID_ARGUMENT (COLUMN_MISSING): names
// the first column that `current` lacks.
absl::StatusOr<DriftReport> MeasureDrift(const FeatureMatrix& reference,
                                         const FeatureMatrix& current, const DriftLimits& limits);

// A table for people, the features that moved first.
std::string DriftTable(const DriftReport& report);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_MONITORING_FEATURE_DRIFT_H_
