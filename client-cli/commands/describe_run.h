#ifndef CAIRN_CLIENT_CLI_COMMANDS_DESCRIBE_RUN_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DESCRIBE_RUN_H_

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// Prints everything about a run, for people: its state and lease, parameters, tags, inputs,
// outputs, each metric with its latest, least and greatest value, the number of its points and
// its shape, and the runs nested in it. Formats for programs are the caller's.
//
// On a terminal each list ends after 20 lines (or --limit) with a line that says how many
// there are; with --all, -o wide and where the output is no terminal none does. The shapes
// of the metrics that are shown are read 8 at a time. Errors are the server's.
absl::StatusOr<int> DescribeRun(Session& session, const v1::Run& run);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DESCRIBE_RUN_H_
