#ifndef CAIRN_PIPELINE_STAGES_RUNNER_H_
#define CAIRN_PIPELINE_STAGES_RUNNER_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/report/report_data.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/preparation.h"
#include "pipeline/stages/publisher.h"
#include "pipeline/stages/selection.h"
#include "pipeline/stages/stability.h"
#include "pipeline/stages/stage_graph.h"
#include "pipeline/stages/stage_progress.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// One run of the pipeline, from a file of transactions to selected segments.

// What is asked for. Checked where it comes from (CheckConfig); unknown stages are
// refused by the run.
struct RunRequest {
  std::string data;  // The transactions, any form LoadTransactions takes; read once.
  std::string out;   // Folder for results and the stage cache; empty for none.
  PipelineConfig config;
  std::string from;    // This stage and all after it are computed again; empty for none.
  std::string only;    // Nothing after this stage is done, and it is computed; empty for none.
  bool force = false;  // Every stage is computed again.
  // Whose segments lend numbers and names where there is no publisher to ask, or instead of its
  // answer.
  std::optional<Champion> champion;
};

// Told what happens. Any of them may be empty. They are called between pieces of work and should be
// quick; all but `progress` on the calling thread.
struct RunObserver {
  // A stage is done. In the order of the graph, those from the cache as well.
  std::function<void(const StageRecord&)> stage;
  // A stage began to be computed, or came further.
  StageWatch progress;
  // Something was decided about the input, or deserves a warning: one line without its end.
  std::function<void(const std::string& line)> input;
};

// What came of it. Stages that were not reached leave their part empty. For a large
// input it is large: move it.
struct RunOutcome {
  std::vector<StageRecord> stages;
  Digest input;  // Of the file as given.
  FeatureMatrix features;
  OutlierResult outliers;
  Correlations correlations;  // Of the features of all customers.
  Preparation preparation;
  Correlations prepared_correlations;  // Of the rows that are trained on.
  std::vector<TrainingRun> runs;
  StabilityByK stability;
  Selection selection;
  ReportData report;          // What the stage `profile` came to.
  std::string customers_csv;  // Of the same.
  bool selected = false;      // Whether the stage `select` was reached.
  PublishSummary published;
  std::string sweep_key;
};

// Runs the stages. Whatever `request.out` promises is written: stages.json, transactions.csv,
// rejects.csv, features.csv, correlation.csv, outliers.csv, prepared.csv, components.csv,
// correlation_prepared.csv, runs.json, selection.json, and labels.csv, outlier_segments.csv and
// model.cairnseg of the chosen run; rejects.csv also when too many rows are bad. With a
// `publisher`, everything is handed to it as it comes into being. `publisher` may be null; it must
// outlive the call.
//
// Errors are those of LoadTransactions, ComputeFeatures, the stages, the file system (FILE_ERROR)
// and the publisher. INVALID_ARGUMENT (VALUE_INVALID) for an unknown stage.
absl::StatusOr<RunOutcome> RunPipeline(const RunRequest& request, const RunObserver& observer,
                                       Publisher* publisher);

// What a stage would do, without doing anything. `stage` is a row of StageGraph();
// `key` is its StageKey.
struct PlanLine {
  const StageInfo* stage;
  std::string key;
  // "run", "cached" or "skip".
  std::string action;
};

// Finds whom the runs of a sweep follow, as Publisher::FindChampion does once the sweep has begun.
using ChampionFinder =
    std::function<absl::StatusOr<std::optional<Champion>>(const std::string& sweep_key)>;

// What a run would do.
struct PipelinePlan {
  std::vector<PlanLine> stages;  // One for each stage, in order.
  std::string follows;           // Version whose numbers and names segments keep; empty for none.
};

// Made by the decisions of the run itself (stage_walk.h). Reads the file of transactions for its
// digest, and what the cache holds; errors are those of reading the file, and of `find`. Nothing is
// written. `find` is that of the server that would keep the results: keys of stages that number
// segments depend on whom they follow. Empty without a server, and then stages that need a
// publisher are skipped.
absl::StatusOr<PipelinePlan> PlanPipeline(const RunRequest& request, const ChampionFinder& find);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_RUNNER_H_
