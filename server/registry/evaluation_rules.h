#ifndef CAIRN_SERVER_REGISTRY_EVALUATION_RULES_H_
#define CAIRN_SERVER_REGISTRY_EVALUATION_RULES_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/evaluations.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// What an evaluation must be that a client reports. Pure but for reading.
//
// The evaluation as it would be recorded, without what depends on its version: fields that only the
// server fills in are dropped, names are canonical, definitions and the digest of the data set are
// there, the source is REPORTED and the state FINAL unless it is asked to be OPEN. `field` is what
// errors call it. Adds to `write_set` that its data set version is used from now on.
//
// - INVALID_ARGUMENT (NAME_INVALID, VALUE_INVALID, TOO_LARGE, FIELD_REQUIRED)
// - INVALID_ARGUMENT (EVIDENCE_CONTRADICTS_RUN): its run has points of a metric, and a value is
//   neither the latest nor the smallest nor the greatest of them
// - NOT_FOUND (DATASET_VERSION_NOT_FOUND, RUN_NOT_FOUND, MODEL_VERSION_NOT_FOUND)
absl::StatusOr<cairn::v1::Evaluation> CheckReported(const storage::Snapshot& snapshot,
                                                    std::string_view field,
                                                    const cairn::v1::Evaluation& asked,
                                                    storage::WriteSet& write_set);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_EVALUATION_RULES_H_
