#ifndef CAIRN_SERVER_TRACKING_RUN_READER_H_
#define CAIRN_SERVER_TRACKING_RUN_READER_H_

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/storage/kv_store.h"
#include "server/tracking/encoded_run.h"
#include "server/tracking/run_cache.h"
#include "server/tracking/run_page.h"

namespace cairn::tracking {

// Reads whole runs in the form they are sent in, and keeps those that were read lately.
// Safe to call from any thread; the store must outlive it. Runs are read as bytes and
// sent as bytes: for a page of a thousand, parsing would cost more than reading.
class RunReader {
 public:
  RunReader(const storage::KvStore& store, size_t max_cache_bytes)
      : store_(store), cache_(max_cache_bytes) {}

  // From now on every commit is told to OnCommit, so runs may be kept. Before this,
  // every run is read anew: a run that was kept could change unheard.
  void StartKeeping() { keeps_.store(true, std::memory_order_release); }
  // Must be called before the commit is acknowledged. Quick.
  void OnCommit(storage::Revision revision, const std::vector<storage::Event>& events) {
    cache_.OnCommit(revision, events);
  }

  // The run as it is now. Errors are those of TrackingService.GetRun. Never null. It
  // may be one that was kept; then no commit acknowledged so far has changed it.
  absl::StatusOr<EncodedRunPtr> Get(std::string_view name);

  // Many runs, each as it is in `snapshot` or, if a commit is just being told of, in
  // one after it; null for those that are absent. Long lists are read by two threads.
  // DATA_LOSS (RECORD_CORRUPT): a record is damaged. One result for each address, in
  // their order. What was read is kept.
  absl::StatusOr<std::vector<EncodedRunPtr>> Read(const storage::Snapshot& snapshot,
                                                  const std::vector<RunAddress>& addresses);

  // What the kept runs take in memory.
  size_t cache_bytes() { return cache_.bytes(); }

 private:
  // Fills in what is null in `runs`, in the order of run ids, which is that of the
  // keys.
  absl::Status ReadMissing(const storage::Snapshot& snapshot,
                           const std::vector<RunAddress>& addresses,
                           std::vector<EncodedRunPtr>& runs);

  const storage::KvStore& store_;
  std::atomic<bool> keeps_{false};
  RunCache cache_;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_READER_H_
