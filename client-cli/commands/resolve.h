#ifndef CAIRN_CLIENT_CLI_COMMANDS_RESOLVE_H_
#define CAIRN_CLIENT_CLI_COMMANDS_RESOLVE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "client-cli/commands/session.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {

// From what people write (cli/reference.h) to resource names. Each asks the
// server only where the text alone does not tell. All fail with
// INVALID_ARGUMENT (NAME_INVALID) for a reference to another kind of thing, and
// pass on the server's errors.

// Says of a thing that is deleted that it is, and how it comes back. `noun` is what the commands
// restore and purge call its kind.
void NoteDeleted(Session& session, std::string_view noun, std::string_view resource);

// A human name, a number, or a resource name; name:TEXT is a name in any case.
// INVALID_ARGUMENT when a number is also the name of another experiment.
absl::StatusOr<std::string> ResolveExperiment(Session& session, const std::string& text);

// The same for a list or a count of its runs, which says of a deleted experiment that it is
// deleted.
absl::StatusOr<std::string> ResolveExperimentToSearch(Session& session, const std::string& text);

// Says in a request which runs are looked at: those in `experiments`, or in all, that match
// --filter; with --show-deleted also deleted ones.
template <typename Request>
absl::Status ChooseRuns(Session& session, const std::vector<std::string>& experiments,
                        Request& request) {
  request.set_filter(session.flags().Text("filter"));
  request.set_show_deleted(session.flags().Switch("show-deleted"));
  for (const std::string& text : experiments) {
    CAIRN_ASSIGN_OR_RETURN(*request.add_parents(), ResolveExperimentToSearch(session, text));
  }
  return absl::OkStatus();
}

// An id, a human name that only one run has, a beginning of an id that only one run has, or a
// resource name; nothing in it is a wildcard. A deleted run is found by its id or resource name,
// and with `deleted_too` also by the others.
absl::StatusOr<v1::Run> ResolveRun(Session& session, const std::string& text,
                                   bool deleted_too = false);

// NAME or models/NAME.
absl::StatusOr<std::string> ResolveModel(const std::string& text);

// NAME@15, NAME@latest, NAME@ALIAS, NAME#CHANNEL (what it serves) or a resource
// name, as the version itself; as it was, and what those stood for, with --as-of.
absl::StatusOr<v1::ModelVersion> ResolveVersion(Session& session, const std::string& text);

// NAME#CHANNEL, or NAME with --channel, or a resource name.
absl::StatusOr<std::string> ResolveChannel(Session& session, const std::string& text);

// dataset:NAME, NAME, or datasets/NAME.
absl::StatusOr<std::string> ResolveDataset(const std::string& text);

// dataset:NAME@3, @latest, @ALIAS, @sha256:PREFIX, or NAME@… where a data set is meant,
// or a resource name. A data set without a version means the latest.
absl::StatusOr<std::string> ResolveDatasetVersion(Session& session, const std::string& text);

// NAME or policies/NAME.
absl::StatusOr<std::string> ResolvePolicy(const std::string& text);

// The id that `mlctl history` prints, or a beginning of it that only one decision has, of any
// model and channel; or a resource name.
absl::StatusOr<std::string> ResolveDecision(Session& session, const std::string& text);

// The experiment that a run is begun in: as ResolveExperiment, but a name that no experiment has,
// also no deleted one, is created and that is said; with `dry_run` it is only checked and said.
absl::StatusOr<std::string> ResolveOrCreateExperiment(Session& session, const std::string& text,
                                                      bool dry_run);

// Anything that has artifacts or lineage: a version, a data set version, a
// channel, a run. Returns its resource name.
absl::StatusOr<std::string> ResolveAny(Session& session, const std::string& text);

// What has files: as ResolveAny, and for a channel the version that it serves.
absl::StatusOr<std::string> ResolveFiles(Session& session, const std::string& text);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_RESOLVE_H_
