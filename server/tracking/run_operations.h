#ifndef CAIRN_SERVER_TRACKING_RUN_OPERATIONS_H_
#define CAIRN_SERVER_TRACKING_RUN_OPERATIONS_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/operations/operation_runner.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/tracking/run_searcher.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {

// The operations on many runs: asking for them, and their work. Each step changes at
// most kRunsPerStep runs in one commit with the operation's progress. Leases and the purger
// follow these commits like any other.

inline constexpr int kRunsPerStep = 100;
// Keys of purged runs that one step deletes; RunPurger deletes the others.
inline constexpr size_t kPurgedKeysPerStep = 16'384;

// Plans PurgeExperiment: checks, and stores the operation. Errors are those of
// TrackingService.PurgeExperiment.
absl::StatusOr<storage::Plan> PlanPurgeExperiment(const storage::Snapshot& snapshot,
                                                  const cairn::v1::PurgeExperimentRequest& request,
                                                  const CallFacts& facts);

// Plans BulkChangeRuns. With validate_only nothing is stored: the answer is an operation
// without a name that is done. Errors are those of TrackingService.BulkChangeRuns.
absl::StatusOr<storage::Plan> PlanBulkChangeRuns(const storage::Snapshot& snapshot,
                                                 RunSearcher& searcher,
                                                 const cairn::v1::BulkChangeRunsRequest& request,
                                                 const CallFacts& facts);

// The searcher must outlive the works.

// Purges the runs of a deleted experiment, newest first, then the experiment, then runs
// that were created at the last moment. A run that a model version came from makes the
// operation fail with FAILED_PRECONDITION (RUN_IN_USE) when all others are gone, and
// an experiment that was restored meanwhile with (DELETE_FIRST).
std::unique_ptr<operations::Work> MakePurgeExperimentWork(RunSearcher& searcher);

// Changes the runs a filter finds, page by page, newest first. A run that was changed
// meanwhile so that there is nothing to do, or that is in use, is skipped.
std::unique_ptr<operations::Work> MakeBulkChangeRunsWork(RunSearcher& searcher);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_OPERATIONS_H_
