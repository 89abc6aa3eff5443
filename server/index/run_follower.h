#ifndef CAIRN_SERVER_INDEX_RUN_FOLLOWER_H_
#define CAIRN_SERVER_INDEX_RUN_FOLLOWER_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// Keeps a RunIndex at the store's newest revision.
//
// Events say which runs and experiments a commit touched, not how; their records
// are read again when somebody wants to search. A run touched by many commits in
// between is read once. Safe to call from any thread; the store and the index
// must outlive it.
class RunFollower {
 public:
  RunFollower(const storage::KvStore& store, RunIndex& index, size_t max_column_bytes)
      : store_(store), index_(index), max_column_bytes_(max_column_bytes) {}

  // Takes note of a commit; for the store's commit listener. Quick: looks at the
  // events' names only.
  void OnCommit(storage::Revision revision, const std::vector<storage::Event>& events)
      CAIRN_EXCLUDES(mutex_);

  // Fills the empty index from a snapshot. Call it once, after OnCommit is being
  // called, so that no commit falls between.
  absl::Status Load() CAIRN_EXCLUDES(drain_);

  // Brings the index to every commit that OnCommit heard of before this call, and
  // so to every one that was acknowledged. Call it before a search; calling it
  // from a thread of its own now and then as well keeps that short.
  absl::Status CatchUp() CAIRN_EXCLUDES(drain_, mutex_);

 private:
  struct Pending {
    storage::Revision revision = 0;  // the newest one heard of
    std::set<std::string> runs;
    std::set<int64_t> experiments;
  };

  absl::Status Drain(const Pending& pending);

  const storage::KvStore& store_;
  RunIndex& index_;
  const size_t max_column_bytes_;
  Mutex drain_;  // held while the index is brought forward; before mutex_
  Mutex mutex_;
  Pending pending_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_FOLLOWER_H_
