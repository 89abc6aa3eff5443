#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_LIMITS_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace cairn::mlflow_import {

// What a Cairn server takes of one thing, in bytes (docs/api.md, "Limits"): what is longer is cut
// and said. And how much this program holds of what it moves.

inline constexpr size_t kMostNameBytes = 250;
inline constexpr size_t kMostParamValueBytes = 6000;
inline constexpr size_t kMostTagValueBytes = 8000;
inline constexpr size_t kMostTextBytes = 5000;  // descriptions, tags of experiments and models

// One message of LogBatch.
inline constexpr int kMostEntries = 1000;
inline constexpr size_t kMostBatchBytes = size_t{1} << 20;
inline constexpr int64_t kMostBatchPoints = 50'000;

// Files up to this size are held in memory, together up to kHeldBytes; larger ones pass through a
// file in the temporary directory, one at a time.
inline constexpr size_t kSmallFileBytes = size_t{1} << 20;
inline constexpr size_t kHeldBytes = size_t{8} << 20;
inline constexpr size_t kMostFilesPerCall = 1000;

// Of one run or logged model.
inline constexpr size_t kMostFiles = 200'000;

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_LIMITS_H_
