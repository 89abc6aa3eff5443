#ifndef CAIRN_PIPELINE_STAGES_CORRELATION_STAGE_H_
#define CAIRN_PIPELINE_STAGES_CORRELATION_STAGE_H_

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `correlation`: from the features to RunOutcome::correlations and
// correlation.csv. It has no settings. Nothing is made from it: it is for people who
// judge the features. Kept in the cache with its record.
StageWork CorrelationWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CORRELATION_STAGE_H_
