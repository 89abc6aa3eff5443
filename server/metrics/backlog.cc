#include "server/metrics/backlog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {

using storage::Key;
using storage::KeyKind;

int64_t FirstStepOf(std::string_view batch_key, std::string_view prefix) {
  const auto step = storage::KeyReader(batch_key.substr(prefix.size())).ReadInt64();
  return step.value_or(std::numeric_limits<int64_t>::min());
}

namespace {

absl::Status ScanBatches(const storage::Snapshot& snapshot, const Key& all,
                         const std::function<bool(WaitingSeries)>& visitor) {
  absl::Status damage;
  std::string prefix;  // of the batches of the series at hand
  WaitingSeries series;
  bool wanted = true;
  const auto look = [&](std::string_view key, const storage::Record& record) {
    const auto bytes = static_cast<int64_t>(record.payload.size());
    if (!prefix.empty() && key.substr(0, prefix.size()) == prefix) {
      series.bytes += bytes;
      return true;
    }
    auto owner = storage::OwnerOfMetricKey(key);
    damage.Update(owner.status());
    if (!owner.ok()) return true;
    if (!prefix.empty()) wanted = visitor(std::move(series));
    prefix = storage::MetricBatchPrefix(owner->run_id, owner->metric).bytes;
    series = {std::move(owner->run_id), std::move(owner->metric), bytes, FirstStepOf(key, prefix)};
    return wanted;
  };
  const absl::Status scanned =
      snapshot.Scan(storage::KeyRange::Prefix(all), storage::ScanOrder::kAscending, look);
  if (wanted && !prefix.empty()) visitor(std::move(series));
  damage.Update(scanned);
  return damage;
}

}  // namespace

absl::Status ScanWaiting(const storage::Snapshot& snapshot,
                         const std::function<bool(WaitingSeries)>& visitor) {
  return ScanBatches(snapshot, storage::AllMetricBatchesPrefix(), visitor);
}

absl::Status ScanWaitingOf(const storage::Snapshot& snapshot, std::string_view run_id,
                           const std::function<bool(WaitingSeries)>& visitor) {
  return ScanBatches(snapshot, storage::MetricKindPrefix(KeyKind::kMetricBatch, run_id), visitor);
}

bool FoldBacklog::Name::operator<(const Name& other) const {
  return std::tie(run_id, metric) < std::tie(other.run_id, other.metric);
}

int FoldBacklog::ClassOf(int64_t bytes) {
  return std::bit_width(static_cast<uint64_t>(bytes) >> kSmallBits);
}

void FoldBacklog::List(Name name, int of_class) {
  listed_[static_cast<size_t>(of_class)].push_back(std::move(name));
  ++entries_;
}

FoldBacklog::Waiting* FoldBacklog::Find(const Name& name) {
  const auto run = runs_.find(name.run_id);
  if (run == runs_.end()) return nullptr;
  const auto at = run->second.metrics.find(name.metric);
  return at == run->second.metrics.end() ? nullptr : &at->second;
}

bool FoldBacklog::IsCurrent(const Name& name, int of_class) {
  const Waiting* waiting = Find(name);
  return waiting != nullptr && ClassOf(waiting->bytes) == of_class;
}

int64_t FoldBacklog::Add(std::string_view run_id, std::string_view metric, int64_t bytes,
                         int64_t first_step) {
  const std::string run(run_id);
  MutexLock lock(&mutex_);
  total_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return AddLocked(run, metric, bytes, first_step);
}

int64_t FoldBacklog::AddLocked(const std::string& run_id, std::string_view metric, int64_t bytes,
                               int64_t first_step) {
  const auto [run, is_new_run] = runs_.try_emplace(run_id);
  run->second.heard = period_;
  if (is_new_run) heard_[period_].push_back(run_id);
  const auto [at, is_new] = run->second.metrics.try_emplace(std::string(metric));
  size_ += is_new ? 1 : 0;
  const int before = ClassOf(at->second.bytes);
  at->second.bytes += bytes;
  at->second.first_step = std::min(at->second.first_step, first_step);
  const int64_t known = at->second.bytes;
  const int now = ClassOf(known);
  if (is_new || now != before) List({run_id, at->first}, now);
  DropStale();
  return known;
}

// Keeps the lists within a few entries for each series.
void FoldBacklog::DropStale() {
  constexpr size_t kEntriesPerSeries = 16;
  constexpr size_t kFew = 1024;
  if (entries_ <= kEntriesPerSeries * size_ + kFew) return;
  for (auto& list : listed_) list.clear();
  entries_ = 0;
  for (const auto& [run_id, run] : runs_) {
    for (const auto& [metric, waiting] : run.metrics) {
      List({run_id, metric}, ClassOf(waiting.bytes));
    }
  }
}

WaitingSeries FoldBacklog::Take(const Name& name) {
  const auto run = runs_.find(name.run_id);
  const auto at = run->second.metrics.find(name.metric);
  WaitingSeries series{name.run_id, name.metric, at->second.bytes, at->second.first_step};
  taken_[name] += series.bytes;
  run->second.metrics.erase(at);
  --size_;
  return series;  // the run stays until it is quiet
}

std::optional<WaitingSeries> FoldBacklog::TakeLargest(int64_t min_bytes) {
  MutexLock lock(&mutex_);
  const int lowest = ClassOf(std::max<int64_t>(min_bytes, 0));
  for (int c = kClasses - 1; c >= lowest; --c) {
    std::deque<Name>& list = listed_[static_cast<size_t>(c)];
    while (!list.empty() && !IsCurrent(list.front(), c)) {
      list.pop_front();
      --entries_;
    }
    // Above the lowest class the first one will do.
    auto found = list.begin();
    while (found != list.end() && (!IsCurrent(*found, c) || Find(*found)->bytes < min_bytes)) {
      ++found;
    }
    if (found == list.end()) continue;
    const Name name = std::move(*found);
    list.erase(found);
    --entries_;
    return Take(name);
  }
  return std::nullopt;
}

// Whether the series was taken; then `bytes` of it are not any more.
bool FoldBacklog::Release(const WaitingSeries& taken, int64_t bytes) {
  const auto at = taken_.find({taken.run_id, taken.metric});
  if (at == taken_.end()) return false;
  at->second -= bytes;
  if (at->second == 0) taken_.erase(at);
  return true;
}

void FoldBacklog::Folded(WaitingSeries& taken, int64_t bytes) {
  const int64_t gone = std::min(bytes, taken.bytes);
  MutexLock lock(&mutex_);
  if (!Release(taken, gone)) return;
  taken.bytes -= gone;
  total_bytes_.fetch_sub(gone, std::memory_order_relaxed);
}

void FoldBacklog::Done(WaitingSeries taken) { Folded(taken, taken.bytes); }

void FoldBacklog::PutBack(const WaitingSeries& taken) {
  MutexLock lock(&mutex_);
  if (Release(taken, taken.bytes)) {
    AddLocked(taken.run_id, taken.metric, taken.bytes, taken.first_step);
  }
}

int64_t FoldBacklog::BytesOf(const std::string& run_id, const std::string& metric) const {
  MutexLock lock(&mutex_);
  int64_t bytes = 0;
  if (const auto run = runs_.find(run_id); run != runs_.end()) {
    const auto at = run->second.metrics.find(metric);
    if (at != run->second.metrics.end()) bytes = at->second.bytes;
  }
  if (taken_.empty()) return bytes;
  const auto taken = taken_.find({run_id, metric});
  return taken == taken_.end() ? bytes : bytes + taken->second;
}

void FoldBacklog::BeginPeriod() {
  MutexLock lock(&mutex_);
  ++period_;
}

std::optional<std::string> FoldBacklog::TakeQuiet() {
  constexpr int kLook = 1000;  // everybody who logs waits for the lock
  MutexLock lock(&mutex_);
  for (int i = 0; i < kLook && !heard_.empty(); ++i) {
    const auto oldest = heard_.begin();
    if (oldest->first + 1 >= period_) return std::nullopt;
    std::string run_id = std::move(oldest->second.front());
    oldest->second.pop_front();
    if (oldest->second.empty()) heard_.erase(oldest);
    const auto run = runs_.find(run_id);
    if (run == runs_.end()) continue;
    if (run->second.heard + 1 < period_) {
      Erase(run_id);
      return run_id;
    }
    heard_[run->second.heard].push_back(std::move(run_id));
  }
  return std::nullopt;
}

void FoldBacklog::Erase(const std::string& run_id) {
  const auto run = runs_.find(run_id);
  if (run == runs_.end()) return;
  for (const auto& [metric, waiting] : run->second.metrics) {
    total_bytes_.fetch_sub(waiting.bytes, std::memory_order_relaxed);
  }
  size_ -= run->second.metrics.size();
  runs_.erase(run);
}

void FoldBacklog::Forget(std::string_view run_id) {
  MutexLock lock(&mutex_);
  Erase(std::string(run_id));
}

size_t FoldBacklog::size() const {
  MutexLock lock(&mutex_);
  return size_;
}

absl::StatusOr<bool> DeletePoints(const storage::Snapshot& snapshot, std::string_view run_id,
                                  size_t max_keys, storage::WriteSet& write_set) {
  static constexpr std::array kKinds = {KeyKind::kMetricSeries, KeyKind::kMetricBatch,
                                        KeyKind::kMetricNode,   KeyKind::kMetricBlock,
                                        KeyKind::kMetricBundle, KeyKind::kMetricWriter};
  size_t deleted = 0;
  bool more = false;
  for (const KeyKind kind : kKinds) {
    const Key prefix = storage::MetricKindPrefix(kind, run_id);
    CAIRN_RETURN_IF_ERROR(snapshot.Scan(storage::KeyRange::Prefix(prefix),
                                        storage::ScanOrder::kAscending,
                                        [&](std::string_view key, const storage::Record&) {
                                          more = deleted == max_keys;
                                          if (more) return false;
                                          write_set.Delete({prefix.family, std::string(key)});
                                          ++deleted;
                                          return true;
                                        }));
    if (more) break;
  }
  return more;
}

}  // namespace cairn::metrics
