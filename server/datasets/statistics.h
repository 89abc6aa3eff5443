#ifndef CAIRN_SERVER_DATASETS_STATISTICS_H_
#define CAIRN_SERVER_DATASETS_STATISTICS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "cairn/v1/datasets.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/core/limits.h"

namespace cairn::datasets {

// Statistics of columns as clients give them: whether they can be true, and how far two
// of them are apart. Pure.

inline constexpr int kMaxColumns = limits::kDatasetColumns;

// Checks names (1 to 250 bytes, each once), types and statistics. Of statistics:
//
//  - 0 <= null_count <= count, 0 <= distinct_count <= count - null_count, and count is
//    `row_count` unless that is -1;
//  - numbers only of int64, double and timestamp; all finite, min <= mean <= max, no
//    negative deviation, 7 ascending quantiles within [min, max] or none, a histogram of
//    at most 100 bins whose sum is at most count - null_count;
//  - texts only of string and bool, each up to 64 bytes, and at most 100 frequent ones,
//    counted from 1 and together at most count - null_count.
//
// INVALID_ARGUMENT (VALUE_INVALID, TOO_LARGE) naming the field with the column's index
// (`dataset_version.columns[2].statistics.null_count`), the value and the rule.
absl::Status ValidateColumns(const google::protobuf::RepeatedPtrField<cairn::v1::Column>& columns,
                             int64_t row_count);

// The population stability index of `to` against `from`: the sum over bins of
// (to - from) * ln(to / from) of the shares of values. The bins are those of `from`'s
// histogram and one for what lies below and above it each; `to`'s values are taken as
// spread evenly within its own bins. Shares count as at least 0.0001; bins that are empty
// in both do not count. 0 or more; nullopt when one has no histogram.
std::optional<double> StabilityIndex(const cairn::v1::NumberStatistics& from,
                                     const cairn::v1::NumberStatistics& to);

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_STATISTICS_H_
