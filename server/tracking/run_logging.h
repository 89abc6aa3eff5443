#ifndef CAIRN_SERVER_TRACKING_RUN_LOGGING_H_
#define CAIRN_SERVER_TRACKING_RUN_LOGGING_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {

// Logging into runs. Writers never lose to each other: a parameter is guarded
// by its own key, a tag is last-writer-wins, the summary of a metric is merged
// by the committer, and points arrive as batches under keys of their own; of many metrics
// at once both are one record, which is new (metrics::IsBundle).
//
// Every plan emits RUN_LOGGED or, when it holds nothing but metrics, RUN_METRICS.

// Whether many metrics at once may be stored as a bundle.
enum class Bundling { kAllowed, kRefused };

// Plans one LogBatch. Errors are those of TrackingService.LogBatch. What is
// logged under a request id is stored once because the answer is kept with it.
absl::StatusOr<storage::Plan> PlanLogBatch(const storage::Snapshot& snapshot,
                                           const cairn::v1::LogBatchRequest& request,
                                           const CallFacts& facts,
                                           Bundling bundling = Bundling::kAllowed);

// Who sends a batch of LogMetrics, and after which.
struct MetricWriter {
  std::string id;  // a UUID4, or empty: then nothing tells a repetition
  // The number of the batch that the same stream sent before to the same run; 0
  // for its first one.
  int64_t previous_batch_number = 0;
};

// Plans one message of LogMetrics for the run `run`.
//
// Many may be committed behind each other without waiting: whether a batch is new
// is decided by the committer, when it merges the batch's number into the
// writer's record (MergeRecords), not here at a snapshot. The commit then fails
// with ALREADY_EXISTS (BATCH_STORED) for a batch that is stored, and with ABORTED
// (BATCH_MISSING) if `previous_batch_number` is not, so a batch that failed never
// leaves a gap. Errors as for LogMetrics.
absl::StatusOr<storage::Plan> PlanLogMetrics(const storage::Snapshot& snapshot,
                                             std::string_view run, const MetricWriter& writer,
                                             const cairn::v1::LogMetricsRequest& request,
                                             const CallFacts& facts,
                                             Bundling bundling = Bundling::kAllowed);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_LOGGING_H_
