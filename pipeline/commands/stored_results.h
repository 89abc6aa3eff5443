#ifndef CAIRN_PIPELINE_COMMANDS_STORED_RESULTS_H_
#define CAIRN_PIPELINE_COMMANDS_STORED_RESULTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "pipeline/commands/server_flags.h"

namespace cairn::pipeline {

// A file that a run left, from a folder or from the server.
struct StoredResult {
  std::string bytes;    // Verified against their digest when they come from a server.
  std::string run;      // Resource names; empty for a folder.
  std::string version;  // Empty unless a model was named.
};

// Reads `file` (`report.json`, `customers.csv`) of what `place` names: a folder of results, which
// goes first; a run, `experiments/E/runs/R`; or a model as FetchModel takes it, whose run is meant.
//
// NOT_FOUND (FILE_ERROR): no folder, and no server was given; NOT_FOUND (ARTIFACT_NOT_FOUND): the
// run has no such file, because an earlier release made it or because it was not the chosen run of
// its sweep. FAILED_PRECONDITION (VALUE_INVALID): the version names no run. Otherwise errors of the
// server.
absl::StatusOr<StoredResult> ReadStoredResult(const std::string& place, const std::string& file,
                                              const ServerFlags& server);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_STORED_RESULTS_H_
