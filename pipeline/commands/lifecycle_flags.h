#ifndef CAIRN_PIPELINE_COMMANDS_LIFECYCLE_FLAGS_H_
#define CAIRN_PIPELINE_COMMANDS_LIFECYCLE_FLAGS_H_

#include "absl/status/statusor.h"
#include "lib/command_line/settings.h"
#include "pipeline/lifecycle/retrain.h"
#include "pipeline/stages/config.h"

namespace cairn::pipeline {

// What the commands of lifecycle_commands.h have in common.

// The configuration from --config, --set and --threads. Errors as ConfigFromFlags.
absl::StatusOr<PipelineConfig> LifecycleConfig(const command_line::Settings& settings);

// What became of one turn, on stdout: drift, decision and reasons, a line each.
void PrintTurn(const RetrainResult& result);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_LIFECYCLE_FLAGS_H_
