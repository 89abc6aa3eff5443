#include "server/metrics/backlog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
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

absl::Status ScanWaiting(const storage::Snapshot& snapshot,
                         const std::function<bool(WaitingSeries)>& visitor) {
  absl::Status failure;
  std::string prefix;  // of the batches of the series at hand
  WaitingSeries series;
  bool wanted = true;
  const auto range = storage::KeyRange::Prefix(storage::AllMetricBatchesPrefix());
  CAIRN_RETURN_IF_ERROR(
      snapshot.Scan(range, storage::ScanOrder::kAscending,
                    [&](std::string_view key, const storage::Record& record) {
                      const auto bytes = static_cast<int64_t>(record.payload.size());
                      if (!prefix.empty() && key.substr(0, prefix.size()) == prefix) {
                        series.bytes += bytes;
                        return true;
                      }
                      auto owner = storage::OwnerOfMetricKey(key);
                      if (!owner.ok()) {
                        failure = owner.status();
                        return false;
                      }
                      if (!prefix.empty()) wanted = visitor(std::move(series));
                      prefix = storage::MetricBatchPrefix(owner->run_id, owner->metric).bytes;
                      series = {std::move(owner->run_id), std::move(owner->metric), bytes,
                                FirstStepOf(key, prefix)};
                      return wanted;
                    }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (wanted && !prefix.empty()) visitor(std::move(series));
  return absl::OkStatus();
}

int FoldBacklog::ClassOf(int64_t bytes) {
  return std::bit_width(static_cast<uint64_t>(bytes) >> kSmallBits);
}

void FoldBacklog::List(const Name& name, int of_class) {
  listed_[static_cast<size_t>(of_class)].push_back(name);
  ++entries_;
}

bool FoldBacklog::IsCurrent(const Name& name, int of_class) const {
  const auto at = waiting_.find(name);
  return at != waiting_.end() && ClassOf(at->second.bytes) == of_class;
}

int64_t FoldBacklog::Add(std::string_view run_id, std::string_view metric, int64_t bytes,
                         int64_t first_step) {
  Name name;
  name.reserve(run_id.size() + 1 + metric.size());
  name.append(run_id).append(1, '\0').append(metric);
  MutexLock lock(&mutex_);
  const auto [at, is_new] = waiting_.try_emplace(std::move(name));
  const int before = ClassOf(at->second.bytes);
  at->second.bytes += bytes;
  at->second.first_step = std::min(at->second.first_step, first_step);
  total_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const int64_t known = at->second.bytes;
  const int now = ClassOf(known);
  if (is_new || now != before) List(at->first, now);
  DropStale();
  return known;
}

// Keeps the lists within a few entries for each series.
void FoldBacklog::DropStale() {
  constexpr size_t kEntriesPerSeries = 16;
  constexpr size_t kFew = 1024;
  if (entries_ <= kEntriesPerSeries * waiting_.size() + kFew) return;
  for (auto& list : listed_) list.clear();
  entries_ = 0;
  for (const auto& [name, series] : waiting_) List(name, ClassOf(series.bytes));
}

WaitingSeries FoldBacklog::Take(const Name& name) {
  const auto at = waiting_.find(name);
  const size_t zero = name.find('\0');
  WaitingSeries series{name.substr(0, zero), name.substr(zero + 1), at->second.bytes,
                       at->second.first_step};
  total_bytes_.fetch_sub(series.bytes, std::memory_order_relaxed);
  waiting_.erase(at);
  return series;
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
    while (found != list.end() &&
           (!IsCurrent(*found, c) || waiting_.find(*found)->second.bytes < min_bytes)) {
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

void FoldBacklog::Forget(std::string_view run_id) {
  MutexLock lock(&mutex_);
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const bool of_run = at->first.size() > run_id.size() && at->first[run_id.size()] == '\0' &&
                        at->first.compare(0, run_id.size(), run_id) == 0;
    if (of_run) total_bytes_.fetch_sub(at->second.bytes, std::memory_order_relaxed);
    at = of_run ? waiting_.erase(at) : std::next(at);
  }
}

size_t FoldBacklog::size() const {
  MutexLock lock(&mutex_);
  return waiting_.size();
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
