#ifndef CAIRN_SERVER_METRICS_BACKLOG_H_
#define CAIRN_SERVER_METRICS_BACKLOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

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
};

// Visits every series that has raw batches, in the order of keys, once each;
// return false to stop. One scan that looks at keys and sizes only: for the
// start, before the backlog is fed by what is logged. DATA_LOSS
// (RECORD_CORRUPT) for damaged keys or records; errors of the snapshot.
absl::Status ScanWaiting(const storage::Snapshot& snapshot,
                         const std::function<bool(WaitingSeries)>& visitor);

// The series that wait to be folded, those with the most bytes first.
//
// A hint, not truth: a series that is listed without batches costs one plan that
// finds nothing, and ScanWaiting finds what was forgotten in a crash. Safe to
// call from any thread.
class FoldBacklog {
 public:
  // `bytes` more of raw batches were committed for the series; answers how many it
  // has now.
  int64_t Add(std::string_view run_id, std::string_view metric, int64_t bytes)
      CAIRN_EXCLUDES(mutex_);

  // Takes the series with the most bytes off the list, if it has at least
  // `min_bytes`. Whoever takes it folds until nothing is left; what is logged
  // meanwhile puts it on the list again.
  std::optional<WaitingSeries> TakeLargest(int64_t min_bytes) CAIRN_EXCLUDES(mutex_);

  // Forgets what is listed for a run that was purged.
  void Forget(std::string_view run_id) CAIRN_EXCLUDES(mutex_);

  size_t size() const CAIRN_EXCLUDES(mutex_);
  // All bytes that wait: for a gauge, and for slowing writers down.
  int64_t total_bytes() const CAIRN_EXCLUDES(mutex_);

 private:
  using Name = std::pair<std::string, std::string>;  // run id, metric

  mutable Mutex mutex_;
  std::map<Name, int64_t> bytes_ CAIRN_GUARDED_BY(mutex_);
  std::set<std::pair<int64_t, Name>> by_bytes_ CAIRN_GUARDED_BY(mutex_);
  int64_t total_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
};

// Adds deletions of the stored points of a run, raw and folded, to `write_set`,
// at most `max_keys` (at least 1); answers whether there are more, for which the
// caller takes a new snapshot after the commit. For one metric, or for all with
// an empty `metric`, and then the records of the run's writers too.
//
// The run's record must be deleted in the same commit as the first of them or
// before: then no log and no fold that was planned earlier can put points back.
// Series records go first, so that a reader sees all of a series or nothing.
absl::StatusOr<bool> DeletePoints(const storage::Snapshot& snapshot, std::string_view run_id,
                                  std::string_view metric, size_t max_keys,
                                  storage::WriteSet& write_set);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_BACKLOG_H_
