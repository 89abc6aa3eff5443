#ifndef CAIRN_PIPELINE_LIFECYCLE_CHAMPION_FEATURES_H_
#define CAIRN_PIPELINE_LIFECYCLE_CHAMPION_FEATURES_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/client/client.h"
#include "pipeline/data/features.h"

namespace cairn::pipeline {

// A data set version and the customers' features in it.
struct StoredFeatures {
  std::string dataset_version;  // Resource name.
  FeatureMatrix features;
};

// Reads a data set version that is a table of features: its only file, or the one that is called
// features.csv. `name` is a resource name, `datasets/D/versions/3`. The bytes are verified.
//
// NOT_FOUND of the server; NOT_FOUND (ARTIFACT_NOT_FOUND) when no file can be it; errors of
// ParseFeaturesCsv.
absl::StatusOr<StoredFeatures> FetchFeatures(client::Client& client, const std::string& name);

// The features that a model version was trained on. FAILED_PRECONDITION (VALUE_INVALID) when the
// version names no training data set. Otherwise as FetchFeatures.
absl::StatusOr<StoredFeatures> FetchTrainingFeatures(client::Client& client,
                                                     const std::string& model_version);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_CHAMPION_FEATURES_H_
