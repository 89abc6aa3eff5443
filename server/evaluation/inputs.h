#ifndef CAIRN_SERVER_EVALUATION_INPUTS_H_
#define CAIRN_SERVER_EVALUATION_INPUTS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/digest.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"

namespace cairn::evaluation {

// What a measurement is made from, resolved to digests at one snapshot: the same inputs give the
// same values for ever. Plain values.

// Who measures, with the version of what is measured and how; part of the inputs' digest, so that
// another release that measures otherwise measures again.
inline constexpr std::string_view kEvaluator = "cairn/1";

struct MeasuredModel {
  v1::ModelVersion version;
  cairn::Digest file;  // of its model.cairnseg
};

struct MeasuredData {
  std::string name;  // of the version, as a resource name
  VersionName version;
  std::string sha256;  // of its manifest
  cairn::Digest file;  // of its table
};

struct MeasurementInputs {
  MeasuredModel model;
  MeasuredData data;
  // Measured against it; without one the model is measured in its own space.
  std::optional<MeasuredModel> reference;
  // How many fits its stability is measured from, and nothing else of it; 0: everything else.
  // Never together with a reference.
  int repeats = 0;

  // The digest of everything the evaluation says and depends on.
  std::string Sha256() const;
};

// Reads the inputs of a measurement of the version `name`. `dataset_version` may be empty, for the
// one that the version was trained on, or say an alias or `latest`; `reference_version` may be
// empty.
//
// - INVALID_ARGUMENT (NAME_INVALID)
// - INVALID_ARGUMENT (FIELD_REQUIRED): no data set, and the version does not say what it was
//   trained on
// - INVALID_ARGUMENT (VALUE_INVALID): the reference is the version itself
// - NOT_FOUND (MODEL_VERSION_NOT_FOUND, DATASET_NOT_FOUND, DATASET_VERSION_NOT_FOUND, …)
// - FAILED_PRECONDITION (EVALUATION_UNSUPPORTED): there is not one model.cairnseg, or not one table
absl::StatusOr<MeasurementInputs> ReadInputs(const storage::Snapshot& snapshot,
                                             std::string_view name,
                                             std::string_view dataset_version,
                                             std::string_view reference_version);

// The one file model.cairnseg of a version. FAILED_PRECONDITION (EVALUATION_UNSUPPORTED) where
// there is none, or more than one.
absl::StatusOr<cairn::Digest> ModelFileOf(const v1::ModelVersion& version);

// FAILED_PRECONDITION (EVALUATION_UNSUPPORTED): `resource` cannot be measured for want of
// `missing`, which the metadata names.
absl::Status Unsupported(std::string_view resource, std::string_view missing);

}  // namespace cairn::evaluation

#endif  // CAIRN_SERVER_EVALUATION_INPUTS_H_
