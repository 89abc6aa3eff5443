#ifndef CAIRN_SERVER_INDEX_INDEX_KEEPER_H_
#define CAIRN_SERVER_INDEX_INDEX_KEEPER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/index/checkpoint_directory.h"
#include "server/index/checkpoint_policy.h"
#include "server/index/run_follower.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// Fixed for the life of the keeper.
struct IndexKeeperOptions {
  std::string directory;  // of the checkpoints; empty: none are read or written
  CheckpointPolicy policy;
  size_t max_column_bytes = 0;  // the index's own; noted in checkpoints
};

// What has to be done for an index beside searching it: fill it quickly at the
// start, keep it near the store, and write checkpoints when they are due.
//
// Has no thread of its own: its owner calls Tick from one, a few times a second.
// Checkpoints are written there; the follower may be used from any other thread
// meanwhile. Load, Tick and Close are not to be called at the same time. The
// store, the index, the follower and the clock must outlive it.
class IndexKeeper {
 public:
  // REQUIRES: the follower is one of this store and this index.
  IndexKeeper(const storage::KvStore& store, RunIndex& index, RunFollower& follower,
              const Clock& clock, IndexKeeperOptions options);

  // Fills the empty index, from a checkpoint if there is a good one. Errors are those
  // of LoadColumns; that a checkpoint is refused is none. Without a checkpoint it takes
  // about as long as reading every run, param, tag and metric summary of the store
  // once.
  absl::StatusOr<LoadReport> Load();

  // What one Tick or Close did.
  struct Report {
    absl::Status caught_up;                               // of CatchUp
    std::optional<CheckpointDirectory::Written> written;  // if one was due
    absl::Status checkpoint;                              // why it was not written
  };
  // Brings the index to the store's revision and writes a checkpoint if one is due. A
  // failed one is tried again after the policy's pause. Where catching up fails no
  // checkpoint is written, and the next Tick tries again.
  Report Tick();

  // At a clean stop: writes a checkpoint unless the newest one is as new. It ignores
  // the policy, so that the next start has nothing to read again.
  Report Close();

 private:
  // Writes one checkpoint and notes when it ended, how long it took and whether it
  // failed.
  void Write(Report& report);

  const storage::KvStore& store_;
  RunIndex& index_;
  RunFollower& follower_;
  const Clock& clock_;
  const IndexKeeperOptions options_;
  CheckpointDirectory directory_;
  // Of the last attempt to write one, by clock_; after Load a time that lets the first
  // be written at once.
  int64_t last_end_nanos_ = 0;
  int64_t last_nanos_ = 0;         // how long it took
  bool failed_ = false;            // the last one
  int64_t full_load_nanos_ = 0;    // of a Load without a checkpoint; 0 once one is written
  storage::Revision newest_ = -1;  // of the newest checkpoint there is
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_INDEX_KEEPER_H_
