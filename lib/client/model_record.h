#ifndef CAIRN_LIB_CLIENT_MODEL_RECORD_H_
#define CAIRN_LIB_CLIENT_MODEL_RECORD_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/client/model_directory.h"

namespace cairn::client {

// The text of epochs/N.json, which says what a folder of a ModelDirectory holds, for programs in
// any language. Internal to lib/client. Both are pure and leave the model's path out.
//
//   {"channel": "models/m/channels/production", "version": "models/m/versions/3", "epoch": 12,
//    "sha256": "…", "decision": "…", "files": [{"path": "…", "sha256": "…", "size": 12}]}
std::string RecordText(const KeptModel& model);

// DATA_LOSS (MODEL_MALFORMED) for a text that RecordText did not write, also for files whose
// paths lead out of the folder.
absl::StatusOr<KeptModel> ParseRecord(std::string_view text);

// Hashes every file that the model names, below its path. DATA_LOSS (BLOB_CORRUPT) names the
// first that is absent or another one, also when the files together have not the sha256 of the
// head.
absl::Status VerifyFiles(const KeptModel& model);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_MODEL_RECORD_H_
