#ifndef CAIRN_PIPELINE_STAGES_CACHED_VALUES_H_
#define CAIRN_PIPELINE_STAGES_CACHED_VALUES_H_

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/preparation.h"
#include "pipeline/stages/stage_record.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// The values that the stage cache keeps, as bytes and back. Each carries the records of the
// stages that led to it, so that stages.json of a later run tells their counts. Decoding returns
// false for bytes that do not fit and then leaves its results unspecified. Pure functions.

// The records alone, for values that are kept elsewhere. What is read back is marked `cached`.
void PutRecords(const std::vector<StageRecord>& records, ByteWriter* out);
std::vector<StageRecord> GetRecords(ByteReader* in);

struct CachedFeatures {
  FeatureMatrix features;
  std::vector<StageRecord> records;  // load … features
};
std::string EncodeFeatures(const CachedFeatures& value);
bool DecodeFeatures(std::string_view bytes, CachedFeatures* value);

std::string EncodeCorrelations(const Correlations& value, const StageRecord& record);
bool DecodeCorrelations(std::string_view bytes, Correlations* value, StageRecord* record);

std::string EncodeOutliers(const OutlierResult& value, const StageRecord& record);
bool DecodeOutliers(std::string_view bytes, OutlierResult* value, StageRecord* record);

// Records of `scale` and `pca`.
std::string EncodePreparation(const Preparation& value, const std::vector<StageRecord>& records);
bool DecodePreparation(std::string_view bytes, Preparation* value,
                       std::vector<StageRecord>* records);

// Records of `sweep` and `evaluate`. Runs that share an outcome share it again when decoded.
std::string EncodeRuns(const std::vector<TrainingRun>& runs,
                       const std::vector<StageRecord>& records);
bool DecodeRuns(std::string_view bytes, std::vector<TrainingRun>* runs,
                std::vector<StageRecord>* records);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CACHED_VALUES_H_
