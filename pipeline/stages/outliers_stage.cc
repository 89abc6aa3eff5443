#include "pipeline/stages/outliers_stage.h"

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/degenerate.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {
namespace {

absl::Status ComputeOutliers(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_ASSIGN_OR_RETURN(outcome.outliers, FindOutliers(outcome.features, run->config()));
  record->rows_in = outcome.features.values.rows();
  record->rows_out = static_cast<int64_t>(outcome.outliers.kept.size());
  record->counts = {{"outliers", static_cast<int64_t>(outcome.outliers.removed.size())}};
  return absl::OkStatus();
}

absl::Status SettleOutliers(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  record->digest =
      Sha256Hex(run->Write("outliers.csv", OutliersCsv(outcome.features, outcome.outliers)));
  return absl::OkStatus();
}

absl::Status FollowOutliers(StageRun* run, const StageRecord&) {
  const FeatureMatrix& features = run->outcome().features;
  return CheckCustomerCount(SelectIds(features.customer_ids, run->outcome().outliers.kept),
                            features.customer_names, "without outliers");
}

EncodeJob KeepOutliers(StageRun* run, std::vector<StageRecord> records) {
  return Encoded(EncodeOutliers(run->outcome().outliers, records.back()));
}

bool TakeOutliers(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  records->resize(1);
  return DecodeOutliers(bytes, &run->outcome().outliers, &records->front());
}

}  // namespace

StageWork OutliersWork() {
  StageWork work;
  work.compute = ComputeOutliers;
  work.settle = SettleOutliers;
  work.follow = FollowOutliers;
  work.encode = KeepOutliers;
  work.forms = {{"", TakeOutliers}};
  return work;
}

}  // namespace cairn::pipeline
