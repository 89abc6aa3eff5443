#ifndef CAIRN_CLIENT_CLI_COMMANDS_DESCRIBE_DATASET_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DESCRIBE_DATASET_H_

#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// Writes everything about a data set, for people: its head and its aliases. Returns the exit
// code. Formats for programs are the caller's.
absl::StatusOr<int> DescribeDataset(Session& session, const v1::Dataset& dataset);

// Writes everything about a version: head, aliases, tags, parents, files and columns with
// their statistics and small histograms. Long lists end after 20 lines on a terminal.
// Returns the exit code. Errors are those of reading the data set, for its aliases.
absl::StatusOr<int> DescribeDatasetVersion(Session& session, const v1::DatasetVersion& version);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DESCRIBE_DATASET_H_
