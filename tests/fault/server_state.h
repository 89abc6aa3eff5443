#ifndef CAIRN_TESTS_FAULT_SERVER_STATE_H_
#define CAIRN_TESTS_FAULT_SERVER_STATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/client/client.h"

namespace cairn::testing {

// All that a pipeline leaves on a server, a sorted line or more for each thing: runs with their
// metrics and files, versions of `datasets` and of `model` with the evaluations that were reported,
// and what the channel `production` serves and why.
//
// Two servers that were given the same answer the same lines: times, durations, revisions and the
// digests of reports, which tell durations, are left out, and ids that a server draws are replaced
// by what they stand for. Decisions that changed nothing, and what was measured for a decision, are
// left out too: they say only that somebody asked. A thing that is there twice has its line twice.
absl::StatusOr<std::vector<std::string>> ServerState(client::Client& client,
                                                     const std::vector<std::string>& datasets,
                                                     const std::string& model);

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_FAULT_SERVER_STATE_H_
