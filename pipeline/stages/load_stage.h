#ifndef CAIRN_PIPELINE_STAGES_LOAD_STAGE_H_
#define CAIRN_PIPELINE_STAGES_LOAD_STAGE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/data/load.h"
#include "pipeline/stages/stage_graph.h"
#include "pipeline/stages/stage_progress.h"

namespace cairn::pipeline {

// The stage `load`: from the file to a table (transactions.h) and rejects.csv. Its
// settings are the dialect and the share of bad rows that is let through; the bytes
// themselves are in the key by their digest.
std::string LoadSettings(const PipelineConfig& config);
// Writes rejects.csv in any case, then stops the run if too many rows were bad.
StageWork LoadWork();

// What the stage computes, whatever the share of bad rows. Errors of
// LoadTransactions. Pure; the number of threads never changes the result. `watch` may be empty.
absl::StatusOr<LoadedTransactions> LoadInput(const InputBytes& input, const PipelineConfig& config,
                                             const LoadWatch& watch = {});

// How far the stage is, by how far the input is loaded.
StageProgress LoadStageProgress(const LoadProgress& load);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_LOAD_STAGE_H_
