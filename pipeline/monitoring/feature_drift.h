#ifndef CAIRN_PIPELINE_MONITORING_FEATURE_DRIFT_H_
#define CAIRN_PIPELINE_MONITORING_FEATURE_DRIFT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/monitoring/verdict.h"

namespace cairn::pipeline {

// Data drift: whether the customers of today are distributed as those of a reference, usually the
// customers that the champion was trained on. Pure; equal tables give equal numbers.

// From which value on a measure counts. A feature drifts when its stability index AND its
// Kolmogorov-Smirnov distance say so, for each alone has a blind spot: the index is large where a
// handful of customers leave a nearly constant feature, the distance where a little of everything
// moves. Values outside the range of the reference, and missing ones, count by themselves.
struct DriftLimits {
  double psi_warning =
      0.1;  // Usual for the index: below 0.1 stable, above 0.25 another population.
  double psi_drift = 0.25;
  double ks_warning = 0.1;
  double ks_drift = 0.2;
  double out_of_range_warning = 0.02;  // Shares of the current customers.
  double out_of_range_drift = 0.1;
  double missing_warning = 0.01;
  double missing_drift = 0.05;
};

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
