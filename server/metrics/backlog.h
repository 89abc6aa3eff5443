#ifndef CAIRN_SERVER_METRICS_BACKLOG_H_
#define CAIRN_SERVER_METRICS_BACKLOG_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
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

// Visits every series that has raw batches, in the order of keys, once each;
// return false to stop. One scan that looks at keys and sizes only: for the
// start, before the backlog is fed by what is logged. DATA_LOSS
// (RECORD_CORRUPT) for damaged keys or records; errors of the snapshot.
absl::Status ScanWaiting(const storage::Snapshot& snapshot,
                         const std::function<bool(WaitingSeries)>& visitor);

// The series that wait to be folded, those with the most bytes first: among those
// whose bytes have the same number of binary digits, the one that came first.
//
// A hint, not truth: a series that is listed without batches costs one plan that
// finds nothing, and ScanWaiting finds what was forgotten in a crash. Safe to
// call from any thread.
class FoldBacklog {
 public:
  // `bytes` more of raw batches, with `first_step` and above, were committed for the
  // series; answers how many bytes it has now.
  int64_t Add(std::string_view run_id, std::string_view metric, int64_t bytes,
              int64_t first_step = std::numeric_limits<int64_t>::min()) CAIRN_EXCLUDES(mutex_);

  // Takes one of the series with the most bytes off the list, if it has at least
  // `min_bytes`. Whoever takes it folds until nothing is left; what is logged
  // meanwhile puts it on the list again.
  std::optional<WaitingSeries> TakeLargest(int64_t min_bytes) CAIRN_EXCLUDES(mutex_);

  // Forgets what is listed for a run that was purged.
  void Forget(std::string_view run_id) CAIRN_EXCLUDES(mutex_);

  size_t size() const CAIRN_EXCLUDES(mutex_);
  // All bytes that wait: for a gauge, and for slowing writers down.
  int64_t total_bytes() const { return total_bytes_.load(std::memory_order_relaxed); }

 private:
  // The run's id, a zero byte and the metric.
  using Name = std::string;
  struct Waiting {
    int64_t bytes = 0;
    int64_t first_step = std::numeric_limits<int64_t>::max();
  };
  // Series are listed by the number of binary digits of their bytes, beginning at
  // kSmallBytes: adding costs a hash instead of a place in an order, because all that
  // is logged passes here. A series that has moved on leaves a stale entry behind.
  static constexpr int kClasses = 54;
  static constexpr int kSmallBits = 11;
  static int ClassOf(int64_t bytes);

  void List(const Name& name, int of_class) CAIRN_REQUIRES(mutex_);
  bool IsCurrent(const Name& name, int of_class) const CAIRN_REQUIRES(mutex_);
  WaitingSeries Take(const Name& name) CAIRN_REQUIRES(mutex_);
  void DropStale() CAIRN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<Name, Waiting> waiting_ CAIRN_GUARDED_BY(mutex_);
  std::array<std::deque<Name>, kClasses> listed_ CAIRN_GUARDED_BY(mutex_);
  size_t entries_ CAIRN_GUARDED_BY(mutex_) = 0;  // in all of listed_
  std::atomic<int64_t> total_bytes_{0};          // changed under the lock only
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
