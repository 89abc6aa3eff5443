#ifndef CAIRN_SERVER_STORAGE_COMMITTER_H_
#define CAIRN_SERVER_STORAGE_COMMITTER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/storage/commit_group.h"
#include "server/storage/kv_store.h"
#include "server/storage/merge.h"
#include "server/storage/record_cache.h"

namespace cairn::storage {

// What a committer needs from a store. Called from the committer's thread only.
class CommitBackend {
 public:
  virtual ~CommitBackend() = default;

  // The newest state of each of `keys` (sorted, each once), in their order. A key that
  // cannot be read has an error in its place; the others stay good.
  virtual std::vector<absl::StatusOr<std::optional<Record>>> ReadLatest(
      const std::vector<const Key*>& keys) = 0;

  // Makes `batch` durable, then visible, all of it or nothing. Where the outcome is not
  // known, nobody is told that it failed: each gets UNAVAILABLE.
  struct WriteResult {
    absl::Status status;        // why it was not written, or may not have been
    bool outcome_known = true;  // false: it may be found after Recover
    bool may_recover = false;   // false: only opening the store anew helps
  };
  // REQUIRES: the batch is of revisions behind all that were written.
  virtual WriteResult Write(const CommitBatch& batch) = 0;

  // Why a Write would be refused now, although none was: RESOURCE_EXHAUSTED (DISK_FULL) when
  // the disk was full for what is written in the background. Recover is called then.
  virtual absl::Status Health() const { return absl::OkStatus(); }

  // Whether sets that free space, about `bytes` of them, are to be tried later because room is
  // being made for them. Returns at once; asked again every few milliseconds.
  virtual bool ShouldPostpone(int64_t /*bytes*/) { return false; }

  // Called after a Write that may recover or a Health that is not OK, until it says OK: writing may
  // work again, or with `frees_space` only what frees space. Answers the newest revision and the
  // events behind `last_revision`: those of a Write whose outcome was not known and that did
  // succeed.
  struct Recovery {
    Revision last_revision = 0;
    std::vector<StoredEvent> events;
  };
  virtual absl::StatusOr<Recovery> Recover(Revision last_revision, bool frees_space) = 0;
};

// Limits of a committer; the defaults are for production. Fixed for the life of the
// committer. Sets and bytes of the queue count what was postponed too.
struct CommitterOptions {
  int64_t max_queued_sets = 4096;
  int64_t max_queued_bytes = int64_t{64} << 20;
  int64_t max_group_sets = 1024;
  int64_t max_group_bytes = int64_t{1} << 20;              // one sync of more gains nothing
  int64_t cache_bytes = int64_t{16} << 20;                 // of what commits looked at lately
  std::chrono::milliseconds longest_postponement{10'000};  // then it is tried all the same
  const Clock* clock = &SystemClock();                     // for what events say; outlives it
};

// The one thread through which every mutation of a store goes.
//
// It takes what waits in the queue as one group, decides it, writes it with one
// sync, tells the listeners in the order of revisions and then calls back. While
// a sync runs the next group gathers, so many clients share one sync and a
// single client waits for no timer.
//
// A write whose outcome is unknown stops it: the sets of that group and all later
// ones get UNAVAILABLE (STORE_UNAVAILABLE) until the store is opened anew, because
// preconditions could no longer be checked against the truth. A full disk only
// pauses it: sets are refused with RESOURCE_EXHAUSTED (DISK_FULL), and with each
// of them and every second it tries whether there is room again. Sets that free
// space are never in a group with others, and are tried while it is paused. As long as
// the backend makes room for them they stand aside, in their order, and others go on: a
// set that frees space may get a later revision than one that was queued after it.
//
// Safe to call from any thread. The destructor finishes what was queued. The
// backend must outlive it.
class Committer {
 public:
  // `last_revision` is the newest revision the backend holds.
  Committer(CommitBackend& backend, MergeFunction merge, Revision last_revision,
            CommitterOptions options);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // These as in KvStore. Beside a set's own errors Commit answers RESOURCE_EXHAUSTED
  // (QUEUE_FULL) when the queue is full and UNAVAILABLE (STORE_UNAVAILABLE) when the
  // committer is closing, at once and on the calling thread.
  void Commit(WriteSet write_set, CommitCallback done) CAIRN_EXCLUDES(mutex_);
  int64_t AddListener(CommitListener listener) CAIRN_EXCLUDES(listener_mutex_);
  // Waits while listeners run, so the listener is not called any more afterwards. Not
  // to be called by one.
  void RemoveListener(int64_t number) CAIRN_EXCLUDES(listener_mutex_);
  absl::Status Health() const CAIRN_EXCLUDES(mutex_);

 private:
  using SteadyClock = std::chrono::steady_clock;

  // A set in one of the two queues.
  struct Waiting {
    WriteSet set;
    CommitCallback done;
    int64_t bytes = 0;
    std::optional<SteadyClock::time_point> postponed_until;  // at the latest
  };

  void Work() CAIRN_EXCLUDES(mutex_);
  // Waits for work; empty when the committer is closing and nothing is left.
  std::vector<Waiting> NextGroup() CAIRN_EXCLUDES(mutex_);
  // Takes sets from the front while they fit into a group; at least one.
  std::vector<Waiting> Take(std::deque<Waiting>& from) CAIRN_REQUIRES(mutex_);
  // Moves what frees space from the queue's front behind what was postponed before.
  void KeepBehindPostponed() CAIRN_REQUIRES(mutex_);
  // Waits for something to do. While paused it also tries every second whether there is
  // room.
  void AwaitWork() CAIRN_REQUIRES(mutex_);
  bool Postpone(std::vector<Waiting>& waiting) CAIRN_EXCLUDES(mutex_);  // moves from it if true
  // Decides, writes and answers one group, or postpones it.
  void CommitTogether(std::vector<Waiting> waiting);
  std::vector<absl::StatusOr<std::optional<Record>>> ReadLatest(
      const std::vector<const Key*>& keys);
  absl::Status WriteGroup(const CommitBatch& batch);
  // OK when writing may be tried. `frees_space` says what is to be written; with it a
  // pause goes on for others.
  absl::Status LeavePause(bool frees_space);
  // Tells listeners of commits whose outcome was not known and that did succeed.
  void NotifyRecovered(const CommitBackend::Recovery& recovery) CAIRN_EXCLUDES(listener_mutex_);
  void NotifyListeners(const CommitGroup& group) CAIRN_EXCLUDES(listener_mutex_);
  absl::Status Enqueue(Waiting& item) CAIRN_EXCLUDES(mutex_);  // moves from it if OK
  absl::Status Admit(const Waiting& item) CAIRN_REQUIRES(mutex_);
  absl::Status CurrentHealth() const CAIRN_EXCLUDES(mutex_);
  void SetHealth(absl::Status health) CAIRN_EXCLUDES(mutex_);

  CommitBackend& backend_;
  const MergeFunction merge_;
  const CommitterOptions options_;
  Revision last_revision_;  // the committer's thread only, and so is the cache
  RecordCache cache_;
  SteadyClock::time_point next_recovery_;
  SteadyClock::time_point next_try_;  // of what was postponed

  mutable Mutex mutex_;
  CondVar arrived_;
  std::deque<Waiting> queue_ CAIRN_GUARDED_BY(mutex_);
  std::deque<Waiting> postponed_ CAIRN_GUARDED_BY(mutex_);  // all free space
  int64_t queued_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;
  absl::Status health_ CAIRN_GUARDED_BY(mutex_);

  Mutex listener_mutex_;  // held while listeners run
  std::map<int64_t, CommitListener> listeners_ CAIRN_GUARDED_BY(listener_mutex_);
  int64_t last_listener_ CAIRN_GUARDED_BY(listener_mutex_) = 0;

  std::thread thread_;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_COMMITTER_H_
