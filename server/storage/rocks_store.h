#ifndef CAIRN_SERVER_STORAGE_ROCKS_STORE_H_
#define CAIRN_SERVER_STORAGE_ROCKS_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/committer.h"
#include "server/storage/kv_store.h"
#include "server/storage/merge.h"
#include "server/storage/volume_budget.h"

namespace rocksdb {
class Env;
}

namespace cairn::storage {

// Where and how a RocksDB store is kept. Only `directory` must be set; the
// defaults are for production, tests make the buffers small.
struct RocksOptions {
  // Held by one process at a time; created when absent. See store_directory.h.
  std::string directory;
  // Begins with an empty database where the one of a store is gone, instead of refusing.
  bool replace_lost_database = false;
  // Combines payloads for WriteSet::merges; without one such sets are refused.
  MergeFunction merge;
  CommitterOptions committer;
  // The size of one family's memory table; 0: by the volume's size, as is the log, which
  // bounds what a start replays: about 150 MB/s, so at most 0.7 s.
  int64_t write_buffer_bytes = 0;
  int64_t total_write_buffer_bytes = int64_t{256} << 20;
  // How the volume is shared out. OpenRocksStore looks at the volume.
  VolumeBudget budget = VolumeBudget::For(VolumeBudget::kLargeVolume);
  // The log is not longer, whatever the volume's size; 0: as that allows.
  int64_t max_log_bytes = 0;
  int64_t block_cache_bytes = int64_t{64} << 20;
  // Tables that are kept open; others are opened again when they are read. 0: all.
  int max_open_files = 0;
  // Commits are refused below this much free space, so that the disk never fills
  // in the middle of one; those that free space (WriteSet::frees_space) below a
  // quarter of it, and below half they wait for a compaction, which leaves three eighths.
  // Negative: the budget's.
  int64_t reserve_bytes = -1;
  // A revision that something outside the database was made from: a store that ends before it has
  // lost commits and is refused. `known_from` says what that is.
  Revision known_revision = 0;
  std::string known_from;
  // Gets what an operator should know and no caller is told: sentences. From any thread.
  std::function<void(std::string_view)> on_warning;
  // Free bytes of the volume; null asks the system. For tests.
  std::function<int64_t()> free_bytes;
  // The file layer; null is the system's. For tests that inject faults. Must
  // outlive the store.
  rocksdb::Env* env = nullptr;
};

// Opens the store in `options.directory`, creating an empty one where there is
// none. Never resets or repairs anything by itself.
//   FAILED_PRECONDITION (STORE_LOCKED)  another process has it open
//   FAILED_PRECONDITION (STORE_NEWER)   a newer server wrote it
//   DATA_LOSS (STORE_CORRUPT)           damaged, incomplete or not Cairn's
//   RESOURCE_EXHAUSTED (DISK_FULL), PERMISSION_DENIED, INTERNAL (FILE_ERROR)
//
// Commits are synced before they are acknowledged. Background work uses two
// threads of the process-wide RocksDB pool. The returned store releases the
// directory when it is destroyed.
absl::StatusOr<std::unique_ptr<KvStore>> OpenRocksStore(RocksOptions options);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_ROCKS_STORE_H_
