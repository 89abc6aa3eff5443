#ifndef CAIRN_SERVER_TRACKING_LIMITS_H_
#define CAIRN_SERVER_TRACKING_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "server/core/limits.h"

namespace cairn::tracking {

// Limits on what clients may log, in bytes unless the name says otherwise. They are at
// least as wide as MLflow's, so that its clients fit. Their numbers stand in
// server/core/limits.h, which GetServerInfo reports; here they have the names of this
// compactor.
//
// Of texts that clients choose.
inline constexpr size_t kMaxExperimentNameBytes = limits::kExperimentNameBytes;
inline constexpr size_t kMaxRunNameBytes = limits::kRunNameBytes;
inline constexpr size_t kMaxUserBytes = limits::kUserBytes;
inline constexpr size_t kMaxKeyBytes = limits::kKeyBytes;
inline constexpr size_t kMaxParamValueBytes = limits::kParamValueBytes;
inline constexpr size_t kMaxRunTagValueBytes = limits::kRunTagValueBytes;
inline constexpr size_t kMaxExperimentTagValueBytes = limits::kExperimentTagValueBytes;
inline constexpr size_t kMaxInputContextBytes = limits::kInputContextBytes;
// Of one message. Entries are counted for each kind: metrics, parameters and tags.
inline constexpr int kMaxEntriesPerBatch = limits::kEntriesPerBatch;
inline constexpr int64_t kMaxPointsPerBatch = limits::kPointsPerMessage;
// Of one answer of ReadMetrics. A message of about 64 KiB is sent at once, and a curve
// of any length is read in many of them.
inline constexpr int kMaxPointsPerRead = 3072;  // fills a part of 64 KiB
inline constexpr int32_t kMaxBuckets = limits::kMetricBuckets;
// Of one call of ReadCurves, and of each of its curves.
inline constexpr int kMaxRunsOfCurves = limits::kRunsOfCurves;
inline constexpr int kMaxKeysOfCurves = limits::kKeysOfCurves;
inline constexpr int32_t kMaxCurveBuckets = limits::kCurveBuckets;
inline constexpr int32_t kUsualCurveBuckets = 1000;  // fills a part of 64 KiB
inline constexpr size_t kMaxBucketBytesPerMessage = 63 << 10;

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_LIMITS_H_
