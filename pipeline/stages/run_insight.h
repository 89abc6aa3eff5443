#ifndef CAIRN_PIPELINE_STAGES_RUN_INSIGHT_H_
#define CAIRN_PIPELINE_STAGES_RUN_INSIGHT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "pipeline/report/report_data.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {

// What a run came to, for people.
struct Insight {
  ReportData report;
  std::string customers_csv;  // One row for each customer, in the order of the features.
};

// Of the training run at `place`: the chosen one, or another that becomes a version. Whether the
// recommendations would have been right is measured beside the rest for tables of up to
// kMostHeldRows rows, and behind it for larger ones, whose memory would else be needed twice at
// once; the result is the same. REQUIRES: the runs are selected. Errors of the champion's segments,
// and of the parts that it is put together from.
absl::StatusOr<Insight> InsightOf(StageRun* run, size_t place);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_RUN_INSIGHT_H_
