#ifndef CAIRN_PIPELINE_STAGES_CACHED_VALUES_H_
#define CAIRN_PIPELINE_STAGES_CACHED_VALUES_H_

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/preparation.h"
#include "pipeline/stages/stability.h"
#include "pipeline/stages/stage_record.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// The values that the stage cache keeps, as bytes and back. Each carries the records of the
// stages that led to it, so that stages.json of a later run tells their counts. Decoding returns
// false for bytes that do not fit and then leaves its results unspecified. Pure functions.

// The records alone, for values that are kept elsewhere. What is read back is marked
// `cached`. A list of records is its length and then each record.
void PutRecords(const std::vector<StageRecord>& records, ByteWriter* out);
// Errors show in `in`.
std::vector<StageRecord> GetRecords(ByteReader* in);

// What the stage `features` came to.
struct CachedFeatures {
  FeatureMatrix features;
  std::vector<StageRecord> records;  // load … features
};
// Names of customers are kept only where ids stand for texts.
std::string EncodeFeatures(const CachedFeatures& value);
// Also false if the shape does not fit the customers and kFeatureCount.
bool DecodeFeatures(std::string_view bytes, CachedFeatures* value);

// Both matrices, NaN included.
std::string EncodeCorrelations(const Correlations& value, const StageRecord& record);
bool DecodeCorrelations(std::string_view bytes, Correlations* value, StageRecord* record);

// Rows kept and removed, with the scores of all.
std::string EncodeOutliers(const OutlierResult& value, const StageRecord& record);
bool DecodeOutliers(std::string_view bytes, OutlierResult* value, StageRecord* record);

// By k, ascending.
std::string EncodeStability(const StabilityByK& value, const StageRecord& record);
bool DecodeStability(std::string_view bytes, StabilityByK* value, StageRecord* record);

// Records of `scale` and `pca`. The model is kept as its own bytes.
std::string EncodePreparation(const Preparation& value, const std::vector<StageRecord>& records);
bool DecodePreparation(std::string_view bytes, Preparation* value,
                       std::vector<StageRecord>* records);

// Records of `sweep` and `evaluate`. Runs that share an outcome share it again when
// decoded. An outcome that several runs share is written once.
std::string EncodeRuns(const std::vector<TrainingRun>& runs,
                       const std::vector<StageRecord>& records);
bool DecodeRuns(std::string_view bytes, std::vector<TrainingRun>* runs,
                std::vector<StageRecord>* records);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CACHED_VALUES_H_
