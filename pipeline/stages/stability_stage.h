#ifndef CAIRN_PIPELINE_STAGES_STABILITY_STAGE_H_
#define CAIRN_PIPELINE_STAGES_STABILITY_STAGE_H_

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `stability`: from the evaluated runs to RunOutcome::stability. A stage of its own, so
// that what it measures is no part of the runs: neither their values nor the key of a sweep on a
// server depend on it. Its counts say how many fits it made that are no runs.
StageWork StabilityWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STABILITY_STAGE_H_
