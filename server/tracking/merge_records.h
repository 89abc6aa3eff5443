#ifndef CAIRN_SERVER_TRACKING_MERGE_RECORDS_H_
#define CAIRN_SERVER_TRACKING_MERGE_RECORDS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/merge.h"

namespace cairn::tracking {

// The store's merge function: what the committer does with the operands that
// logging adds. It runs after all earlier commits and before the next, so it
// needs no retry and no lock. Pure; safe to call from any thread.
//
// - RunMetricKey: the operand is a MetricRecord of the points of one batch; the
//   result sums up all batches so far.
// - MetricWriterKey: the operand is a MetricWriterAdvance; the result is the
//   writer's record with the batch's number. This is the exactly-once of
//   LogMetrics: the batch's points are in the same write set, which fails with
//     ALREADY_EXISTS (BATCH_STORED)  the record is at that number or behind it
//     ABORTED (BATCH_MISSING)        the batch before it in its stream is not the
//                                    one the record is at
//
// DATA_LOSS (RECORD_CORRUPT) when either side cannot be parsed; INTERNAL
// (INTERNAL_FAULT) for a key that does not merge.
absl::StatusOr<std::string> MergeRecords(const storage::Key& key,
                                         std::optional<std::string_view> existing,
                                         std::string_view operand);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_MERGE_RECORDS_H_
