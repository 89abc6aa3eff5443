#ifndef CAIRN_SERVER_TRACKING_RUN_SEARCH_H_
#define CAIRN_SERVER_TRACKING_RUN_SEARCH_H_

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// Finds runs by filter and order across experiments, one page at a time.
//
// Reads every run of the experiments asked for and keeps the page's rows in a
// bounded heap: always right, proportional to the number of runs. Errors are
// those of TrackingService.SearchRuns. Pure but for reading.
absl::StatusOr<cairn::v1::SearchRunsResponse> SearchRuns(
    const storage::Snapshot& snapshot, const cairn::v1::SearchRunsRequest& request);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_SEARCH_H_
