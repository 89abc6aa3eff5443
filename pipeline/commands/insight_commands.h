#ifndef CAIRN_PIPELINE_COMMANDS_INSIGHT_COMMANDS_H_
#define CAIRN_PIPELINE_COMMANDS_INSIGHT_COMMANDS_H_

#include <string>
#include <vector>

#include "lib/command_line/command.h"
#include "lib/command_line/settings.h"

namespace cairn::pipeline {

// The commands that show what a run found: their rows of the table, and what they do. Each prints
// its result to stdout and everything else to stderr, and returns the exit code. REQUIRES:
// `settings` are of that command.

// `report RUN`: the page of a run, drawn from what it stored.
command_line::Command ReportRow();
int ReportCommand(const command_line::Settings& settings, const std::string& place);

// `recommend [CUSTOMER|FILE …]`: what to offer to customers.
command_line::Command RecommendRow();
int RecommendCommand(const command_line::Settings& settings,
                     const std::vector<std::string>& customers);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_INSIGHT_COMMANDS_H_
