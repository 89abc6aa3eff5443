#include "pipeline/stages/features_stage.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/degenerate.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

absl::Status ComputeFeaturesStage(StageRun* run, StageRecord* record) {
  const PipelineConfig& config = run->config();
  CAIRN_ASSIGN_OR_RETURN(const TransactionTable* table, CleanedTransactions(run));
  FeatureMatrix& features = run->outcome().features;
  CAIRN_ASSIGN_OR_RETURN(features, ComputeFeatures(*table, config.features, config.threads,
                                                   config.cleaning.home_country));
  record->rows_in = static_cast<int64_t>(table->rows());
  record->rows_out = features.values.rows();
  GiveUpTransactions(run);
  return absl::OkStatus();
}

absl::Status SettleFeatures(StageRun* run, StageRecord* record) {
  record->digest = Sha256Hex(run->Write("features.csv", FeaturesCsv(run->outcome().features)));
  return absl::OkStatus();
}

absl::Status FollowFeatures(StageRun* run, const StageRecord&) {
  const FeatureMatrix& features = run->outcome().features;
  return CheckCustomerCount(features.customer_ids, features.customer_names, "with all features");
}

EncodeJob KeepFeatures(StageRun* run, std::vector<StageRecord> records) {
  return Encoded(EncodeFeatures({run->outcome().features, std::move(records)}));
}

bool TakeFeatures(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  CachedFeatures value;
  if (!DecodeFeatures(bytes, &value) || value.records.empty()) return false;
  run->outcome().features = std::move(value.features);
  records->push_back(std::move(value.records.back()));
  return true;
}

}  // namespace

std::string FeaturesSettings(const PipelineConfig& config) {
  return fmt::format("{};home_country={}", FeaturePresetName(config.features),
                     config.cleaning.home_country);
}

const std::string& FeaturesSha256(const StageRun& run) { return run.RecordOf("features").digest; }

StageWork FeaturesWork() {
  StageWork work;
  work.compute = ComputeFeaturesStage;
  work.settle = SettleFeatures;
  work.follow = FollowFeatures;
  work.encode = KeepFeatures;
  work.forms = {{"", TakeFeatures}};
  return work;
}

}  // namespace cairn::pipeline
