#ifndef CAIRN_PIPELINE_STAGES_RUN_RECORD_H_
#define CAIRN_PIPELINE_STAGES_RUN_RECORD_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/stages/config.h"
#include "pipeline/stages/selection.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// A training run and the table of k as people and the server see them. Pure functions.

// Parameters of a run: its point of the grid and the preparation it rests on. Equal for equal
// configurations, whatever the machine.
std::map<std::string, std::string> RunParams(const TrainingRun& run, const PipelineConfig& config);

// The four indices and the shares on the training rows by their plain names, the same on all
// customers with the prefix `all_`. Values that were not measured are left out.
std::vector<std::pair<std::string, double>> IndexMetrics(const TrainingRun& run);

// IndexMetrics, the iterations and the timings in seconds: what is logged.
std::vector<std::pair<std::string, double>> RunMetrics(const TrainingRun& run);

// What a model version's evidence says: the indices on all customers by their plain names.
std::vector<std::pair<std::string, double>> EvidenceMetrics(const TrainingRun& run);

// runs.json: one object for each run with `name`, `run` (the server's resource name or null),
// `params`, `metrics`, `seconds`, `shared_from`, `version`. `resource_names` has one entry per
// run or is empty.
std::string RunsJson(const std::vector<TrainingRun>& runs, const PipelineConfig& config,
                     const Selection& selection, const std::vector<std::string>& resource_names);

// selection.json: the rows of the table, elbow, chosen k and reason.
std::string SelectionJson(const std::vector<TrainingRun>& runs, const Selection& selection);

// The table of k for people, one line per k under a header, the chosen one marked.
std::string SelectionTable(const std::vector<TrainingRun>& runs, const Selection& selection);

// The runs by silhouette on their training rows, best first, at most `limit` of them, as a table
// with header. Equal clusterings of one k are shown once, with how many runs came to them.
std::string LeaderboardTable(const std::vector<TrainingRun>& runs, size_t limit);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_RUN_RECORD_H_
