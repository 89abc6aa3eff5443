#ifndef CAIRN_SERVER_METRICS_BACKLOG_H_
#define CAIRN_SERVER_METRICS_BACKLOG_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::metrics {

// A series with raw batches that wait to be folded.
struct WaitingSeries {
  std::string run_id;
  std::string metric;
  int64_t bytes = 0;  // of the payloads of its batches
  // No batch has a first step below this. Where many batches were folded a moment ago,
  // a scan that begins here need not step over what is left of them.
  int64_t first_step = std::numeric_limits<int64_t>::min();
};

// The first step in the key of a raw batch; `prefix` is that of its series.
int64_t FirstStepOf(std::string_view batch_key, std::string_view prefix);

// Visits every series that has raw batches, in the order of keys, once each; return false to
// stop. One scan that looks at keys and sizes only, of the whole store or of one run. Keys
// that are damaged are stepped over, and told at the end: DATA_LOSS (RECORD_CORRUPT). Errors
// of the snapshot.
absl::Status ScanWaiting(const storage::Snapshot& snapshot,
                         const std::function<bool(WaitingSeries)>& visitor);
absl::Status ScanWaitingOf(const storage::Snapshot& snapshot, std::string_view run_id,
                           const std::function<bool(WaitingSeries)>& visitor);

// The series that wait to be folded, those with the most bytes first: among those
// whose bytes have the same number of binary digits, the one that came first.
//
// A hint, not truth: a series that is listed without batches costs one plan that finds
// nothing, and a scan finds what was forgotten in a crash or when its run became quiet. So
// what it remembers is bounded by what is logged at the moment, not by what ever was.
// Safe to call from any thread.
class FoldBacklog {
 public:
  // `bytes` more of raw batches, with `first_step` and above, were committed for the
  // series; answers how many bytes it has now.
  int64_t Add(std::string_view run_id, std::string_view metric, int64_t bytes,
              int64_t first_step = std::numeric_limits<int64_t>::min()) CAIRN_EXCLUDES(mutex_);

  // Takes one of the series with the most bytes off the list, if it has at least
  // `min_bytes`. Its bytes go on counting until Done or PutBack; what is logged meanwhile
  // puts it on the list again.
  std::optional<WaitingSeries> TakeLargest(int64_t min_bytes) CAIRN_EXCLUDES(mutex_);

  // `bytes` of what was taken are folded. Nothing for a series that was not taken, here
  // and below.
  void Folded(WaitingSeries& taken, int64_t bytes) CAIRN_EXCLUDES(mutex_);
  // Nothing of what was taken waits any more.
  void Done(WaitingSeries taken) CAIRN_EXCLUDES(mutex_);
  // What is left of it waits again.
  void PutBack(const WaitingSeries& taken) CAIRN_EXCLUDES(mutex_);

  // How many bytes the series has, with what is taken of it.
  int64_t BytesOf(const std::string& run_id, const std::string& metric) const
      CAIRN_EXCLUDES(mutex_);

  // Begins another period, see TakeQuiet.
  void BeginPeriod() CAIRN_EXCLUDES(mutex_);

  // Forgets a run to which nothing was added in the whole period before this one, and
  // answers its id: whoever takes it looks into the store for what it has.
  std::optional<std::string> TakeQuiet() CAIRN_EXCLUDES(mutex_);

  // Forgets what is listed for a run that was purged.
  void Forget(std::string_view run_id) CAIRN_EXCLUDES(mutex_);

  // How many series are listed.
  size_t size() const CAIRN_EXCLUDES(mutex_);
  // All bytes that wait or are taken: for a gauge, and for slowing writers down.
  int64_t total_bytes() const { return total_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Waiting {
    int64_t bytes = 0;
    int64_t first_step = std::numeric_limits<int64_t>::max();
  };
  struct Run {
    std::unordered_map<std::string, Waiting> metrics;
    int64_t heard = 0;  // the period in which something was added
  };
  struct Name {
    std::string run_id;
    std::string metric;
    bool operator<(const Name& other) const;
  };
  // Series are listed by the number of binary digits of their bytes, beginning at
  // kSmallBits: adding costs a hash instead of a place in an order, because all that is
  // logged passes here. A series that has moved on leaves a stale entry behind.
  static constexpr int kClasses = 54;
  static constexpr int kSmallBits = 11;
  static int ClassOf(int64_t bytes);

  int64_t AddLocked(const std::string& run_id, std::string_view metric, int64_t bytes,
                    int64_t first_step) CAIRN_REQUIRES(mutex_);
  bool Release(const WaitingSeries& taken, int64_t bytes) CAIRN_REQUIRES(mutex_);
  Waiting* Find(const Name& name) CAIRN_REQUIRES(mutex_);
  void List(Name name, int of_class) CAIRN_REQUIRES(mutex_);
  bool IsCurrent(const Name& name, int of_class) CAIRN_REQUIRES(mutex_);
  WaitingSeries Take(const Name& name) CAIRN_REQUIRES(mutex_);
  void Erase(const std::string& run_id) CAIRN_REQUIRES(mutex_);
  void DropStale() CAIRN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<std::string, Run> runs_ CAIRN_GUARDED_BY(mutex_);
  size_t size_ CAIRN_GUARDED_BY(mutex_) = 0;  // series in all of runs_
  std::array<std::deque<Name>, kClasses> listed_ CAIRN_GUARDED_BY(mutex_);
  size_t entries_ CAIRN_GUARDED_BY(mutex_) = 0;  // in all of listed_
  // Every run, under the period in which it was heard of, or an earlier one.
  std::map<int64_t, std::deque<std::string>> heard_ CAIRN_GUARDED_BY(mutex_);
  int64_t period_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::map<Name, int64_t> taken_ CAIRN_GUARDED_BY(mutex_);  // bytes
  std::atomic<int64_t> total_bytes_{0};                     // changed under the lock only
};

// Adds deletions of the stored points of a run, bundled, raw and folded, and of the
// records of its writers to `write_set`, at most `max_keys` (at least 1); answers whether
// there are more, for which the caller takes a new snapshot after the commit.
//
// The run's record must be deleted in the same commit as the first of them or
// before: then no log and no fold that was planned earlier can put points back.
// Series records go first, so that a reader sees all of a series or nothing.
absl::StatusOr<bool> DeletePoints(const storage::Snapshot& snapshot, std::string_view run_id,
                                  size_t max_keys, storage::WriteSet& write_set);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_BACKLOG_H_
