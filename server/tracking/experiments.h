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

// Creates experiment 0, `Default`, in a store that has none.
absl::Status EnsureDefaultExperiment(storage::KvStore& store, int64_t now_unix_nanos);

absl::StatusOr<cairn::v1::Experiment> GetExperiment(const storage::Snapshot& snapshot,
                                                    const cairn::v1::GetExperimentRequest& request,
                                                    const auth::Sight& sight = auth::Sight::All());

absl::StatusOr<cairn::v1::ListExperimentsResponse> ListExperiments(
    const storage::Snapshot& snapshot, const cairn::v1::ListExperimentsRequest& request,
    const auth::Sight& sight = auth::Sight::All());

// The numbers of those of `sight` that are not deleted, ascending.
absl::StatusOr<std::vector<int64_t>> VisibleExperiments(const storage::Snapshot& snapshot,
                                                        const auth::Sight& sight);

absl::StatusOr<storage::Plan> PlanCreateExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::CreateExperimentRequest& request,
    int64_t now_unix_nanos);

absl::StatusOr<storage::Plan> PlanUpdateExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::UpdateExperimentRequest& request,
    int64_t now_unix_nanos);

absl::StatusOr<storage::Plan> PlanDeleteExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::DeleteExperimentRequest& request,
    int64_t now_unix_nanos);

absl::StatusOr<storage::Plan> PlanUndeleteExperiment(
    const storage::Snapshot& snapshot, const cairn::v1::UndeleteExperimentRequest& request,
    int64_t now_unix_nanos);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_EXPERIMENTS_H_
