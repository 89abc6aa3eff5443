#include "server/metrics/metric_compactor.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/stand_back.h"
#include "lib/base/status_macros.h"
#include "server/metrics/spread.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

// Several in a row mean that something else is wrong; the series comes again.
constexpr int kMaxConflicts = 16;

constexpr std::chrono::seconds kAfterFailure{1};

// Of spreading the bundles of one run.
constexpr int kStepsPerTurn = 8;

// So many series or bundles, and then a run that became quiet, however much is due.
constexpr int kTurnsPerQuietRun = 8;

}  // namespace

MetricCompactor::MetricCompactor(storage::KvStore& store, CompactorOptions options)
    : store_(store), options_(std::move(options)) {}

MetricCompactor::~MetricCompactor() {
  closing_ = true;
  {
    MutexLock lock(&mutex_);
    signalled_ = true;
  }
  wake_.SignalAll();
  if (thread_.joinable()) thread_.join();
  GiveRoom();
}

void MetricCompactor::Start() {
  thread_ =
      std::thread([this, before = store_.GetSnapshot()]() mutable { Work(std::move(before)); });
}

// Lists what waited before anything was logged.
void MetricCompactor::FindOld(const storage::Snapshot& snapshot) {
  Report({}, ScanBundledRuns(snapshot, [this](const std::string& run_id, int64_t bytes) {
           if (bytes >= LeastBundleBytes() && !closing()) {
             bundles_.Add(run_id, "", bytes);
           }
         }));
  Report({}, ScanWaiting(snapshot, [this](const WaitingSeries& series) {
           if (series.bytes >= options_.idle_min_bytes) {
             series_.Add(series.run_id, series.metric, series.bytes, series.first_step);
           }
           return !closing();
         }));
}

void MetricCompactor::Report(const WaitingSeries& waiting, const absl::Status& status) const {
  if (!status.ok() && options_.on_failure) options_.on_failure(waiting, status);
}

void MetricCompactor::Logged(std::string_view run_id, std::string_view metric, int64_t bytes,
                             int64_t first_step) {
  Added(bytes, series_.Add(run_id, metric, bytes, first_step) >= options_.min_bytes);
}

void MetricCompactor::LoggedBundle(std::string_view run_id, int64_t bytes) {
  Added(bytes, bundles_.Add(run_id, "", bytes) >= options_.min_bundle_bytes);
}

// Wakes the thread up if something has enough bytes.
void MetricCompactor::Added(int64_t bytes, bool enough) {
  logged_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (!enough) return;
  {
    MutexLock lock(&mutex_);
    if (signalled_) return;
    signalled_ = true;
  }
  wake_.Signal();
}

MetricCompactor::RoomTicket MetricCompactor::WhenRoom(std::function<void()> ready) {
  constexpr RoomTicket kNone = 0;
  if (!full() || closing()) {
    ready();
    return kNone;
  }
  MutexLock lock(&mutex_);
  waiting_for_room_.emplace(++last_ticket_, std::move(ready));
  signalled_ = true;
  wake_.Signal();
  return last_ticket_;
}

bool MetricCompactor::Withdraw(RoomTicket ticket) {
  MutexLock lock(&mutex_);
  return waiting_for_room_.erase(ticket) > 0;
}

size_t MetricCompactor::waiting_for_room() const {
  MutexLock lock(&mutex_);
  return waiting_for_room_.size();
}

void MetricCompactor::GiveRoom() {
  if (full() && !closing()) return;
  std::map<RoomTicket, std::function<void()>> ready;
  {
    MutexLock lock(&mutex_);
    ready.swap(waiting_for_room_);
  }
  for (const auto& [ticket, call] : ready) call();
}

void MetricCompactor::Work(std::unique_ptr<storage::Snapshot> before) {
  if (options_.nice > 0) StandBack(options_.nice);
  FindOld(*before);
  before = nullptr;
  while (std::optional<WaitingSeries> waiting = Next()) Try(*std::move(waiting));
}

void MetricCompactor::Try(WaitingSeries waiting) {
  const absl::Status folded = Fold(waiting);
  if (folded.ok()) {
    ListOf(waiting).Done(waiting);
    failures_in_a_row_ = 0;
  } else {
    Report(waiting, folded);
    SetAside(std::move(waiting));
  }
  GiveRoom();
}

void MetricCompactor::SetAside(WaitingSeries failed) {
  failed_.push_back({std::move(failed), std::chrono::steady_clock::now() + options_.retry_after});
  if (++failures_in_a_row_ == 1) return;
  // Not that one alone: probably nothing can be written at the moment.
  MutexLock lock(&mutex_);
  if (!closing()) wake_.WaitFor(&mutex_, kAfterFailure);
}

// Lists again what failed long enough ago, and notices that a period is over.
void MetricCompactor::KeepTime() {
  const Time now = std::chrono::steady_clock::now();
  for (; !failed_.empty() && failed_.front().again <= now; failed_.pop_front()) {
    const WaitingSeries& waiting = failed_.front().waiting;
    ListOf(waiting).PutBack(waiting);
  }
  if (now - period_began_ < options_.quiet_after) return;
  period_began_ = now;
  bundles_.BeginPeriod();
  series_.BeginPeriod();
}

// In turns, so that neither of the two keeps the other waiting.
std::optional<WaitingSeries> MetricCompactor::Take(int64_t min_bundle_bytes, int64_t min_bytes) {
  const bool bundles_first = turns_.fetch_add(1, std::memory_order_relaxed) % 2 == 0;
  auto taken =
      bundles_first ? bundles_.TakeLargest(min_bundle_bytes) : series_.TakeLargest(min_bytes);
  if (taken) return taken;
  return bundles_first ? series_.TakeLargest(min_bytes) : bundles_.TakeLargest(min_bundle_bytes);
}

// What is worth folding now, or nullopt.
std::optional<WaitingSeries> MetricCompactor::TakeWhatIsDue() {
  auto waiting = Take(options_.min_bundle_bytes, options_.min_bytes);
  // Too much of small ones: the largest of them must do.
  if (!waiting && full()) waiting = Take(1, 1);
  return waiting;
}

// Spreads and folds what a run has that became quiet; false when there is none.
bool MetricCompactor::TidyQuietRun() {
  std::optional<std::string> run_id = bundles_.TakeQuiet();
  if (run_id) {
    const absl::Status spread = SpreadAll(*run_id);
    Report({*run_id}, spread);
    if (!spread.ok()) bundles_.Add(*run_id, "", 1);  // tried again when that is quiet
  } else {
    run_id = series_.TakeQuiet();
  }
  if (!run_id) return false;
  Report({*run_id}, FoldWhatIsLeft(*run_id));
  return true;
}

// What to fold next; waits until there is something, nullopt when closing.
std::optional<WaitingSeries> MetricCompactor::Next() {
  while (!closing()) {
    KeepTime();
    std::optional<WaitingSeries> waiting;
    if (++turns_since_quiet_ < kTurnsPerQuietRun) waiting = TakeWhatIsDue();
    if (waiting) return waiting;
    turns_since_quiet_ = 0;
    if (TidyQuietRun()) continue;
    waiting = TakeWhatIsDue();
    if (waiting) return waiting;
    const int64_t logged = logged_bytes_.load(std::memory_order_relaxed);
    if (logged == idle_mark_) {
      waiting = Take(LeastBundleBytes(), options_.idle_min_bytes);
    }
    if (waiting) return waiting;
    GiveRoom();
    const auto wait = std::min(options_.idle_after, options_.quiet_after);
    MutexLock lock(&mutex_);
    const bool woken = signalled_ || wake_.WaitFor(&mutex_, wait);
    if (!woken && wait == options_.idle_after) idle_mark_ = logged;
    signalled_ = false;
  }
  return std::nullopt;
}

// Does steps for a run until one answers that there is no more to do.
absl::Status MetricCompactor::Repeat(const std::string& run_id,
                                     const std::function<absl::StatusOr<bool>()>& step) {
  int conflicts = 0;
  while (!closing()) {
    const absl::StatusOr<bool> more = step();
    if (HasReason(more.status(), ErrorReason::COMMIT_CONFLICT) && ++conflicts < kMaxConflicts) {
      // A run that was purged meanwhile has nothing to fold.
      CAIRN_ASSIGN_OR_RETURN(const auto run, store_.GetSnapshot()->Get(storage::RunKey(run_id)));
      if (!run.has_value()) break;
      continue;
    }
    CAIRN_RETURN_IF_ERROR(more.status());
    if (!*more) break;
  }
  return absl::OkStatus();
}

absl::Status MetricCompactor::Fold(WaitingSeries& waiting) {
  return IsBundles(waiting) ? FoldBundles(waiting) : FoldSeries(waiting);
}

absl::Status MetricCompactor::FoldBundles(WaitingSeries& bundles) {
  int steps = 0;
  return Repeat(bundles.run_id, [&]() -> absl::StatusOr<bool> {
    CAIRN_ASSIGN_OR_RETURN(const bool more, SpreadOnce(bundles));
    if (!more || ++steps < kStepsPerTurn) return more;
    LeaveForLater(bundles);
    return false;
  });
}

// Of many batches the later half stays: those that come late still find their place among
// them, while among folded points they would have these written again.
absl::Status MetricCompactor::FoldSeries(WaitingSeries& series) {
  const int64_t left = series.bytes < options_.deep_bytes ? -1 : series.bytes / 2;
  return Repeat(series.run_id, [&]() -> absl::StatusOr<bool> {
    CAIRN_ASSIGN_OR_RETURN(const bool more, FoldOnce(series));
    if (!more || series.bytes > left) return more;
    series_.PutBack(series);
    series.bytes = 0;
    return false;
  });
}

// The run logs as fast as its bundles are spread; the others come first.
void MetricCompactor::LeaveForLater(WaitingSeries& bundles) {
  const int64_t enough = std::max(options_.min_bundle_bytes - bundles.bytes, int64_t{0});
  bundles_.PutBack(bundles);
  bundles_.Add(bundles.run_id, "", enough);
  bundles.bytes = 0;
}

absl::StatusOr<bool> MetricCompactor::SpreadOnce(WaitingSeries& bundles) {
  CAIRN_ASSIGN_OR_RETURN(const SpreadPlan spread, Spread(bundles.run_id));
  bundles_.Folded(bundles, spread.bundle_bytes);
  for (const SpreadPlan::Batch& batch : spread.batches) {
    series_.Add(bundles.run_id, batch.metric, batch.bytes, batch.first_step);
  }
  return spread.more;
}

// Does one step, if its bundles have so many bytes or others follow, and answers what it was.
absl::StatusOr<SpreadPlan> MetricCompactor::Spread(const std::string& run_id, int64_t min_bytes) {
  CAIRN_ASSIGN_OR_RETURN(SpreadPlan plan, PlanSpread(*store_.GetSnapshot(), run_id));
  if (plan.bundles > 0 && (plan.more || plan.bundle_bytes >= min_bytes)) {
    CAIRN_RETURN_IF_ERROR(store_.CommitAndWait(std::move(plan.write_set)).status());
  }
  if (!plan.more) Report({run_id}, plan.damage);
  return plan;
}

// The bundles of a run that is quiet, as far as it is worth it. What they become is not listed:
// FoldWhatIsLeft follows.
absl::Status MetricCompactor::SpreadAll(const std::string& run_id) {
  return Repeat(run_id, [&]() -> absl::StatusOr<bool> {
    CAIRN_ASSIGN_OR_RETURN(const SpreadPlan spread, Spread(run_id, LeastBundleBytes()));
    return spread.more;
  });
}

// The raw batches of a run that is quiet, as far as they are worth it.
absl::Status MetricCompactor::FoldWhatIsLeft(const std::string& run_id) {
  std::vector<WaitingSeries> left;
  absl::Status first = ScanWaitingOf(*store_.GetSnapshot(), run_id, [&](WaitingSeries series) {
    if (series.bytes >= options_.idle_min_bytes) left.push_back(std::move(series));
    return !closing();
  });
  for (WaitingSeries& series : left) {
    const absl::Status folded = Repeat(run_id, [&] { return FoldStep(series); });
    if (folded.ok()) continue;
    first.Update(folded);
    series_.Add(series.run_id, series.metric, series.bytes, series.first_step);
  }
  return first;
}

// Of a series that was taken.
absl::StatusOr<bool> MetricCompactor::FoldOnce(WaitingSeries& series) {
  int64_t gone = 0;
  CAIRN_ASSIGN_OR_RETURN(const bool more, FoldStep(series, &gone));
  series_.Folded(series, gone);
  return more;
}

// Moves the first step on and says how many bytes went away.
absl::StatusOr<bool> MetricCompactor::FoldStep(WaitingSeries& series, int64_t* gone) {
  CAIRN_ASSIGN_OR_RETURN(FoldPlan plan, PlanFold(*store_.GetSnapshot(), series.run_id,
                                                 series.metric, options_.fold, series.first_step));
  if (plan.nothing_to_write) return false;
  CAIRN_RETURN_IF_ERROR(store_.CommitAndWait(std::move(plan.write_set)).status());
  series.first_step = plan.next_first_step;
  if (gone != nullptr) *gone = plan.raw_bytes;
  folded_points_.fetch_add(plan.points, std::memory_order_relaxed);
  folded_bytes_.fetch_add(plan.raw_bytes, std::memory_order_relaxed);
  return plan.more;
}

absl::Status MetricCompactor::FoldAll(int64_t min_bytes) {
  absl::Status first;
  while (auto waiting = Take(min_bytes, min_bytes)) {
    first.Update(Fold(*waiting));
    ListOf(*waiting).Done(*waiting);
  }
  return first;
}

}  // namespace cairn::metrics
