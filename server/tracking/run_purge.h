#ifndef CAIRN_SERVER_TRACKING_RUN_PURGE_H_
#define CAIRN_SERVER_TRACKING_RUN_PURGE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/typed_record.h"

namespace cairn::tracking {

// Removing runs for good. Pure but for reading.
//
// A run may have more keys than fit into one commit, and others may be logging into
// it. So the first commit deletes the run's own record and leaves a mark under
// PurgedRunKey: from then on the run is not found, and every other commit that would
// put something into it fails, because it requires the record. What is left is found
// by scanning and deleted in further commits, the mark last. docs/storage-format.md
// tells the rest.

// The most keys of a run that one commit deletes.
inline constexpr size_t kMaxPurgedKeys = 4096;

// Plans PurgeRun: the first commit. Errors are those of TrackingService.PurgeRun.
absl::StatusOr<storage::Plan> PlanPurgeRun(const storage::Snapshot& snapshot,
                                           const cairn::v1::PurgeRunRequest& request);

// Adds the first commit of a purge to `write_set`, whether the run is deleted or not.
// Deletes the run's record and at most `max_keys` of its other keys; answers how many
// of these. Emits RUN_PURGED.
// FAILED_PRECONDITION (RUN_IN_USE): a model version came from the run.
absl::StatusOr<size_t> AddPurge(const storage::Snapshot& snapshot,
                                const storage::Stored<cairn::internal::RunRecord>& stored,
                                size_t max_keys, storage::WriteSet& write_set);

// The ids of the runs that have such a mark, at most `limit`.
absl::StatusOr<std::vector<std::string>> PurgedRuns(const storage::Snapshot& snapshot,
                                                    size_t limit);

// Plans the next commit of the purge of `run_id`: deletes what is left of it, at most
// `max_keys` (at least 1) keys, and the mark when nothing else is left. True when there
// is more to do after it. An empty write set when there is no mark.
absl::StatusOr<bool> PlanSweep(const storage::Snapshot& snapshot, std::string_view run_id,
                               size_t max_keys, storage::WriteSet& write_set);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_PURGE_H_
