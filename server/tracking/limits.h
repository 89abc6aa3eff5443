#ifndef CAIRN_SERVER_TRACKING_LIMITS_H_
#define CAIRN_SERVER_TRACKING_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::tracking {

// Limits on what clients may log, in bytes unless the name says otherwise. They
// are at least as wide as MLflow's, so that its clients fit.
inline constexpr size_t kMaxExperimentNameBytes = 500;
inline constexpr size_t kMaxRunNameBytes = 250;
inline constexpr size_t kMaxUserBytes = 250;
inline constexpr size_t kMaxKeyBytes = 250;
inline constexpr size_t kMaxParamValueBytes = 6000;
inline constexpr size_t kMaxRunTagValueBytes = 8000;
inline constexpr size_t kMaxExperimentTagValueBytes = 5000;
inline constexpr size_t kMaxInputContextBytes = 250;
inline constexpr int kMaxEntriesPerBatch = 1000;
inline constexpr int64_t kMaxPointsPerBatch = 100'000;
inline constexpr int kMaxPointsPerRead = 65'536;
inline constexpr int32_t kMaxBuckets = 100'000;
inline constexpr size_t kMaxBucketsPerMessage = 8192;

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_LIMITS_H_
