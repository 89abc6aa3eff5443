#ifndef CAIRN_PIPELINE_COMMANDS_FLAG_TABLE_H_
#define CAIRN_PIPELINE_COMMANDS_FLAG_TABLE_H_

#include "lib/command_line/command.h"

namespace cairn::pipeline {

// Every command and flag of cairn-pipeline. `run`, `sweep` and `plan` have one set of flags, so
// that `plan` says what `run` would do. Built once; lives as long as the process, and any thread
// may read it. What a flag means for the computation is told by the configuration that it becomes
// (flags.h). Help, completion and the names of variables come from it.
const command_line::CommandTable& PipelineTable();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_FLAG_TABLE_H_
