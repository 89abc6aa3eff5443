#ifndef CAIRN_PIPELINE_STAGES_SELECT_STAGE_H_
#define CAIRN_PIPELINE_STAGES_SELECT_STAGE_H_

#include <string>

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `select`: from the runs to RunOutcome::selection, selection.json, and labels.csv,
// outlier_segments.csv and model.cairnseg of the chosen run; publishes the outliers, which have
// their segments only now. It is quick and never kept. Its settings are the rules that a k has to
// pass, and nothing that only names things.
std::string SelectSettings(const PipelineConfig& config);
// Errors are those of SelectK.
StageWork SelectWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_SELECT_STAGE_H_
