#ifndef CAIRN_SERVER_ARTIFACTS_RUN_ARTIFACTS_H_
#define CAIRN_SERVER_ARTIFACTS_RUN_ARTIFACTS_H_

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "server/core/manifest.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::artifacts {

// Use cases on the trees of names that refer to blobs. Pure but for reading.
// Errors are those of ArtifactService's methods of the same name.
//
// Files appear whole or not at all: all of one call in one commit, after their
// blobs are present. Calls that change the files of one run conflict with each other: the
// tree that a plan looked at is the one it changes.

// `load` is asked only when the request names a manifest, and may be empty otherwise; with it
// the plan may take a second.
absl::StatusOr<storage::Plan> PlanLogArtifacts(const storage::Snapshot& snapshot,
                                               const cairn::v1::LogArtifactsRequest& request,
                                               const core::ManifestLoader& load = {});

// Files go in one commit, or, when a path names none, none does. The blobs stay.
absl::StatusOr<storage::Plan> PlanDeleteArtifacts(const storage::Snapshot& snapshot,
                                                  const cairn::v1::DeleteArtifactsRequest& request);

// Lists the files of a run, data set version or model version by path.
absl::StatusOr<cairn::v1::ListArtifactsResponse> ListArtifacts(
    const storage::Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_RUN_ARTIFACTS_H_
