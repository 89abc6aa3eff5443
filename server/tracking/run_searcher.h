#ifndef CAIRN_SERVER_TRACKING_RUN_SEARCHER_H_
#define CAIRN_SERVER_TRACKING_RUN_SEARCHER_H_

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/index/checkpoint_policy.h"
#include "server/index/index_keeper.h"
#include "server/index/run_follower.h"
#include "server/index/run_index.h"
#include "server/index/stop_meter.h"
#include "server/storage/kv_store.h"
#include "server/tracking/field_answers.h"
#include "server/tracking/run_reader.h"

namespace cairn::tracking {

// Fixed for the life of the searcher.
struct RunSearcherOptions {
  index::RunIndexOptions index;
  // Where checkpoints of the index are kept, so that a start does not read every
  // run; empty: nowhere.
  std::string checkpoint_directory;
  index::CheckpointPolicy policy;
  // How often the index is brought forward without a search; 0: never, and no
  // checkpoint is written but at the end.
  int64_t tick_nanos = 200'000'000;
  const Clock* clock = &ForwardClock();  // for how long things take
  // What whole runs that were read lately may take in memory.
  size_t max_cached_run_bytes = size_t{64} << 20;
};

// Answers SearchRuns, CountRuns, ListRunFields and GroupRuns from the run index: the page's run ids
// come from memory, and only those runs are read from the store.
//
// Owns the index and keeps it at the store's newest revision, so that a client
// finds what it has written. What the index cannot answer (a column over the
// memory budget) is searched in the store instead, with the same result. A run that
// has a damaged record is left out, or found as it was before it changed, and noted in
// damage(); reading it by name says DATA_LOSS. From Load() on a thread of its own follows the store
// and writes checkpoints; the destructor writes a last one. Safe to call from any thread; the store
// must outlive it, and has this among its commit listeners from Load() on.
class RunSearcher {
 public:
  explicit RunSearcher(storage::KvStore& store, RunSearcherOptions options = {});
  ~RunSearcher();
  RunSearcher(const RunSearcher&) = delete;
  RunSearcher& operator=(const RunSearcher&) = delete;

  // Brings every run into memory. Once, before the first search.
  // A damaged run is left out and logged; it fails nothing. Errors of the store.
  absl::Status Load();

  // One page. Errors are those of TrackingService.SearchRuns. `stop` is asked about every
  // millisecond, here and below; a search ends with what it answers.
  absl::StatusOr<cairn::v1::SearchRunsResponse> Search(const cairn::v1::SearchRunsRequest& request,
                                                       const index::StopCheck& stop = {});

  // The same page as the bytes of the message. Whole runs are not parsed for it. `within` is
  // ScanContext::within, not empty, here and below.
  absl::StatusOr<std::string> SearchEncoded(const cairn::v1::SearchRunsRequest& request,
                                            const index::StopCheck& stop = {},
                                            const std::vector<int64_t>* within = nullptr);

  // One run as it is now. Errors are those of TrackingService.GetRun.
  absl::StatusOr<EncodedRunPtr> Get(std::string_view name) { return reader_.Get(name); }

  // How many runs there are on all pages. Errors are those of
  // TrackingService.CountRuns.
  absl::StatusOr<cairn::v1::CountRunsResponse> Count(const cairn::v1::CountRunsRequest& request,
                                                     const index::StopCheck& stop = {},
                                                     const std::vector<int64_t>* within = nullptr);

  // The fields that runs have, and runs in groups. Errors are those of
  // TrackingService.ListRunFields and GroupRuns.
  absl::StatusOr<cairn::v1::ListRunFieldsResponse> ListFields(
      const cairn::v1::ListRunFieldsRequest& request, const index::StopCheck& stop = {},
      const std::vector<int64_t>* within = nullptr);
  absl::StatusOr<cairn::v1::GroupRunsResponse> Group(const cairn::v1::GroupRunsRequest& request,
                                                     const index::StopCheck& stop = {},
                                                     const std::vector<int64_t>* within = nullptr);

  // Runs and experiments that could not be read since the start because a record is
  // damaged: they are left out of pages and lists, or found as they were last known.
  index::DamageLog& damage() { return follower_.damage(); }
  size_t damaged_count() const { return follower_.damage().count(); }

  // What the index takes in memory, in bytes.
  size_t memory_bytes() const { return index_.bytes(); }

  // What the runs that were read lately take in memory, about, in bytes.
  size_t cached_run_bytes() { return reader_.cache_bytes(); }

 private:
  // A page of run ids from the index, with the request that was parsed for it.
  struct Found;
  // The thread: IndexKeeper::Tick every tick_nanos.
  void Follow() CAIRN_EXCLUDES(mutex_);
  // Without a page if only the store can tell.
  absl::StatusOr<Found> Find(const cairn::v1::SearchRunsRequest& request,
                             const index::StopCheck& stop, const std::vector<int64_t>* within);

  storage::KvStore& store_;
  const RunSearcherOptions options_;
  index::RunIndex index_;
  index::RunFollower follower_;
  index::IndexKeeper keeper_;
  RunReader reader_;
  FieldAnswers field_answers_;
  bool loaded_ = false;   // then the destructor writes a checkpoint
  int64_t listener_ = 0;  // its number at the store
  Mutex mutex_;
  CondVar stop_;
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_SEARCHER_H_
