#ifndef CAIRN_SERVER_TRACKING_VALIDATION_H_
#define CAIRN_SERVER_TRACKING_VALIDATION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/map.h"
#include "google/protobuf/timestamp.pb.h"

namespace cairn::tracking {

// Checks on what clients log. Each returns INVALID_ARGUMENT naming the field,
// the value and the rule; see limits.h for the figures. All are pure.

// A key of a parameter, tag or metric: 1..250 bytes of UTF-8 without control
// characters.
absl::Status ValidateKey(std::string_view field, std::string_view key);

// A name that may be left out: at most `max_bytes` bytes of UTF-8 without control characters.
absl::Status ValidateOptionalName(std::string_view field, std::string_view name, size_t max_bytes);

// A key that is looked up, of which only the length is checked: older stores hold keys
// that ValidateKey refuses.
absl::Status ValidateSoughtKey(std::string_view field, std::string_view key);

// A value of at most `max_bytes` bytes of well-formed UTF-8.
absl::Status ValidateValue(std::string_view field, std::string_view value, size_t max_bytes);

// Every key and value of a map; at most `max_entries`.
absl::Status ValidateMap(std::string_view field,
                         const google::protobuf::Map<std::string, std::string>& map,
                         size_t max_value_bytes);

// A well-formed time that nanoseconds since the epoch can hold: years 1678 to 2261.
absl::Status ValidateTime(std::string_view field, const google::protobuf::Timestamp& time);

// Columns of equal length >= 1; times may be left out. `index` is their place in the
// batch, for the error.
absl::Status ValidateColumns(int index, const cairn::v1::MetricColumns& columns);

// All columns of a batch: each key once, at most kMaxPointsPerBatch points.
absl::Status ValidateBatch(
    const google::protobuf::RepeatedPtrField<cairn::v1::MetricColumns>& metrics);

// 0 to `most` buckets of a curve.
absl::Status ValidateBuckets(int32_t max_buckets, int32_t most);

// TOO_LARGE for a list of `count` entries, which may have `limit`.
absl::Status TooLarge(std::string_view field, int64_t count, int64_t limit);

// REQUIRED fields that are absent.
absl::Status RequireField(std::string_view field, bool present);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_VALIDATION_H_
