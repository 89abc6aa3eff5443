#ifndef CAIRN_SERVER_METRICS_RAW_BATCH_H_
#define CAIRN_SERVER_METRICS_RAW_BATCH_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/metrics/points.h"

namespace cairn::metrics {

// A raw batch: the points of one metric as they arrived, in any order and with
// duplicates, which is how they become durable before they are folded into blocks.
// It is written once and read once or twice, so it is made to be written quickly
// and to be short in the log: differences of steps and times as variable-length
// integers, and floats where no value needs a double; about 6 bytes a point of a
// loss that is logged with times, 17 without these forms.
//
// Stored as cairn.internal.MetricBatchRecord. Pure functions; safe from any thread.

// Encodes columns of equal length, at least one point. `times` may also have a
// single entry: the time of every point.
std::string EncodeRawBatch(std::span<const int64_t> steps, std::span<const int64_t> times,
                           std::span<const double> values);

// Appends the points within `range` to `points`, in the order they were encoded;
// `points` is unchanged on an error.
// DATA_LOSS (RECORD_CORRUPT): `bytes` is no such record, or its columns differ in
// length.
absl::Status DecodeRawBatch(std::string_view bytes, const StepRange& range, PointColumns& points);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_RAW_BATCH_H_
