#ifndef CAIRN_PIPELINE_STAGES_TRAINING_STAGES_H_
#define CAIRN_PIPELINE_STAGES_TRAINING_STAGES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/stages/stage_graph.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {

// The stages `sweep` and `evaluate`: from the preparation to RunOutcome::runs, trained and then
// measured. An entry of `evaluate` stands for both.

// A k that the customers cannot fill is no run; that is said, also when the runs are cached.
std::string SweepSettings(const PipelineConfig& config);
// Its settings leave sharing out, because that changes no result.
StageWork SweepWork();

// Which runs stand for their k, and so keep silhouettes and are measured on all customers.
std::string EvaluateSettings(const PipelineConfig& config);
// Each run is published once it is measured; those that stand for their k once their evidence is.
StageWork EvaluateWork();

// Tells the progress of a stage that fits k-means. `stage` is a literal; `run` must outlive it.
CountWatch TellStarts(const StageRun* run, std::string_view stage);

// What runs on a server are found again by. From the key of `evaluate` and the label, without the
// champion: the same data and settings are the same sweep on any machine and whatever was promoted
// since.
std::string SweepKey(const StageRun& run);

// Has the run follow the champion that its request names, or else the one that `find` finds for its
// sweep; none where `find` is empty. A run and its plan call this alike, before any stage. Errors
// of `find`.
absl::Status FollowChampion(const ChampionFinder& find, StageRun* run);

// model.cairnseg and labels.csv of a training run. INTERNAL when the model cannot be written.
absl::StatusOr<std::string> ModelOf(StageRun* run, const TrainingRun& training);
std::string LabelsOf(StageRun* run, const TrainingRun& training);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_TRAINING_STAGES_H_
