#ifndef CAIRN_SERVER_INDEX_RUN_FOLLOWER_H_
#define CAIRN_SERVER_INDEX_RUN_FOLLOWER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "server/index/checkpoint_directory.h"
#include "server/index/damage_log.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// How an index was filled.
struct LoadReport {
  bool from_checkpoint = false;
  absl::Status refused;            // why there was no checkpoint to use, if there was none
  storage::Revision revision = 0;  // of the checkpoint
  size_t runs_read_again = 0;      // because they changed after it
};

// Runs and revisions that a checkpoint would save from being read again. What
// CheckpointPolicy decides by.
struct ChangesSince {
  size_t runs = 0;
  int64_t bytes = 0;  // of their records, as far as they were read
  int64_t revisions = 0;
};

// Keeps a RunIndex at the store's newest revision.
//
// Events say which runs and experiments a commit touched, not how; their records are
// read again when somebody wants to search. A run touched by many commits in between is
// read once. What a damaged record makes unreadable is noted in damage() and stays in
// the index as it was, or out of it; all else goes on. Safe to call from any thread;
// the store and the index must outlive it. There are two locks, so that a commit is
// never held up by reading records: OnCommit takes only mutex_, which is held for
// moments.
class RunFollower {
 public:
  RunFollower(const storage::KvStore& store, RunIndex& index, size_t max_column_bytes,
              DamageLog::Listener on_damage = nullptr)
      : store_(store),
        index_(index),
        max_column_bytes_(max_column_bytes),
        damage_(std::move(on_damage)) {}

  // Takes note of a commit; for the store's commit listener. Quick: looks at the
  // events' names only. Must be called in the order of revisions, before the commit is
  // acknowledged: what CatchUp promises rests on that.
  void OnCommit(storage::Revision revision, const std::vector<storage::Event>& events)
      CAIRN_EXCLUDES(mutex_);

  // Fills the empty index from a snapshot. Call it once, after OnCommit is being
  // called, so that no commit falls between. Errors are those of LoadColumns; the index
  // is then as empty as before.
  absl::Status Load() CAIRN_EXCLUDES(drain_, mutex_);

  // As Load, but begins with the newest checkpoint of `checkpoints`, if one can be
  // used, and reads only what changed since. The result is the same. A checkpoint that
  // cannot be used is no error; `refused` says why it was not.
  absl::StatusOr<LoadReport> LoadWith(const CheckpointDirectory& checkpoints)
      CAIRN_EXCLUDES(drain_, mutex_);

  // What changed since the checkpoint that was loaded or announced last. Bytes count
  // each run once, however often it was read.
  ChangesSince changes() const CAIRN_EXCLUDES(mutex_);

  // To be called before a checkpoint is written, and with `kept` false after it failed;
  // then its changes count again. Between the two, changes are counted as changes after
  // the new one. REQUIRES: calls come in pairs.
  void CheckpointBegins() CAIRN_EXCLUDES(mutex_);
  void CheckpointEnds(bool kept) CAIRN_EXCLUDES(mutex_);

  // Brings the index to every commit that OnCommit heard of before this call, and so to
  // every one that was acknowledged. Call it before a search; calling it from a thread
  // of its own now and then as well keeps that short. O(what changed). Calls wait for
  // one another, and the second mostly finds nothing to do. Errors are the store's;
  // what was not read then is read the next time.
  absl::Status CatchUp() CAIRN_EXCLUDES(drain_, mutex_);

  // True if it is known that none of the runs changed between the index's revision
  // `index_revision` and `revision` of a snapshot taken since: then the snapshot shows
  // of them what the index did. It may say false where nothing changed; the caller then
  // reads the runs themselves.
  bool Unchanged(const std::vector<RunHit>& runs, storage::Revision index_revision,
                 storage::Revision revision) const CAIRN_EXCLUDES(mutex_);

  // What could not be read; others that read runs note theirs here too. It lives as
  // long as the follower.
  DamageLog& damage() { return damage_; }
  const DamageLog& damage() const { return damage_; }

 private:
  // What has to be read of a run. `whole` is more than the other two together, and
  // `all_metrics` more than any names: Add keeps what covers both.
  struct RunParts {
    bool whole = false;             // more than metrics changed
    bool all_metrics = false;       // otherwise: any of them
    std::set<std::string> metrics;  // otherwise: these

    void Add(RunParts&& later);
  };
  // What OnCommit has heard of and CatchUp has not read yet.
  struct Pending {
    storage::Revision revision = 0;  // the newest one heard of
    std::map<std::string, RunParts> runs;
    std::set<int64_t> experiments;

    void Add(const storage::Event& event);
    void Add(Pending&& later);
  };

  // Reads what is pending and applies it, some thousand runs at a time; only the last
  // step moves the index's revision. INTERNAL (INTERNAL_FAULT) if the snapshot is older
  // than what is pending.
  absl::Status Drain(const Pending& pending, const storage::Snapshot& snapshot);
  // Leaves out an experiment whose record is damaged, and notes it.
  absl::StatusOr<std::vector<ExperimentChange>> ReadExperiments(const std::set<int64_t>& ids,
                                                                const storage::Snapshot& snapshot);
  absl::StatusOr<Pending> PendingSince(storage::Revision revision,
                                       const storage::Snapshot& snapshot) const;
  // Runs that changed, and how many bytes reading each took.
  struct Changed {
    absl::flat_hash_map<std::string, int64_t> runs;
    int64_t bytes = 0;

    void Add(const std::string& run_id, int64_t run_bytes);
  };
  void CountChanges(const std::vector<RunChange>& runs, const std::vector<int64_t>& bytes)
      CAIRN_EXCLUDES(mutex_);

  const storage::KvStore& store_;
  RunIndex& index_;
  const size_t max_column_bytes_;
  DamageLog damage_;
  Mutex drain_;  // held while the index is brought forward; before mutex_
  mutable Mutex mutex_;
  Pending pending_ CAIRN_GUARDED_BY(mutex_);
  bool draining_ CAIRN_GUARDED_BY(mutex_) = false;  // what was pending is being read
  // Since the last checkpoint, and those before a checkpoint that is under way.
  Changed changed_ CAIRN_GUARDED_BY(mutex_);
  Changed changed_before_ CAIRN_GUARDED_BY(mutex_);
  storage::Revision checkpoint_ CAIRN_GUARDED_BY(mutex_) = 0;
  storage::Revision checkpoint_before_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_FOLLOWER_H_
