#include "pipeline/stages/select_stage.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/publish_datasets.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {
namespace {

absl::Status ComputeSelect(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_ASSIGN_OR_RETURN(outcome.selection,
                         SelectK(outcome.runs, run->config(), outcome.stability));
  outcome.selected = true;
  record->rows_in = static_cast<int64_t>(outcome.runs.size());
  record->rows_out = static_cast<int64_t>(outcome.selection.versions.size());
  return absl::OkStatus();
}

absl::Status SettleSelect(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  const Selection& selection = outcome.selection;
  const TrainingRun& chosen = outcome.runs[selection.rows[selection.chosen].run];
  run->out().Write("selection.json", SelectionJson(outcome.runs, selection));
  run->Write(kOutlierSegmentsFile,
             OutlierSegmentsCsv(outcome.features, outcome.outliers,
                                outcome.preparation.all_components, *chosen.fit));
  record->digest = Sha256Hex(run->Write("labels.csv", LabelsOf(run, chosen)));
  CAIRN_ASSIGN_OR_RETURN(std::string model, ModelOf(run, chosen));
  run->out().Write(model::kModelFileName, std::move(model));
  return absl::OkStatus();
}

// Without outliers there is no data set of them.
absl::Status FollowSelect(StageRun* run, const StageRecord&) { return PublishOutliers(run); }

}  // namespace

std::string SelectSettings(const PipelineConfig& config) {
  const auto& s = config.select;
  return fmt::format("k={}..{};share={};silhouette={};davies_bouldin={}", s.min_k, s.max_k,
                     ShortestDouble(s.min_share), ShortestDouble(s.min_silhouette),
                     ShortestDouble(s.max_davies_bouldin));
}

StageWork SelectWork() {
  StageWork work;
  work.compute = ComputeSelect;
  work.settle = SettleSelect;
  work.follow = FollowSelect;
  return work;
}

}  // namespace cairn::pipeline
