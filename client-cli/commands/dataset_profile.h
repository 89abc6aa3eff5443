#ifndef CAIRN_CLIENT_CLI_COMMANDS_DATASET_PROFILE_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DATASET_PROFILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cairn/v1/datasets.pb.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// Fills in columns, their statistics and the row count of a version that is to be made of
// `paths`, if they are a single `.csv` or `.csv.zst` file and --no-profile is not given.
// A file that is no proper CSV is stored without them, with a hint why. Statistics that
// would not fit into a request are left out, the frequent texts first.
//
// INVALID_ARGUMENT when --rows is given and is not the number of rows; the errors of
// reading the file.
absl::Status AttachProfile(Session& session, const std::vector<std::string>& paths,
                           v1::DatasetVersion& version);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DATASET_PROFILE_H_
