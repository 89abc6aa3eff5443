#ifndef CAIRN_PIPELINE_STAGES_REGISTER_STAGE_H_
#define CAIRN_PIPELINE_STAGES_REGISTER_STAGE_H_

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `register`: model versions, and RunOutcome::published once everything is
// durable. The only stage that waits for the server. It needs a publisher and is left
// out without one. It is never kept: the server itself finds again what it has.
StageWork RegisterWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_REGISTER_STAGE_H_
