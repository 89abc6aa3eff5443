#ifndef CAIRN_SERVER_METRICS_METRIC_COMPACTOR_H_
#define CAIRN_SERVER_METRICS_METRIC_COMPACTOR_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "server/metrics/backlog.h"
#include "server/metrics/fold.h"
#include "server/metrics/spread.h"
#include "server/storage/kv_store.h"

namespace cairn::metrics {

// What a point takes in a raw batch, about: two variable-length integers, a double.
inline constexpr int64_t kBytesPerPoint = 16;

// When the compactor folds, and how much it lets wait. The defaults are for production.
struct CompactorOptions {
  // A series is folded once it has so many bytes of raw batches: 4,000 points, which
  // fill some blocks.
  int64_t min_bytes = int64_t{64} << 10;
  // With so many, half is left for the next turn. Batches that came out of order are in order
  // there, while a point behind those that are folded rewrites some of them.
  int64_t deep_bytes = int64_t{2} << 20;
  // The bundles of a run are spread over its metrics once they have so many bytes: some
  // twenty points a metric where each brings one of 1,000.
  int64_t min_bundle_bytes = int64_t{512} << 10;
  // While nothing is logged, series with fewer are folded too, down to this. Less
  // is left raw: a read merges it in, and a block of it would save nothing.
  int64_t idle_min_bytes = int64_t{2} << 10;
  // Then the bundles of a run are spread too, down to this. With less, as where a run logs its
  // metrics once, a bundle is read as quickly as the many records it would become, and takes a
  // fraction of their room.
  int64_t idle_min_bundle_bytes = int64_t{4} << 10;
  // How far the thread stands back behind those that answer: StandBack, or 0 for not at all.
  int nice = 10;
  // Nothing is logged for so long: the compactor is idle.
  std::chrono::milliseconds idle_after{2000};
  // A run that hears nothing for so long, or up to twice as long, is treated as while
  // nothing is logged at all, and then forgotten until it is heard of again.
  std::chrono::milliseconds quiet_after{30'000};
  // What failed is tried again after so long.
  std::chrono::milliseconds retry_after{10'000};
  // With so many bytes of bundles of a run waiting no more should be made: whoever reads
  // the run goes through all of them.
  int64_t max_bundle_bytes = int64_t{4} << 20;
  // Beyond so many waiting bytes full() asks writers to wait.
  int64_t max_waiting_bytes = int64_t{256} << 20;
  // One commit of a fold; small, because everybody's commits wait behind it.
  FoldOptions fold{
      .max_raw_bytes = int64_t{512} << 10, .amplification = 8, .max_rewritten_points = 100'000};
  // Hears of a fold that failed and will be tried again; on the compactor's thread.
  std::function<void(const WaitingSeries&, const absl::Status&)> on_failure;
};

// Spreads bundles over their metrics and turns raw batches into blocks in the
// background, with one thread.
//
// Owns the backlog: what was logged is told with Logged and LoggedBundle, and what an earlier
// process left is looked for in the background, first of all. Folding changes nothing that
// a reader sees. Bundles and series take turns. A fold that loses to another commit is planned
// anew; one that fails leaves the batches as they are, is told to on_failure and tried
// again later, and keeps the others waiting only if they fail, too. Damaged bundles stay where
// they are, so that readers hear of them, and do not keep the rest of their run waiting.
//
// Safe to call from any thread. The store must outlive it. The destructor stops
// after the commit under way, and calls what waits in WhenRoom.
class MetricCompactor {
 public:
  explicit MetricCompactor(storage::KvStore& store, CompactorOptions options = {});
  ~MetricCompactor();
  MetricCompactor(const MetricCompactor&) = delete;
  MetricCompactor& operator=(const MetricCompactor&) = delete;

  // Starts the thread. Once, and before anything is logged.
  void Start();

  // `bytes` more of raw batches of the series were committed, with `first_step` and
  // above.
  void Logged(std::string_view run_id, std::string_view metric, int64_t bytes,
              int64_t first_step = std::numeric_limits<int64_t>::min());

  // `bytes` more of bundles of the run were committed.
  void LoggedBundle(std::string_view run_id, int64_t bytes);

  // Whether what is logged in the run may be a bundle: a writer that is faster than
  // spreading is slowed down by logging metric by metric.
  bool TakesBundles(const std::string& run_id) const {
    return !full() && bundles_.BytesOf(run_id, "") < options_.max_bundle_bytes;
  }

  // Forgets what waits of a run that was purged.
  void Forget(std::string_view run_id) {
    bundles_.Forget(run_id);
    series_.Forget(run_id);
  }

  // True while more waits than max_waiting_bytes: writers should be slowed down.
  bool full() const { return waiting_bytes() > options_.max_waiting_bytes; }

  // A place among those who wait for room.
  using RoomTicket = uint64_t;

  // Calls `ready` once when there is room: at once on this thread, or later on the
  // compactor's, where it must be quick. Who waits no more gives the ticket back.
  RoomTicket WhenRoom(std::function<void()> ready) CAIRN_EXCLUDES(mutex_);

  // Forgets who waits with `ticket`: true if he is not called any more, false if he was or
  // is about to be.
  bool Withdraw(RoomTicket ticket) CAIRN_EXCLUDES(mutex_);

  // How many wait for room.
  size_t waiting_for_room() const CAIRN_EXCLUDES(mutex_);

  // Spreads and folds all that has at least `min_bytes` waiting, on this thread: for
  // tests and tools without the thread. The first error, after trying all.
  absl::Status FoldAll(int64_t min_bytes = 1);

  // Since the start: points folded, and bytes of raw batches that went away. For
  // gauges; waiting_bytes is what is still to be folded.
  int64_t folded_points() const { return folded_points_.load(std::memory_order_relaxed); }
  int64_t folded_bytes() const { return folded_bytes_.load(std::memory_order_relaxed); }
  int64_t waiting_bytes() const { return bundles_.total_bytes() + series_.total_bytes(); }

 private:
  // Both lists give WaitingSeries; one without a metric is the bundles of a run.
  static bool IsBundles(const WaitingSeries& waiting) { return waiting.metric.empty(); }
  FoldBacklog& ListOf(const WaitingSeries& waiting) {
    return IsBundles(waiting) ? bundles_ : series_;
  }
  // What is ever worth spreading.
  int64_t LeastBundleBytes() const {
    return std::min(options_.min_bundle_bytes, options_.idle_min_bundle_bytes);
  }
  std::optional<WaitingSeries> Take(int64_t min_bundle_bytes, int64_t min_bytes);
  std::optional<WaitingSeries> TakeWhatIsDue();
  bool TidyQuietRun();
  void FindOld(const storage::Snapshot& snapshot);
  void Report(const WaitingSeries& waiting, const absl::Status& status) const;

  void Added(int64_t bytes, bool enough) CAIRN_EXCLUDES(mutex_);
  void Work(std::unique_ptr<storage::Snapshot> before) CAIRN_EXCLUDES(mutex_);
  void Try(WaitingSeries waiting) CAIRN_EXCLUDES(mutex_);
  std::optional<WaitingSeries> Next() CAIRN_EXCLUDES(mutex_);
  void SetAside(WaitingSeries failed) CAIRN_EXCLUDES(mutex_);
  void KeepTime();
  absl::Status Fold(WaitingSeries& waiting);
  absl::Status Repeat(const std::string& run_id, const std::function<absl::StatusOr<bool>()>& step);
  absl::Status FoldBundles(WaitingSeries& bundles);
  absl::Status FoldSeries(WaitingSeries& series);
  absl::StatusOr<bool> FoldOnce(WaitingSeries& series);
  absl::StatusOr<bool> FoldStep(WaitingSeries& series, int64_t* gone = nullptr);
  void LeaveForLater(WaitingSeries& bundles);
  absl::StatusOr<bool> SpreadOnce(WaitingSeries& bundles);
  absl::StatusOr<SpreadPlan> Spread(const std::string& run_id, int64_t min_bytes = 1);
  absl::Status SpreadAll(const std::string& run_id);
  absl::Status FoldWhatIsLeft(const std::string& run_id);
  void GiveRoom() CAIRN_EXCLUDES(mutex_);
  bool closing() const { return closing_.load(std::memory_order_relaxed); }

  storage::KvStore& store_;
  const CompactorOptions options_;
  FoldBacklog bundles_;
  FoldBacklog series_;
  std::atomic<uint32_t> turns_{0};
  std::atomic<bool> closing_{false};
  std::atomic<int64_t> logged_bytes_{0};  // ever, to notice that nothing is logged
  int64_t idle_mark_ = -1;                // of logged_bytes_, before the last idle wait
  using Time = std::chrono::steady_clock::time_point;
  struct Failed {
    WaitingSeries waiting;
    Time again;
  };
  // Of the thread: what failed, the oldest first; how often in a row; the last period.
  std::deque<Failed> failed_;
  int failures_in_a_row_ = 0;
  int turns_since_quiet_ = 0;
  Time period_began_ = std::chrono::steady_clock::now();
  std::atomic<int64_t> folded_points_{0};
  std::atomic<int64_t> folded_bytes_{0};
  mutable Mutex mutex_;
  CondVar wake_;
  bool signalled_ CAIRN_GUARDED_BY(mutex_) = false;
  RoomTicket last_ticket_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::map<RoomTicket, std::function<void()>> waiting_for_room_ CAIRN_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_METRIC_COMPACTOR_H_
