#ifndef CAIRN_SERVER_METRICS_FOLD_H_
#define CAIRN_SERVER_METRICS_FOLD_H_

#include <cstdint>
#include <limits>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::metrics {

// How much one fold may do. The defaults keep its write set under 12 MiB, below
// the store's limit of 16, whatever the points are.
struct FoldOptions {
  // Raw batches are read until they have this many bytes together; the last one
  // may exceed it.
  int64_t max_raw_bytes = 2 << 20;
  // Points are merged into a level if that rewrites at most this many stored
  // points for each of them; else they go to a smaller level.
  int64_t amplification = 8;
  // The most stored points that one fold rewrites.
  int64_t max_rewritten_points = 400'000;
};

// One step of folding, decided at a snapshot.
struct FoldPlan {
  // Deletes raw batches and writes blocks, or moves blocks between levels.
  storage::WriteSet write_set;
  // True when there is neither; the write set is then empty.
  bool nothing_to_write = false;
  // True when another call may find more to do after this one is committed.
  bool more = false;
  int64_t raw_batches = 0;  // that go away
  int64_t raw_bytes = 0;    // their payloads
  int64_t points = 0;       // taken from raw batches, or moved between levels
  int64_t block_bytes = 0;  // payloads written: blocks, nodes and the series record
  // For the next plan: no batch that this one saw and left has a smaller first step.
  int64_t next_first_step = std::numeric_limits<int64_t>::min();
};

// Plans the next step for the metric `metric` of the run `run_id` (32
// hexadecimal characters):
//
// - Raw batches wait: the first of them become blocks. Points behind all that is
//   folded are appended to the main run, of which only a last block that is not
//   full is written again. The others are merged into the lowest level where
//   that rewrites little enough, or begin a new, smaller level.
// - Otherwise a part of a level is merged into the level below it, where that
//   one is no longer much denser.
//
// So a point is written a bounded number of times for each level, and there are
// about log(points / points a fold) / log(amplification) of them.
//
// Batches whose first step is below `first_step` are left for another plan.
//
// Exact duplicates within what is merged are dropped. The write set requires
// that the run exists and that the series record is the one that was read.
// Hence two folds of one series never both happen, a fold that is planned again
// after it was committed finds nothing, and a fold that was planned before a run
// was purged fails. Logging never conflicts with it.
//
// Commit it as it is: ABORTED (COMMIT_CONFLICT) means plan anew or give up.
// Pure but for reading; safe to call from any thread. DATA_LOSS
// (RECORD_CORRUPT) when what is stored is damaged; errors of the snapshot.
absl::StatusOr<FoldPlan> PlanFold(const storage::Snapshot& snapshot, std::string_view run_id,
                                  std::string_view metric, const FoldOptions& options = {},
                                  int64_t first_step = std::numeric_limits<int64_t>::min());

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_FOLD_H_
