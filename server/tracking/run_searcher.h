#ifndef CAIRN_SERVER_TRACKING_RUN_SEARCHER_H_
#define CAIRN_SERVER_TRACKING_RUN_SEARCHER_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/index/run_follower.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// Answers SearchRuns from the run index: the page's run ids come from memory, and
// only those runs are read from the store.
//
// Owns the index and keeps it at the store's newest revision, so that a client
// finds what it has written. What the index cannot answer (a column over the
// memory budget, a record it cannot read) is searched in the store instead, with
// the same result. Safe to call from any thread; the store must outlive it, and
// has this as its commit listener from Load() on.
class RunSearcher {
 public:
  explicit RunSearcher(storage::KvStore& store, index::RunIndexOptions options = {});
  ~RunSearcher();
  RunSearcher(const RunSearcher&) = delete;
  RunSearcher& operator=(const RunSearcher&) = delete;

  // Reads every run into memory. Once, before the first search.
  // DATA_LOSS (RECORD_CORRUPT): a run's record is damaged.
  absl::Status Load();

  // One page. Errors are those of TrackingService.SearchRuns.
  absl::StatusOr<cairn::v1::SearchRunsResponse> Search(const cairn::v1::SearchRunsRequest& request);

  // What the index takes in memory, in bytes.
  size_t memory_bytes() const { return index_.bytes(); }

 private:
  storage::KvStore& store_;
  index::RunIndex index_;
  index::RunFollower follower_;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_SEARCHER_H_
