#include "server/metrics/folder.h"

#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
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
  CAIRN_RETURN_IF_ERROR(ScanWaiting(*store_.GetSnapshot(), [this](const WaitingSeries& series) {
    backlog_.Add(series.run_id, series.metric, series.bytes, series.first_step);
    return true;
  }));
  thread_ = std::thread([this] { Work(); });
  return absl::OkStatus();
}

void MetricFolder::Logged(std::string_view run_id, std::string_view metric, int64_t bytes,
                          int64_t first_step) {
  logged_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (backlog_.Add(run_id, metric, bytes, first_step) < options_.min_bytes) return;
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
  while (std::optional<WaitingSeries> series = NextSeries()) {
    const absl::Status folded = FoldSeries(*series);
    GiveRoom();
    if (folded.ok()) continue;
    if (options_.on_failure) options_.on_failure(*series, folded);
    backlog_.Add(series->run_id, series->metric, series->bytes, series->first_step);
    MutexLock lock(&mutex_);
    if (!closing()) wake_.WaitFor(&mutex_, kAfterFailure);
  }
}

// The next series to fold; waits until there is one, nullopt when closing.
std::optional<WaitingSeries> MetricFolder::NextSeries() {
  while (!closing()) {
    // Too much of small series: the largest of them must do.
    const int64_t min_bytes = full() ? 1 : options_.min_bytes;
    if (auto series = backlog_.TakeLargest(min_bytes)) return series;
    const int64_t logged = logged_bytes_.load(std::memory_order_relaxed);
    if (logged == idle_mark_) {
      if (auto series = backlog_.TakeLargest(options_.idle_min_bytes)) return series;
    }
    GiveRoom();
    MutexLock lock(&mutex_);
    if (!signalled_ && !wake_.WaitFor(&mutex_, options_.idle_after)) idle_mark_ = logged;
    signalled_ = false;
  }
  return std::nullopt;
}

absl::Status MetricFolder::FoldSeries(WaitingSeries series) {
  int conflicts = 0;
  while (!closing()) {
    const absl::StatusOr<bool> more = FoldOnce(series);
    if (HasReason(more.status(), ErrorReason::COMMIT_CONFLICT) && ++conflicts < kMaxConflicts) {
      // A run that was purged meanwhile has nothing to fold.
      CAIRN_ASSIGN_OR_RETURN(const auto run,
                             store_.GetSnapshot()->Get(storage::RunKey(series.run_id)));
      if (!run.has_value()) break;
      continue;
    }
    CAIRN_RETURN_IF_ERROR(more.status());
    if (!*more) break;
  }
  return absl::OkStatus();
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
  while (auto series = backlog_.TakeLargest(min_bytes)) first.Update(FoldSeries(*series));
  return first;
}

}  // namespace cairn::metrics
