#ifndef CAIRN_SERVER_INDEX_RUN_INDEX_H_
#define CAIRN_SERVER_INDEX_RUN_INDEX_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/index/bitmap_cache.h"
#include "server/index/permutation.h"
#include "server/index/run_columns.h"
#include "server/index/stop_meter.h"
#include "server/storage/key.h"

namespace cairn::index {

// How a page was found, or is to be found. All plans find the same rows in the same
// order; they differ in cost alone.
enum class SearchPlan {
  kChoose,      // in a query only: by estimated cost
  kScan,        // conditions chunk by chunk, a bounded heap for the order
  kWalk,        // along a sorted permutation, deciding row by row
  kNotIndexed,  // in a result only: a column was dropped; search the store instead
};

// What to search for. The filter and the order must outlive the call.
struct RunQuery {
  const core::RunFilter* filter = nullptr;  // null: every run
  const core::RunOrder* order = nullptr;    // null: newest first; not used by Count
  std::vector<int64_t> experiments;         // none: those that are not deleted
  bool show_deleted = false;
  size_t limit = 100;      // of a page; from 1
  std::string after;       // the sort key of the previous page's last run
  size_t skip = 0;         // runs to pass over behind `after`
  bool count_all = false;  // also count the runs of all pages
  SearchPlan plan = SearchPlan::kChoose;
  StopCheck stop;  // asked about every millisecond
};

// A run of a page. Its record is read from the store by the caller.
struct RunHit {
  std::string run_id;
  int64_t experiment_id = 0;
  std::string sort_key;  // core::RunOrder::SortKey of the run, for RunQuery::after
};

// One page of a search. With kNotIndexed there are no hits, and it says nothing of the
// runs.
struct RunPage {
  SearchPlan plan = SearchPlan::kScan;
  std::vector<RunHit> hits;
  bool more = false;               // there are runs after the last hit
  int64_t total = 0;               // of all pages; with count_all only
  storage::Revision revision = 0;  // what the page shows
};

// With kNotIndexed, or where `stopped` is an error, the count is worthless.
struct RunCount {
  SearchPlan plan = SearchPlan::kScan;
  int64_t count = 0;
  absl::Status stopped;  // what the query's check ended the count with
};

// What was shown of a query's runs. With kNotIndexed nothing was.
struct RunsShown {
  SearchPlan plan = SearchPlan::kScan;
  storage::Revision revision = 0;
  uint64_t changes = 0;  // RunIndex::changes() of what was shown
};

// What a commit did to one run. Applying the same again changes nothing. It holds the
// new values and not the difference, so that a commit that is heard of twice does no
// harm.
struct RunChange {
  enum class Kind {
    kWhole,    // `run` is the run as it is now, params, tags and metrics included
    kMetrics,  // only the metrics in `run` changed, and are as given there
    kRemoved,  // there is no such run any more
  };
  Kind kind = Kind::kWhole;
  std::string run_id;
  int64_t experiment_id = 0;  // for kWhole
  cairn::v1::Run run;
};

// What became of one experiment.
struct ExperimentChange {
  int64_t experiment_id = 0;
  bool live = false;  // it exists and is not deleted
};

struct RunIndexOptions {
  size_t max_column_bytes = size_t{900} << 20;      // beyond it, columns are dropped
  size_t max_bitmap_bytes = size_t{32} << 20;       // of remembered conditions
  size_t max_permutation_bytes = size_t{96} << 20;  // of remembered orders
};

// Every run in memory, searched as core::RunFilter and core::RunOrder say.
//
// A function of the store: it can be filled again from a snapshot at any time. Safe to
// call from any thread. Searches run side by side; a change waits for those under way,
// and searches that come later wait for the change, so neither starves. A change holds
// the lock only while it writes columns. It costs about as many bytes as the values it
// holds and is no copy of the records: a page is found here and read from the store.
// Parameters and tags beyond the budget are searched in the store (kNotIndexed).
class RunIndex {
 public:
  explicit RunIndex(RunIndexOptions options = {});

  // Makes the changes and moves on to `revision`. Calls come in the order of revisions;
  // one behind revision() is ignored. INVALID_ARGUMENT (NAME_INVALID): a run id is
  // none; the others are applied. One at the same revision adds to it, for large
  // changes that come in lots. All of a call is seen by a search or none of it.
  absl::Status Apply(storage::Revision revision, const std::vector<RunChange>& runs,
                     const std::vector<ExperimentChange>& experiments = {});

  // For filling in bulk: `fill` writes the columns of an index that has none. The fill
  // runs without the lock; if it fails, its error is returned and the index stays as it
  // was.
  absl::Status Fill(storage::Revision revision,
                    const std::function<absl::Status(RunColumns&)>& fill);

  // Takes over columns that were filled elsewhere, in an index that has none. What is
  // remembered of searches is kept, so that no search may come before: REQUIRES none
  // has.
  void Install(storage::Revision revision, std::unique_ptr<RunColumns> columns);

  // Shows the columns while they cannot change; revision() belongs to them. Be quick: a
  // change waits for it, and searches wait for the change. The reference is not valid
  // afterwards.
  void Read(const std::function<void(const RunColumns&)>& look) const;

  // One page. INVALID_ARGUMENT (PAGE_TOKEN_INVALID): `after` is no sort key. Ends with
  // what the query's check says, if it says stop. Walks where a page is likely to fill
  // soon and scans elsewhere, guessed from a sample of 256 rows. A page behind skipped runs
  // goes by the order of all rows, which the first such page sorts and the next ones find.
  absl::StatusOr<RunPage> Search(const RunQuery& query) const;

  // Shows the columns and the rows of the query's runs, of all pages, at one revision. Be
  // as quick as for Read, and let the meter stop what takes long. Errors are those of
  // `look` and of the query's check.
  using Look = std::function<absl::Status(const RunColumns&, const Bitmap&, StopMeter&)>;
  absl::StatusOr<RunsShown> Show(const RunQuery& query, const Look& look) const;

  // How many runs there are, of all pages. The first count of a filter scans; the next
  // ones decide again only what changed.
  RunCount Count(const RunQuery& query) const;

  // Every commit up to here is in every later search. Takes no lock.
  storage::Revision revision() const { return revision_.load(std::memory_order_acquire); }

  // Moves on with everything that may change what a search finds: while it is the same, so is
  // every answer. Commits that concern no run do not count. Takes no lock.
  uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  // Columns and what is remembered of searches. In bytes; the greater part of the
  // server's memory where there are many runs.
  size_t bytes() const;

  // Drops columns over the budget; Fill and Apply do so by themselves.
  void KeepBudget();

 private:
  // Both go through turnstile_, which a writer holds while it waits for lock_: that is
  // what keeps readers from overtaking it.
  class ReadLock;
  class WriteLock;
  struct Bound;

  // nullopt if the filter needs a dropped column. It and those below need the read lock.
  std::optional<Bound> BindQuery(const RunQuery& query, StopMeter& meter) const;
  // Finds the bits of the query's runs, if they are not known yet.
  void Decide(Bound& bound, StopMeter& meter) const;
  // The first limit + 1 rows of the page, in order: one more tells whether there are
  // more. Sets `plan` to what was done.
  std::vector<Row> FindRows(const RunQuery& query, Bound& bound, const RowOrder& order,
                            const std::optional<SeekPosition>& after, SearchPlan& plan,
                            StopMeter& meter) const;
  // The same for a query that skips rows: by the order's permutation, or by sorting the
  // rows where these are few. REQUIRES: the bits are decided.
  std::vector<Row> FindRowsAfterSkip(const RunQuery& query, const Bound& bound,
                                     const RowOrder& order,
                                     const std::optional<SeekPosition>& after, SearchPlan& plan,
                                     StopMeter& meter) const;
  // The first `most` rows by looking at every chunk; keeps the filter's bits for the next page.
  std::vector<Row> Scan(size_t most, const Bound& bound, const RowOrder& order,
                        const std::optional<SeekPosition>& after, StopMeter& meter) const;

  const RunIndexOptions options_;
  mutable Mutex turnstile_;
  mutable std::shared_mutex lock_;       // guards columns_
  std::unique_ptr<RunColumns> columns_;  // never null
  uint64_t generation_ = 0;              // of the set of live experiments; guarded by lock_
  std::atomic<storage::Revision> revision_{0};
  std::atomic<uint64_t> changes_{0};  // raised with the write lock held
  mutable BitmapCache bitmaps_;
  mutable PermutationCache permutations_;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_INDEX_H_
