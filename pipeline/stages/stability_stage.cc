#include "pipeline/stages/stability_stage.h"

#include "lib/base/status_macros.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/selection.h"
#include "pipeline/stages/stage_run.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {
namespace {

absl::Status ComputeStability(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  const PipelineConfig& config = run->config();
  SweepOptions options = {config.sweep.tol, config.sweep.sharing, config.threads};
  options.started = TellStarts(run, "stability");
  CAIRN_ASSIGN_OR_RETURN(
      outcome.stability,
      MeasureStability(MakeSweepInput(outcome.preparation, outcome.outliers), outcome.runs,
                       RepresentativeRuns(outcome.runs, config.registration.min_share), options));
  int64_t extra = 0;
  for (const auto& [k, stability] : outcome.stability) extra += stability.extra_fits;
  record->rows_in = static_cast<int64_t>(outcome.runs.size());
  record->rows_out = static_cast<int64_t>(outcome.stability.size());
  record->counts = {{"extra_fits", extra}};
  return absl::OkStatus();
}

EncodeJob KeepStability(StageRun* run, const std::vector<StageRecord>& records) {
  return Encoded(EncodeStability(run->outcome().stability, records.back()));
}

bool TakeStability(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  records->resize(1);
  return DecodeStability(bytes, &run->outcome().stability, &records->front());
}

}  // namespace

StageWork StabilityWork() {
  StageWork work;
  work.compute = ComputeStability;
  work.encode = KeepStability;
  work.forms = {{"", TakeStability}};
  return work;
}

}  // namespace cairn::pipeline
