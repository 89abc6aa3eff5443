#ifndef CAIRN_SERVER_TRACKING_EXPERIMENTS_H_
#define CAIRN_SERVER_TRACKING_EXPERIMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/auth/grants.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::tracking {

// Use cases on experiments: reads at a snapshot, and plans of mutations for the
// Mutator. All are pure but for reading; `now_unix_nanos` is the request's time.
// Errors are those of TrackingService's methods of the same name.

// The experiment MLflow clients log to when they name none.
inline constexpr int64_t kDefaultExperimentId = 0;

// Creates experiment 0, `Default`, in a store that has none. Does nothing in a store
// that has it, so it may be called at every start. Errors of KvStore::CommitAndWait.
absl::Status EnsureDefaultExperiment(storage::KvStore& store, int64_t now_unix_nanos);

// By name or, without one, by display name, which a deleted experiment keeps. One found
// by display name that `sight` does not see is NOT_FOUND (EXPERIMENT_NOT_FOUND), like
// one that is not there; a caller who names it by its number was checked before.
absl::StatusOr<cairn::v1::Experiment> GetExperiment(const storage::Snapshot& snapshot,
                                                    const cairn::v1::GetExperimentRequest& request,
                                                    const auth::Sight& sight = auth::Sight::All());

// One page, by number. Deleted ones are in it only if the request asks for them, and
// never those that `sight` does not see; a page may be shorter for it.
absl::StatusOr<cairn::v1::ListExperimentsResponse> ListExperiments(
    const storage::Snapshot& snapshot, const cairn::v1::ListExperimentsRequest& request,
    const auth::Sight& sight = auth::Sight::All());

// The numbers of those of `sight` that are not deleted, ascending.
absl::StatusOr<std::vector<int64_t>> VisibleExperiments(const storage::Snapshot& snapshot,
                                                        const auth::Sight& sight);

// The number comes from a counter that the commit guards, so numbers are given once and
// ascend. ALREADY_EXISTS (EXPERIMENT_EXISTS) names the holder of the display name.
absl::StatusOr<storage::Plan> PlanCreateExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::CreateExperimentRequest& request,
    int64_t now_unix_nanos);

// Without a mask the fields that are set are changed. An update that changes nothing
// writes nothing.
absl::StatusOr<storage::Plan> PlanUpdateExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::UpdateExperimentRequest& request,
    int64_t now_unix_nanos);

// Marks it as deleted; its runs and its display name stay until it is purged.
// FAILED_PRECONDITION (DEFAULT_EXPERIMENT) for experiment 0.
absl::StatusOr<storage::Plan> PlanDeleteExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::DeleteExperimentRequest& request,
    int64_t now_unix_nanos);

// ALREADY_EXISTS (NOT_DELETED) for one that is not deleted.
absl::StatusOr<storage::Plan> PlanUndeleteExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::UndeleteExperimentRequest& request,
    int64_t now_unix_nanos);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_EXPERIMENTS_H_
