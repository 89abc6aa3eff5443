#include "pipeline/stages/correlation_stage.h"

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {
namespace {

absl::Status ComputeCorrelation(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_ASSIGN_OR_RETURN(outcome.correlations, CorrelateFeatures(outcome.features));
  record->rows_in = outcome.features.values.rows();
  record->rows_out = kFeatureCount;
  return absl::OkStatus();
}

absl::Status SettleCorrelation(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  record->digest = Sha256Hex(run->Write(
      "correlation.csv", CorrelationCsv(outcome.features.columns, outcome.correlations)));
  return absl::OkStatus();
}

EncodeJob KeepCorrelation(StageRun* run, std::vector<StageRecord> records) {
  return Encoded(EncodeCorrelations(run->outcome().correlations, records.back()));
}

bool TakeCorrelation(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  records->resize(1);
  return DecodeCorrelations(bytes, &run->outcome().correlations, &records->front());
}

}  // namespace

StageWork CorrelationWork() {
  StageWork work;
  work.compute = ComputeCorrelation;
  work.settle = SettleCorrelation;
  work.encode = KeepCorrelation;
  work.forms = {{"", TakeCorrelation}};
  return work;
}

}  // namespace cairn::pipeline
