#ifndef CAIRN_PIPELINE_COMMANDS_LIFECYCLE_COMMANDS_H_
#define CAIRN_PIPELINE_COMMANDS_LIFECYCLE_COMMANDS_H_

#include <string>

#include "lib/command_line/command.h"
#include "lib/command_line/settings.h"

namespace cairn::pipeline {

// The commands for the time after a first training: their rows of the table, and what they do. Each
// prints its result to stdout and everything else to stderr, and returns the exit code. REQUIRES:
// `settings` are of that command.

// `drift`: compares customers with a reference, and a model with both.
command_line::Command DriftRow();
int DriftCommand(const command_line::Settings& settings);

// `retrain`: one turn of drift, training, registration and decision.
command_line::Command RetrainRow();
int RetrainCommand(const command_line::Settings& settings);

// `backfill`: such a turn for each month of a file.
command_line::Command BackfillRow();
int BackfillCommand(const command_line::Settings& settings);

// `schedule`: such a turn by the clock, or for each new version of a data set.
command_line::Command ScheduleRow();
int ScheduleCommand(const command_line::Settings& settings);

// `ingest`: fetches transactions and keeps them as a version of a data set.
command_line::Command IngestRow();
int IngestCommand(const command_line::Settings& settings, const std::string& source);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_LIFECYCLE_COMMANDS_H_
