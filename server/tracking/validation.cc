#include "server/tracking/validation.h"

#include <limits>
#include <set>
#include <string>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/tracking/limits.h"

namespace cairn::tracking {

absl::Status TooLarge(std::string_view field, int64_t count, int64_t limit) {
  return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(count),
                      fmt::format("must have at most {} entries", limit));
}

absl::Status ValidateBuckets(int32_t max_buckets, int32_t most) {
  if (max_buckets >= 0 && max_buckets <= most) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "max_buckets", std::to_string(max_buckets),
                      fmt::format("must be from 0 to {}", most));
}

absl::Status ValidateKey(std::string_view field, std::string_view key) {
  return ValidateHumanName(field, key, kMaxKeyBytes, /*allow_slash=*/true);
}

absl::Status ValidateOptionalName(std::string_view field, std::string_view name, size_t max_bytes) {
  CAIRN_RETURN_IF_ERROR(ValidateValue(field, name, max_bytes));
  if (!HasControlCharacter(name)) return absl::OkStatus();
  return InvalidField(ErrorReason::NAME_INVALID, field, name, "must not hold control characters");
}

absl::Status ValidateSoughtKey(std::string_view field, std::string_view key) {
  if (!key.empty()) return ValidateValue(field, key, kMaxKeyBytes);
  return InvalidField(ErrorReason::NAME_INVALID, field, key,
                      fmt::format("must be 1 to {} bytes long", kMaxKeyBytes));
}

absl::Status ValidateValue(std::string_view field, std::string_view value, size_t max_bytes) {
  if (value.size() > max_bytes) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, value,
                        fmt::format("must be at most {} bytes long", max_bytes));
  }
  if (!IsValidUtf8(value)) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, HexEncode(value.substr(0, 32)),
                        "must be well-formed UTF-8");
  }
  return absl::OkStatus();
}

absl::Status ValidateMap(std::string_view field,
                         const google::protobuf::Map<std::string, std::string>& map,
                         size_t max_value_bytes) {
  if (map.size() > kMaxEntriesPerBatch) {
    return TooLarge(field, static_cast<int64_t>(map.size()), kMaxEntriesPerBatch);
  }
  for (const auto& [key, value] : map) {
    CAIRN_RETURN_IF_ERROR(ValidateKey(fmt::format("{} key", field), key));
    CAIRN_RETURN_IF_ERROR(ValidateValue(fmt::format("{}.{}", field, key), value, max_value_bytes));
  }
  return absl::OkStatus();
}

absl::Status ValidateTime(std::string_view field, const google::protobuf::Timestamp& time) {
  constexpr int64_t kMaxSeconds = std::numeric_limits<int64_t>::max() / kNanosPerSecond - 1;
  const bool in_range = time.seconds() >= -kMaxSeconds && time.seconds() <= kMaxSeconds;
  if (in_range && time.nanos() >= 0 && time.nanos() < kNanosPerSecond) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, field,
                      fmt::format("{}s {}ns", time.seconds(), time.nanos()),
                      "must be a time between the years 1678 and 2261");
}

absl::Status ValidateColumns(int index, const cairn::v1::MetricColumns& columns) {
  // The field's text is for errors only: it would cost more than the checks.
  const auto field = [index](std::string_view name) {
    return fmt::format("metrics[{}].{}", index, name);
  };
  if (!ValidateKey("", columns.key()).ok()) return ValidateKey(field("key"), columns.key());
  const int count = columns.values_size();
  if (count == 0) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, field("values"), "",
                        "must hold at least one value");
  }
  if (columns.steps_size() != count) {
    return InvalidField(ErrorReason::VALUE_INVALID, field("steps"),
                        std::to_string(columns.steps_size()),
                        fmt::format("must have as many entries as values ({})", count));
  }
  if (columns.times_unix_millis_size() != 0 && columns.times_unix_millis_size() != count) {
    return InvalidField(ErrorReason::VALUE_INVALID, field("times_unix_millis"),
                        std::to_string(columns.times_unix_millis_size()),
                        fmt::format("must be empty or have as many entries as values ({})", count));
  }
  return absl::OkStatus();
}

absl::Status ValidateBatch(
    const google::protobuf::RepeatedPtrField<cairn::v1::MetricColumns>& metrics) {
  if (metrics.size() > kMaxEntriesPerBatch) {
    return TooLarge("metrics", metrics.size(), kMaxEntriesPerBatch);
  }
  std::set<std::string_view> keys;
  int64_t points = 0;
  for (int i = 0; i < metrics.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(ValidateColumns(i, metrics[i]));
    if (!keys.insert(metrics[i].key()).second) {
      return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("metrics[{}].key", i),
                          metrics[i].key(), "must appear once in a batch");
    }
    points += metrics[i].values_size();
  }
  if (points > kMaxPointsPerBatch) {
    return InvalidField(ErrorReason::TOO_LARGE, "metrics", std::to_string(points),
                        fmt::format("must hold at most {} points", kMaxPointsPerBatch));
  }
  return absl::OkStatus();
}

absl::Status RequireField(std::string_view field, bool present) {
  if (present) return absl::OkStatus();
  return InvalidField(ErrorReason::FIELD_REQUIRED, field, "", "is required");
}

}  // namespace cairn::tracking
