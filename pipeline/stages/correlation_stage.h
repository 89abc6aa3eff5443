#ifndef CAIRN_PIPELINE_STAGES_CORRELATION_STAGE_H_
#define CAIRN_PIPELINE_STAGES_CORRELATION_STAGE_H_

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stages `correlation`, from the features of all customers to RunOutcome::correlations and
// correlation.csv, and `correlation_prepared`, from the scaled rows that are trained on to
// RunOutcome::prepared_correlations and correlation_prepared.csv. They have no settings. Nothing is
// made from them: they are for people who judge the features. The second is what k-means sees: an
// outlier or a long tail makes a correlation of raw values that is none of most customers. Kept in
// the cache with their records.
StageWork CorrelationWork();
StageWork PreparedCorrelationWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CORRELATION_STAGE_H_
