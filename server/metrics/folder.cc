#include "server/metrics/folder.h"

#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/metrics/spread.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

// Several in a row mean that something else is wrong; the series comes again.
constexpr int kMaxConflicts = 16;

constexpr std::chrono::seconds kAfterFailure{1};

}  // namespace

MetricFolder::MetricFolder(storage::KvStore& store, FolderOptions options)
    : store_(store), options_(std::move(options)) {}

MetricFolder::~MetricFolder() {
  closing_ = true;
  {
    MutexLock lock(&mutex_);
    signalled_ = true;
  }
  wake_.SignalAll();
  if (thread_.joinable()) thread_.join();
  GiveRoom();
}

absl::Status MetricFolder::Start() {
  const auto snapshot = store_.GetSnapshot();
  CAIRN_RETURN_IF_ERROR(ScanBundledRuns(
      *snapshot,
      [this](const std::string& run_id, int64_t bytes) { bundles_.Add(run_id, "", bytes); }));
  CAIRN_RETURN_IF_ERROR(ScanWaiting(*snapshot, [this](const WaitingSeries& series) {
    series_.Add(series.run_id, series.metric, series.bytes, series.first_step);
    return true;
  }));
  thread_ = std::thread([this] { Work(); });
  return absl::OkStatus();
}

void MetricFolder::Logged(std::string_view run_id, std::string_view metric, int64_t bytes,
                          int64_t first_step) {
  Heard(bytes, series_.Add(run_id, metric, bytes, first_step) >= options_.min_bytes);
}

void MetricFolder::LoggedBundle(std::string_view run_id, int64_t bytes) {
  Heard(bytes, bundles_.Add(run_id, "", bytes) >= options_.min_bundle_bytes);
}

// Wakes the thread up if something has enough bytes.
void MetricFolder::Heard(int64_t bytes, bool enough) {
  logged_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (!enough) return;
  {
    MutexLock lock(&mutex_);
    if (signalled_) return;
    signalled_ = true;
  }
  wake_.Signal();
}

void MetricFolder::WhenRoom(std::function<void()> ready) {
  if (full() && !closing()) {
    MutexLock lock(&mutex_);
    waiting_for_room_.push_back(std::move(ready));
    signalled_ = true;
    wake_.Signal();
  } else {
    ready();
  }
}

void MetricFolder::GiveRoom() {
  if (full() && !closing()) return;
  std::vector<std::function<void()>> ready;
  {
    MutexLock lock(&mutex_);
    ready.swap(waiting_for_room_);
  }
  for (const std::function<void()>& call : ready) call();
}

void MetricFolder::Work() {
  while (std::optional<WaitingSeries> waiting = Next()) {
    const absl::Status folded = Fold(*waiting);
    GiveRoom();
    if (folded.ok()) continue;
    if (options_.on_failure) options_.on_failure(*waiting, folded);
    FoldBacklog& list = IsBundles(*waiting) ? bundles_ : series_;
    list.Add(waiting->run_id, waiting->metric, waiting->bytes, waiting->first_step);
    MutexLock lock(&mutex_);
    if (!closing()) wake_.WaitFor(&mutex_, kAfterFailure);
  }
}

std::optional<WaitingSeries> MetricFolder::Take(int64_t min_bundle_bytes, int64_t min_bytes) {
  auto bundles = bundles_.TakeLargest(min_bundle_bytes);
  return bundles ? std::move(bundles) : series_.TakeLargest(min_bytes);
}

// What to fold next; waits until there is something, nullopt when closing.
std::optional<WaitingSeries> MetricFolder::Next() {
  while (!closing()) {
    // Too much of small series: the largest of them must do.
    auto waiting = full() ? Take(1, 1) : Take(options_.min_bundle_bytes, options_.min_bytes);
    if (waiting) return waiting;
    const int64_t logged = logged_bytes_.load(std::memory_order_relaxed);
    if (logged == idle_mark_) waiting = Take(1, options_.idle_min_bytes);
    if (waiting) return waiting;
    GiveRoom();
    MutexLock lock(&mutex_);
    if (!signalled_ && !wake_.WaitFor(&mutex_, options_.idle_after)) idle_mark_ = logged;
    signalled_ = false;
  }
  return std::nullopt;
}

absl::Status MetricFolder::Fold(WaitingSeries waiting) {
  int conflicts = 0;
  while (!closing()) {
    const absl::StatusOr<bool> more = IsBundles(waiting) ? SpreadOnce(waiting) : FoldOnce(waiting);
    if (HasReason(more.status(), ErrorReason::COMMIT_CONFLICT) && ++conflicts < kMaxConflicts) {
      // A run that was purged meanwhile has nothing to fold.
      CAIRN_ASSIGN_OR_RETURN(const auto run,
                             store_.GetSnapshot()->Get(storage::RunKey(waiting.run_id)));
      if (!run.has_value()) break;
      continue;
    }
    CAIRN_RETURN_IF_ERROR(more.status());
    if (!*more) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MetricFolder::SpreadOnce(const WaitingSeries& bundles) {
  CAIRN_ASSIGN_OR_RETURN(SpreadPlan plan, PlanSpread(*store_.GetSnapshot(), bundles.run_id));
  if (plan.bundles == 0) return false;
  CAIRN_RETURN_IF_ERROR(store_.CommitAndWait(std::move(plan.write_set)).status());
  for (const SpreadPlan::Batch& batch : plan.batches) {
    series_.Add(bundles.run_id, batch.metric, batch.bytes, batch.first_step);
  }
  return plan.more;
}

absl::StatusOr<bool> MetricFolder::FoldOnce(WaitingSeries& series) {
  CAIRN_ASSIGN_OR_RETURN(FoldPlan plan, PlanFold(*store_.GetSnapshot(), series.run_id,
                                                 series.metric, options_.fold, series.first_step));
  if (plan.nothing_to_write) return false;
  CAIRN_RETURN_IF_ERROR(store_.CommitAndWait(std::move(plan.write_set)).status());
  series.first_step = plan.next_first_step;
  folded_points_.fetch_add(plan.points, std::memory_order_relaxed);
  folded_bytes_.fetch_add(plan.raw_bytes, std::memory_order_relaxed);
  return plan.more;
}

absl::Status MetricFolder::FoldAll(int64_t min_bytes) {
  absl::Status first;
  while (auto waiting = Take(min_bytes, min_bytes)) first.Update(Fold(*waiting));
  return first;
}

}  // namespace cairn::metrics
