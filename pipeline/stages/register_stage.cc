#include "pipeline/stages/register_stage.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/model/digests.h"
#include "lib/model/model_file.h"
#include "pipeline/stages/chart_pngs.h"
#include "pipeline/stages/foreign_formats.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {
namespace {

std::vector<std::pair<std::string, double>> EvidenceOf(const RunOutcome& outcome, size_t index) {
  const TrainingRun& training = outcome.runs[index];
  auto evidence = EvidenceMetrics(training);
  evidence.emplace_back("cluster_count", training.point.k);
  for (const SelectionRow& row : outcome.selection.rows) {
    if (row.run == index && row.stability) {
      evidence.emplace_back("stability_ari", row.stability->rand_index);
    }
  }
  return evidence;
}

absl::Status PublishVersion(StageRun* run, size_t index) {
  const RunOutcome& outcome = run->outcome();
  const TrainingRun& training = outcome.runs[index];
  VersionDraft draft;
  draft.run = index;
  CAIRN_ASSIGN_OR_RETURN(draft.model, ModelOf(run, training));
  draft.evidence = EvidenceOf(outcome, index);
  CAIRN_ASSIGN_OR_RETURN(const auto model, model::ParseModel(draft.model));
  CAIRN_ASSIGN_OR_RETURN(draft.formats, ForeignFormats(model, outcome.report.profiles.last_day));
  draft.preparation = model::PreparationDigest(model, OutlierTreatment(run->config()));
  draft.evaluation_space = outcome.preparation.base.evaluation_space();
  draft.feature_schema = outcome.preparation.base.feature_schema();
  draft.description = fmt::format("{} segments, preset {}, {}", training.point.k,
                                  run->config().preset, training.point.Id());
  return run->publisher()->AddVersion(std::move(draft));
}

absl::Status ComputeRegister(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  for (const size_t index : outcome.selection.versions) {
    CAIRN_RETURN_IF_ERROR(PublishVersion(run, index));
  }
  CAIRN_RETURN_IF_ERROR(FinishPngs(run, &record->notes));
  CAIRN_ASSIGN_OR_RETURN(outcome.published, run->publisher()->Finish());
  const auto versions = static_cast<int64_t>(outcome.published.versions.size());
  record->rows_in = static_cast<int64_t>(outcome.runs.size());
  record->rows_out = versions;
  record->bytes_transferred = outcome.published.bytes_transferred;
  record->counts = {{"runs_created", outcome.published.runs_created},
                    {"runs_found", outcome.published.runs_found},
                    {"versions", versions}};
  return absl::OkStatus();
}

}  // namespace

StageWork RegisterWork() {
  StageWork work;
  work.compute = ComputeRegister;
  work.needs_publisher = true;
  return work;
}

}  // namespace cairn::pipeline
