#include "pipeline/stages/preparation_stages.h"

#include <fmt/format.h>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/publish_datasets.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {
namespace {

void CountTrainingRows(const RunOutcome& outcome, StageRecord* record) {
  record->rows_in = static_cast<int64_t>(outcome.outliers.kept.size());
  record->rows_out = record->rows_in;
}

absl::Status ComputeScale(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_ASSIGN_OR_RETURN(outcome.preparation,
                         FitScaling(outcome.features, outcome.outliers, run->config()));
  CountTrainingRows(outcome, record);
  return absl::OkStatus();
}

absl::Status ComputePca(StageRun* run, StageRecord* record) {
  RunOutcome& outcome = run->outcome();
  CAIRN_RETURN_IF_ERROR(
      FitProjection(outcome.features, outcome.outliers, run->config(), &outcome.preparation));
  CountTrainingRows(outcome, record);
  record->counts = {{"components", outcome.preparation.components.cols()}};
  return absl::OkStatus();
}

// One row for each customer that is trained on.
std::string TrainingCsv(const RunOutcome& outcome, const std::vector<std::string>& columns,
                        const RowMajorMatrix& values) {
  return MatrixCsv("CustomerID", SelectIds(outcome.features.customer_ids, outcome.outliers.kept),
                   columns, values, outcome.features.customer_names);
}

absl::Status SettleScale(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  record->digest =
      Sha256Hex(run->Write("prepared.csv", TrainingCsv(outcome, outcome.features.columns,
                                                       outcome.preparation.prepared)));
  return absl::OkStatus();
}

absl::Status SettlePca(StageRun* run, StageRecord* record) {
  const RunOutcome& outcome = run->outcome();
  const Preparation& value = outcome.preparation;
  record->digest = Sha256Hex(
      run->Write("components.csv", TrainingCsv(outcome, ComponentNames(value), value.components)));
  return absl::OkStatus();
}

absl::Status FollowPca(StageRun* run, const StageRecord&) { return PublishDatasets(run); }

EncodeJob KeepPreparation(StageRun* run, const std::vector<StageRecord>& records) {
  return Encoded(EncodePreparation(run->outcome().preparation, records));
}

bool TakePreparation(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  return DecodePreparation(bytes, &run->outcome().preparation, records);
}

StageWork PreparationWork() {
  StageWork work;
  work.encode = KeepPreparation;
  work.forms = {{"", TakePreparation}};
  return work;
}

}  // namespace

std::string ScaleSettings(const PipelineConfig& config) {
  std::string text;
  for (const ColumnScaling scaling : config.scaling) {
    text += fmt::format("{};", ColumnScalingName(scaling));
  }
  return text;
}

StageWork ScaleWork() {
  StageWork work = PreparationWork();
  work.compute = ComputeScale;
  work.settle = SettleScale;
  return work;
}

std::string PcaSettings(const PipelineConfig& config) {
  std::string text = fmt::format("variance={};min={};max={}", ShortestDouble(config.pca.variance),
                                 config.pca.min_components, config.pca.max_components);
  // Without extra ones the key is that of results from before there were any.
  if (config.pca.extra_components > 0) {
    text += fmt::format(";extra={}", config.pca.extra_components);
  }
  return text;
}

StageWork PcaWork() {
  StageWork work = PreparationWork();
  work.compute = ComputePca;
  work.settle = SettlePca;
  work.follow = FollowPca;
  work.kept_from = "scale";
  return work;
}

}  // namespace cairn::pipeline
