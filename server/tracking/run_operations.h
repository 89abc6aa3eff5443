#ifndef CAIRN_SERVER_TRACKING_RUN_OPERATIONS_H_
#define CAIRN_SERVER_TRACKING_RUN_OPERATIONS_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "lib/base/clock.h"
#include "server/operations/operation_runner.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/tracking/run_searcher.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {

// The operations on many runs: asking for them, and their work. Each step changes at
// most kRunsPerStep runs in one commit with the operation's progress.

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

// What the work brings from outside the store. All of it must outlive the work. Called
// on the thread that does the work, after the commit.
struct RunWorkHooks {
  RunSearcher& searcher;
  const Clock& clock;
  // Runs are as given now; not called for purged ones.
  std::function<void(const cairn::v1::Run&)> changed;
  // The first commit of purges was made.
  std::function<void()> purged;
};

// Purges the runs of a deleted experiment, newest first, then the experiment, then runs
// that were created at the last moment. A run that a model version came from makes the
// operation fail with FAILED_PRECONDITION (RUN_IN_USE) when all others are gone, and
// an experiment that was restored meanwhile with (DELETE_FIRST).
std::unique_ptr<operations::Work> MakePurgeExperimentWork(RunWorkHooks hooks);

// Changes the runs a filter finds, page by page, newest first. A run that was changed
// meanwhile so that there is nothing to do, or that is in use, is skipped.
std::unique_ptr<operations::Work> MakeBulkChangeRunsWork(RunWorkHooks hooks);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_OPERATIONS_H_
