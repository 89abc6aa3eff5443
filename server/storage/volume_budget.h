#ifndef CAIRN_SERVER_STORAGE_VOLUME_BUDGET_H_
#define CAIRN_SERVER_STORAGE_VOLUME_BUDGET_H_

#include <cstdint>

namespace cairn::storage {

// How a volume of some size is shared out, so that what the store does by itself
// fits into what it leaves free: a flush of everything that is only in the log, and a
// compaction beside it, in half of the reserve. On a small volume that takes small
// write buffers, files and levels; from kLargeVolume on they are the production ones.
// Plain values.
struct VolumeBudget {
  static constexpr int64_t kLargeVolume = int64_t{12} << 30;

  // Commits are refused below it, those that free space below a quarter of it; uploads below
  // twice. An eighth of the volume up to 192 MiB, or 5 % of it up to 512 MiB if that is more.
  int64_t reserve_bytes = 0;
  // Of all logs that are not flushed yet, which is also what a start replays.
  int64_t max_log_bytes = 0;
  int64_t write_buffer_bytes = 0;  // of one family
  // Of one file, of the first level, and of what one compaction takes besides.
  int64_t file_bytes = 0;
  int64_t level_bytes = 0;
  int64_t compaction_bytes = 0;
  int l0_files = 0;  // that many are compacted
  // A pack that long gets no further blob.
  int64_t pack_bytes = 0;
  // Of the file that gives the room to open the database on a volume without any.
  int64_t ballast_bytes = 0;

  static VolumeBudget For(int64_t volume_bytes);
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_VOLUME_BUDGET_H_
