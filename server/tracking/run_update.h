#ifndef CAIRN_SERVER_TRACKING_RUN_UPDATE_H_
#define CAIRN_SERVER_TRACKING_RUN_UPDATE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/duration.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::tracking {

// Use cases that change a run's own record: UpdateRun and ResumeRun. Pure but for
// reading; errors are those of TrackingService's methods of the same name.

// Replaces what the mask names; tags are changed key by key, so that logging tags
// and updating others at the same time both take effect.
// INVALID_ARGUMENT (UPDATE_MASK_INVALID): a path that is no field of Run or cannot
// be changed; output-only fields are ignored.
absl::StatusOr<storage::Plan> PlanUpdateRun(const storage::Snapshot& snapshot,
                                            const cairn::v1::UpdateRunRequest& request);

// An ended run runs again, with its metrics and parameters.
absl::StatusOr<storage::Plan> PlanResumeRun(const storage::Snapshot& snapshot,
                                            const cairn::v1::ResumeRunRequest& request);

// OK for no lease, zero, or 1 s to 30 days; else INVALID_ARGUMENT (VALUE_INVALID)
// naming `run.lease_duration`.
absl::Status ValidateLease(const cairn::v1::Run& run);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_UPDATE_H_
