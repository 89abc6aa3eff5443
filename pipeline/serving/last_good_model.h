#ifndef CAIRN_PIPELINE_SERVING_LAST_GOOD_MODEL_H_
#define CAIRN_PIPELINE_SERVING_LAST_GOOD_MODEL_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/client/model_directory.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// Models on the disk of a program that serves.
//
// A follower's directory shows the head of its channel, whole and verified; but a head may still
// be nothing that this release can read. So the model that was served last is kept beside it:
//
//   DIR/good-SHA256.cairnseg   the file
//   DIR/good                   one line: its SHA-256 and the version's name
//
// `good` is replaced after the file is on the disk, so whatever crashes, it names a whole one.

// Reads the model of a version that a follower shows, and checks it against its digest.
//   NOT_FOUND (ARTIFACT_NOT_FOUND)        the version has no model.cairnseg
//   DATA_LOSS (BLOB_CORRUPT)              the file is not what was fetched
//   INVALID_ARGUMENT (MODEL_MALFORMED)    as ServedModel::Load
absl::StatusOr<ModelPtr> LoadShown(const client::KeptModel& shown, int64_t now_unix_nanos);

// Keeps a model that is served, whose file is that of `shown`, and lets go of the one before. Does
// nothing where it is kept already. Errors are the system's; what was kept stays then.
absl::Status KeepGood(const std::string& directory, const ServedModel& model,
                      const client::KeptModel& shown);

// The model that was kept. NOT_FOUND where there is none; else errors as LoadShown.
absl::StatusOr<ModelPtr> LoadGood(const std::string& directory, int64_t now_unix_nanos);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_LAST_GOOD_MODEL_H_
