#ifndef CAIRN_PIPELINE_STAGES_FEATURES_STAGE_H_
#define CAIRN_PIPELINE_STAGES_FEATURES_STAGE_H_

#include <string>

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `features`: from the cleaned table to RunOutcome::features and
// features.csv. Its settings are the preset and the home country: all that can change a
// feature.
std::string FeaturesSettings(const PipelineConfig& config);
StageWork FeaturesWork();

// The digest of features.csv, once the stage was recorded. Models name it as what they
// were trained on. REQUIRES: it was.
const std::string& FeaturesSha256(const StageRun& run);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_FEATURES_STAGE_H_
