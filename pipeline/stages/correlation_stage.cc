#include "pipeline/stages/correlation_stage.h"

#include <string>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {
namespace {

// What one of the two stages correlates, and where the result goes.
struct CorrelatedTable {
  const RowMajorMatrix& (*rows)(const RunOutcome&);
  Correlations RunOutcome::*result;
  const char* file;
};

StageWork CorrelationOf(const CorrelatedTable& table) {
  StageWork work;
  work.compute = [table](StageRun* run, StageRecord* record) -> absl::Status {
    RunOutcome& outcome = run->outcome();
    const RowMajorMatrix& rows = table.rows(outcome);
    CAIRN_ASSIGN_OR_RETURN(outcome.*table.result, CorrelateColumns(rows));
    record->rows_in = rows.rows();
    record->rows_out = kFeatureCount;
    return absl::OkStatus();
  };
  work.settle = [table](StageRun* run, StageRecord* record) -> absl::Status {
    const RunOutcome& outcome = run->outcome();
    record->digest = Sha256Hex(
        run->Write(table.file, CorrelationCsv(outcome.features.columns, outcome.*table.result)));
    return absl::OkStatus();
  };
  work.encode = [table](StageRun* run, const std::vector<StageRecord>& records) {
    return Encoded(EncodeCorrelations(run->outcome().*table.result, records.back()));
  };
  work.forms = {
      {"", [table](StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
         records->resize(1);
         return DecodeCorrelations(bytes, &(run->outcome().*table.result), &records->front());
       }}};
  return work;
}

const RowMajorMatrix& AllFeatures(const RunOutcome& outcome) { return outcome.features.values; }

const RowMajorMatrix& PreparedFeatures(const RunOutcome& outcome) {
  return outcome.preparation.prepared;
}

}  // namespace

StageWork CorrelationWork() {
  return CorrelationOf({AllFeatures, &RunOutcome::correlations, "correlation.csv"});
}

StageWork PreparedCorrelationWork() {
  return CorrelationOf(
      {PreparedFeatures, &RunOutcome::prepared_correlations, "correlation_prepared.csv"});
}

}  // namespace cairn::pipeline
