#ifndef CAIRN_SERVER_TRACKING_RUN_LOGGING_H_
#define CAIRN_SERVER_TRACKING_RUN_LOGGING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/merge.h"
#include "server/storage/mutation.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {

// Logging into runs. Writers never lose to each other: a parameter is guarded
// by its own key, a tag is last-writer-wins, the summary of a metric is merged
// by the committer, and points arrive as batches under keys of their own.

// Plans one LogBatch. Errors are those of TrackingService.LogBatch. The batch
// of each metric is named by the request id, or by `facts.new_id` without one.
absl::StatusOr<storage::Plan> PlanLogBatch(const storage::Snapshot& snapshot,
                                           const cairn::v1::LogBatchRequest& request,
                                           const CallFacts& facts);

// Plans one message of LogMetrics for the run `run`. A batch id that was stored
// before leads to a plan that writes nothing. Errors as for LogMetrics.
absl::StatusOr<storage::Plan> PlanLogMetrics(const storage::Snapshot& snapshot,
                                             std::string_view run,
                                             const cairn::v1::LogMetricsRequest& request,
                                             const CallFacts& facts);

// The store's merge function: metric summaries. DATA_LOSS (RECORD_CORRUPT) when
// either side cannot be parsed, INTERNAL for keys that do not merge.
absl::StatusOr<std::string> MergeMetricRecords(const storage::Key& key,
                                               std::optional<std::string_view> existing,
                                               std::string_view operand);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_LOGGING_H_
