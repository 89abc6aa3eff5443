#ifndef CAIRN_SERVER_ARTIFACTS_RUN_ARTIFACTS_H_
#define CAIRN_SERVER_ARTIFACTS_RUN_ARTIFACTS_H_

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::artifacts {

// Use cases on the trees of names that refer to blobs. Pure but for reading.
// Errors are those of ArtifactService's methods of the same name.
//
// Files appear whole or not at all: all of one call in one commit, after their
// blobs are present.

absl::StatusOr<storage::Plan> PlanLogArtifacts(const storage::Snapshot& snapshot,
                                               const cairn::v1::LogArtifactsRequest& request);

// Files go in one commit, or, when a path names none, none does. The blobs stay.
absl::StatusOr<storage::Plan> PlanDeleteArtifacts(const storage::Snapshot& snapshot,
                                                  const cairn::v1::DeleteArtifactsRequest& request);

// Lists the files of a run, data set version or model version by path.
absl::StatusOr<cairn::v1::ListArtifactsResponse> ListArtifacts(
    const storage::Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_RUN_ARTIFACTS_H_
