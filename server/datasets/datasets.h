#ifndef CAIRN_SERVER_DATASETS_DATASETS_H_
#define CAIRN_SERVER_DATASETS_DATASETS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "server/auth/grants.h"
#include "server/core/manifest.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::datasets {

// Use cases on data sets and their versions: reads at a snapshot, and plans of
// mutations for the Mutator. Pure but for reading; `now_unix_nanos` is the
// request's time. Errors are those of DatasetService's methods of the same name.
//
// A version is addressed by content: the same files made from the same parents are one
// version, however often they are registered. Only its tags ever change, until it is
// deleted as a whole. Wherever a request names a version to read, an alias or `latest`
// may stand for the number.

// When a request came: for stamps, and for how old versions are. The latter goes by a
// clock that nobody can set, because what is too old is deleted.
struct RequestTime {
  int64_t stamp_unix_nanos = 0;
  int64_t ageing_unix_nanos = 0;
  std::string principal = "local";  // who asks

  // By one clock for both.
  RequestTime(int64_t unix_nanos)  // NOLINT(google-explicit-constructor)
      : RequestTime(unix_nanos, unix_nanos) {}
  RequestTime(int64_t stamp, int64_t ageing, std::string by = "local")
      : stamp_unix_nanos(stamp),
        ageing_unix_nanos(std::min(stamp, ageing)),
        principal(std::move(by)) {}
};

// The data set with its aliases and its etag.
absl::StatusOr<cairn::v1::Dataset> GetDataset(const storage::Snapshot& snapshot,
                                              const cairn::v1::GetDatasetRequest& request);

// One page, by name, without those that `sight` does not see.
absl::StatusOr<cairn::v1::ListDatasetsResponse> ListDatasets(
    const storage::Snapshot& snapshot, const cairn::v1::ListDatasetsRequest& request,
    const auth::Sight& sight = auth::Sight::All());

// Without its files where there are more than an answer holds.
absl::StatusOr<cairn::v1::DatasetVersion> GetDatasetVersion(
    const storage::Snapshot& snapshot, const cairn::v1::GetDatasetVersionRequest& request);

// One page of a data set's versions, the newest first, without their files and the
// statistics of their columns.
absl::StatusOr<cairn::v1::ListDatasetVersionsResponse> ListDatasetVersions(
    const storage::Snapshot& snapshot, const cairn::v1::ListDatasetVersionsRequest& request);

// Compares what is recorded of two versions; no data are read.
absl::StatusOr<cairn::v1::DatasetDiff> DiffDatasetVersions(
    const storage::Snapshot& snapshot, const cairn::v1::DiffDatasetVersionsRequest& request);

absl::StatusOr<storage::Plan> PlanCreateDataset(const storage::Snapshot& snapshot,
                                                const cairn::v1::CreateDatasetRequest& request,
                                                int64_t now_unix_nanos);

// Changes the fields that the mask names. Nothing is written when they are as wanted.
absl::StatusOr<storage::Plan> PlanUpdateDataset(const storage::Snapshot& snapshot,
                                                const cairn::v1::UpdateDatasetRequest& request,
                                                int64_t now_unix_nanos);

// Deletes up to 100 versions that the retention rule does not keep, in one commit.
absl::StatusOr<storage::Plan> PlanApplyDatasetRetention(
    const storage::Snapshot& snapshot, const cairn::v1::ApplyDatasetRetentionRequest& request,
    const RequestTime& now);

// With the version go those that the retention rule does not keep any more; of the expired
// the oldest 1,000 are looked at. `load` is asked only when the request names a manifest, and
// may be empty otherwise; with it the plan may take a second.
absl::StatusOr<storage::Plan> PlanCreateDatasetVersion(
    const storage::Snapshot& snapshot, const cairn::v1::CreateDatasetVersionRequest& request,
    const RequestTime& now, const core::ManifestLoader& load = {});

// Changes the tags that the mask names. Nothing is written when they are as wanted.
absl::StatusOr<storage::Plan> PlanUpdateDatasetVersion(
    const storage::Snapshot& snapshot, const cairn::v1::UpdateDatasetVersionRequest& request);

// Makes or moves the alias.
absl::StatusOr<storage::Plan> PlanSetDatasetAlias(const storage::Snapshot& snapshot,
                                                  const cairn::v1::SetDatasetAliasRequest& request,
                                                  int64_t now_unix_nanos);

// The version stays.
absl::StatusOr<storage::Plan> PlanDeleteDatasetAlias(
    const storage::Snapshot& snapshot, const cairn::v1::DeleteDatasetAliasRequest& request,
    int64_t now_unix_nanos);

// Deletes a version with the edges that lead to it. Looks through all model versions for
// one that was trained or measured on it; a commit that comes to refer to the version
// meanwhile breaks the plan's conditions.
absl::StatusOr<storage::Plan> PlanDeleteDatasetVersion(
    const storage::Snapshot& snapshot, const cairn::v1::DeleteDatasetVersionRequest& request,
    int64_t now_unix_nanos);

// Follows lineage both ways over data set versions, runs, model versions and
// channels, breadth first. At most 10,000 nodes. What `sight` does not cover is not gone through:
// whatever only it leads to is left out with it. The root is not asked for.
absl::StatusOr<cairn::v1::Lineage> GetLineage(const storage::Snapshot& snapshot,
                                              const cairn::v1::GetLineageRequest& request,
                                              const auth::Sight& sight = auth::Sight::All());

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_DATASETS_H_
