#ifndef CAIRN_PIPELINE_REPORT_CHARTS_SWEEP_AXES_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_SWEEP_AXES_H_

#include <string>
#include <vector>

#include "pipeline/report/report_data.h"

namespace cairn::pipeline {

// One figure of all runs of a sweep, for parallel coordinates and the leaderboard.
struct SweepAxis {
  std::string key;             // `silhouette`; `k` and `seconds` are fields of the run.
  std::string label;           // `Silhouette`
  std::vector<double> values;  // Beside ReportData::sweep; NaN where a run has none.
};

// k, then the parameters that differ between the runs and are numbers, then the indices and the
// seconds; those that no run has are left out.
std::vector<SweepAxis> SweepAxes(const ReportData& data);

// The name of a metric or parameter in words: `davies_bouldin` is `Davies-Bouldin`.
std::string MetricLabel(const std::string& key);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_SWEEP_AXES_H_
