#ifndef CAIRN_PIPELINE_STAGES_PROFILE_STAGE_H_
#define CAIRN_PIPELINE_STAGES_PROFILE_STAGE_H_

#include <string>

#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

// The stage `profile`: what the customers of the chosen run's segments are like, what to recommend
// to each, where they were before, and all that a report shows. Fills RunOutcome::report and
// customers_csv; writes profiles.json, customers.csv, report.json and report.html, and keeps
// profiles, customers and report with the chosen run on the server, charts too. What it computes
// for the files of one run is quick beside the sweep.

// The champion, from whose segments customers migrate.
std::string ProfileSettings(const PipelineConfig& config);
StageWork ProfileWork();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_PROFILE_STAGE_H_
