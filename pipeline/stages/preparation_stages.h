#ifndef CAIRN_PIPELINE_STAGES_PREPARATION_STAGES_H_
#define CAIRN_PIPELINE_STAGES_PREPARATION_STAGES_H_

#include <string>

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stages `scale` and `pca`: from features and outliers to RunOutcome::preparation,
// prepared.csv and components.csv. An entry of `pca` stands for both. The setting of
// `scale` is the scaling of each column, in order.
std::string ScaleSettings(const PipelineConfig& config);
// Writes prepared.csv.
StageWork ScaleWork();

// Those of `pca`: the share of variance and the bounds of the number of components.
std::string PcaSettings(const PipelineConfig& config);
// Publishes all data sets once there is something to train on.
StageWork PcaWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_PREPARATION_STAGES_H_
