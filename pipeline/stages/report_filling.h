#ifndef CAIRN_PIPELINE_STAGES_REPORT_FILLING_H_
#define CAIRN_PIPELINE_STAGES_REPORT_FILLING_H_

#include <vector>

#include "pipeline/report/report_data.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {

// From what the stages came to, to what a report shows (report_data.h). Pure functions; each fills
// the parts named, and what was not reached stays empty.

// More customers than this are thinned to every n-th in the cloud of points.
inline constexpr size_t kMostPoints = 5'000;
inline constexpr size_t kMostOutliers = 20;
inline constexpr int kHistogramBins = 24;

// Rows and money of load and the cleaning stages.
void FillQuality(const std::vector<StageRecord>& records, ReportData* report);

// Seconds and bytes of every stage so far, in money by the prices of the configuration.
void FillCosts(const std::vector<StageRecord>& records, const PipelineConfig& config,
               ReportData* report);

// Correlations, variances of the components, points, histograms and outliers, by the labels of the
// chosen run (one for each customer, 0..k-1).
void FillCustomers(const RunOutcome& outcome, const std::vector<int32_t>& labels, int k,
                   ReportData* report);

// The table of k, the leaderboard and the silhouettes of the runs that stand for a k. `place` is
// the run that the report is about: of one that is not the chosen one the reason says so.
void FillTraining(const RunOutcome& outcome, const PipelineConfig& config, size_t place,
                  ReportData* report);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_REPORT_FILLING_H_
