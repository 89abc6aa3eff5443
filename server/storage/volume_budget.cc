#include "server/storage/volume_budget.h"

#include <algorithm>

namespace cairn::storage {
namespace {

constexpr int64_t kKiB = int64_t{1} << 10;
constexpr int64_t kMiB = int64_t{1} << 20;

int64_t ReserveBytes(int64_t volume_bytes) {
  return std::max(std::min(192 * kMiB, volume_bytes / 8), std::min(512 * kMiB, volume_bytes / 20));
}

}  // namespace

VolumeBudget VolumeBudget::For(int64_t volume_bytes) {
  VolumeBudget budget;
  budget.reserve_bytes = ReserveBytes(volume_bytes);
  budget.ballast_bytes = std::clamp(volume_bytes / 64, 256 * kKiB, 4 * kMiB);
  budget.pack_bytes = std::clamp(volume_bytes / 64, kMiB, 256 * kMiB);
  if (volume_bytes >= kLargeVolume) {
    budget.max_log_bytes = 96 * kMiB;
    budget.write_buffer_bytes = 64 * kMiB;
    budget.file_bytes = 64 * kMiB;
    budget.level_bytes = 256 * kMiB;
    budget.compaction_bytes = 25 * budget.file_bytes;
    budget.l0_files = 4;
    return budget;
  }
  const int64_t log = std::max(512 * kKiB, volume_bytes / 128);
  budget.max_log_bytes = log;
  budget.write_buffer_bytes = std::min(64 * kMiB, log);
  budget.file_bytes = std::clamp(log / 4, 256 * kKiB, 16 * kMiB);
  budget.level_bytes = 2 * log;
  budget.compaction_bytes = 4 * log;
  budget.l0_files = 2;
  return budget;
}

}  // namespace cairn::storage
