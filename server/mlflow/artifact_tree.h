#ifndef CAIRN_SERVER_MLFLOW_ARTIFACT_TREE_H_
#define CAIRN_SERVER_MLFLOW_ARTIFACT_TREE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "server/gateway/json_text.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// A run's artifacts as MLflow's clients see them, a tree with directories, over ListArtifacts,
// which has files by path and no directories. Lists begin where they are looked for (a page token
// of the server's own making), so a look at one file or directory of a run costs what is in it, not
// what is in the run.
//
// `run` is a resource name, `path` one of ArtifactPathOf. What is given by reference outlives the
// task. Errors are those of ListArtifacts.

// The file at `path`; nullopt for none, or a directory.
Task<absl::StatusOr<std::optional<v1::ArtifactFile>>> FindArtifact(Session& session,
                                                                   std::string run,
                                                                   std::string path);

// The entries of one directory by their whole path: files with their size, directories without.
using ArtifactEntries = std::map<std::string, std::optional<int64_t>>;

// Empty for a directory that is not there, and for a file. Below a directory nothing is looked at.
Task<absl::StatusOr<ArtifactEntries>> ListDirectory(Session& session, std::string run,
                                                    std::string path);

// Writes the member `files`, a list of entries without the first `skipped` bytes of their paths;
// nothing for none.
void WriteFiles(const ArtifactEntries& entries, size_t skipped, gateway::JsonText& json);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ARTIFACT_TREE_H_
