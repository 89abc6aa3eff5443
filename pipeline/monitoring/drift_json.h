#ifndef CAIRN_PIPELINE_MONITORING_DRIFT_JSON_H_
#define CAIRN_PIPELINE_MONITORING_DRIFT_JSON_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/monitoring/batch_check.h"
#include "pipeline/monitoring/concept_drift.h"
#include "pipeline/monitoring/feature_drift.h"

namespace cairn::pipeline {

// All that was measured of one delivery or table; what was not is absent.
struct DriftFindings {
  std::optional<BatchReport> batch;
  std::optional<DriftReport> features;
  std::optional<IndexDecay> decay;
  std::optional<SegmentShift> shift;
  MonitoringLimits limits;  // By which the verdicts were made.
};

// The gravest verdict of all parts; stable when nothing was measured.
DriftVerdict VerdictOf(const DriftFindings& findings);

// Why it is not stable, a sentence each, the gravest part first; a feature counts with its name.
std::vector<std::string> ReasonsOf(const DriftFindings& findings);

// drift.json: one object with `verdict`, `reasons`, an object for each part, or null, and `limits`
// by the names of their settings; numbers that were not measured are null. Ends with a newline.
std::string DriftJson(const DriftFindings& findings);

// As metrics of a run: `psi_max`, `ks_max`, `psi/FEATURE`, `ks/FEATURE`, `ks_p_value/FEATURE`,
// `out_of_range/FEATURE`, `missing/FEATURE`, `silhouette_decay`, `davies_bouldin_rise`,
// `label_churn`, `centroid_shift`, `batch_findings`, and `drift_verdict` as its number from 0
// (stable) to 3 (broken). Those that are not finite are left out.
std::vector<std::pair<std::string, double>> DriftMetrics(const DriftFindings& findings);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_MONITORING_DRIFT_JSON_H_
