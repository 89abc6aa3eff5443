#ifndef CAIRN_SERVER_STORAGE_SPACE_RECLAIMER_H_
#define CAIRN_SERVER_STORAGE_SPACE_RECLAIMER_H_

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "lib/base/mutex.h"
#include "server/storage/commit_group.h"
#include "server/storage/rocks_open.h"

namespace cairn::storage {

// Gives the volume back what deleted records took, on a thread of its own.
//
// RocksDB only marks a record as deleted, and compacts by its own measure: a few marks
// in memory may hide most of a volume for ever when nothing more can be written. So
// whoever deletes tells here which keys. On a volume that is nearly full, or when a commit
// is refused, the marks are flushed and the ranges they lie in are compacted by parts
// (VolumeBudget::compaction_bytes), when that has been quiet for a moment.
//
// A pass takes room before it gives more back, so deletions that find little are postponed
// until it has ended (CommitBackend::ShouldPostpone).
//
// Best effort: what fails is reported by RocksDB's listener, and tried again with the
// next pass. Safe to call from any thread; the destructor breaks a compaction off.
// The holder must outlive it.
class SpaceReclaimer {
 public:
  // Passes begin when nothing was told for so long, or the first of it so long ago.
  static constexpr std::chrono::milliseconds kQuiet{300};
  static constexpr std::chrono::milliseconds kAtMost{3000};

  explicit SpaceReclaimer(DatabaseHolder& holder);
  ~SpaceReclaimer();
  SpaceReclaimer(const SpaceReclaimer&) = delete;
  SpaceReclaimer& operator=(const SpaceReclaimer&) = delete;

  // Writes what is only in the log to files, soon, so that the log goes and the next
  // start does not replay it again.
  void FlushSoon() CAIRN_EXCLUDES(mutex_);

  // Notes what `batch` deletes.
  void Observe(const CommitBatch& batch) CAIRN_EXCLUDES(mutex_);

  // What was noted is to give its room back. Nothing happens if there is nothing.
  void ReclaimSoon() CAIRN_EXCLUDES(mutex_);

  // Whether a pass runs or, with `also_wanted`, one was asked for.
  bool HasPass(bool also_wanted) const CAIRN_EXCLUDES(mutex_);

 private:
  // A kind of key: its family and first byte. Keys of one kind lie together, so one
  // range for each is a good guess of where the marks are.
  using Kind = std::pair<Family, char>;
  struct Range {
    std::string first, last;
  };
  using Ranges = std::map<Kind, Range>;

  void Work() CAIRN_EXCLUDES(mutex_);
  // Waits until a pass is due and takes the ranges; false when it is to stop.
  bool NextPass(Ranges& ranges) CAIRN_EXCLUDES(mutex_);
  // Flushes and compacts. False if it failed or was broken off; the ranges are kept
  // then.
  bool Pass(const Ranges& ranges);
  void EndPass(const Ranges& failed) CAIRN_EXCLUDES(mutex_);
  void Add(const Kind& kind, const Range& range) CAIRN_REQUIRES(mutex_);

  DatabaseHolder& holder_;
  std::atomic<bool> stopping_ = false;
  mutable Mutex mutex_;
  CondVar arrived_;
  bool wanted_ CAIRN_GUARDED_BY(mutex_) = false;
  bool running_ CAIRN_GUARDED_BY(mutex_) = false;
  Ranges ranges_ CAIRN_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_SPACE_RECLAIMER_H_
