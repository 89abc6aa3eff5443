#ifndef CAIRN_SERVER_TRACKING_LIMITS_H_
#define CAIRN_SERVER_TRACKING_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "server/core/limits.h"

namespace cairn::tracking {

// Limits on what clients may log, in bytes unless the name says otherwise. They
// are at least as wide as MLflow's, so that its clients fit.
inline constexpr size_t kMaxExperimentNameBytes = limits::kExperimentNameBytes;
inline constexpr size_t kMaxRunNameBytes = limits::kRunNameBytes;
inline constexpr size_t kMaxUserBytes = limits::kUserBytes;
inline constexpr size_t kMaxKeyBytes = limits::kKeyBytes;
inline constexpr size_t kMaxParamValueBytes = limits::kParamValueBytes;
inline constexpr size_t kMaxRunTagValueBytes = limits::kRunTagValueBytes;
inline constexpr size_t kMaxExperimentTagValueBytes = limits::kExperimentTagValueBytes;
inline constexpr size_t kMaxInputContextBytes = limits::kInputContextBytes;
inline constexpr int kMaxEntriesPerBatch = limits::kEntriesPerBatch;
inline constexpr int64_t kMaxPointsPerBatch = limits::kPointsPerMessage;
inline constexpr int kMaxPointsPerRead = 3072;  // fills a part of 64 KiB
inline constexpr int32_t kMaxBuckets = limits::kMetricBuckets;
inline constexpr size_t kMaxBucketBytesPerMessage = 63 << 10;

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_LIMITS_H_
