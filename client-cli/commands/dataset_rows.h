#ifndef CAIRN_CLIENT_CLI_COMMANDS_DATASET_ROWS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DATASET_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// Compares the rows of one CSV file (`.csv`, `.csv.zst`) of each version by the values of
// `key_columns`. `file` is its path in the versions; empty when there is only one. Fetches
// the files, verified, into temporary ones that are gone at the end.
//
// INVALID_ARGUMENT (VALUE_INVALID) when a version has no such file, or several and none is
// named, or a key column is missing; the errors of fetching and of DiffRows.
absl::StatusOr<v1::RowChanges> CompareRows(Session& session, const v1::DatasetVersion& from,
                                           const v1::DatasetVersion& to, const std::string& file,
                                           const std::vector<std::string>& key_columns);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DATASET_ROWS_H_
