#ifndef CAIRN_PIPELINE_STAGES_OUTLIERS_STAGE_H_
#define CAIRN_PIPELINE_STAGES_OUTLIERS_STAGE_H_

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `outliers`: from the features to RunOutcome::outliers and outliers.csv. Its
// settings are OutlierTreatment (config.h). Errors are those of FindOutliers.
// outliers.csv has every customer, with its score.
StageWork OutliersWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_OUTLIERS_STAGE_H_
