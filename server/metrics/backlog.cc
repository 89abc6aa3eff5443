#include "server/metrics/backlog.h"

#include <array>

#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {

using storage::Key;
using storage::KeyKind;

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
                      series = {std::move(owner->run_id), std::move(owner->metric), bytes};
                      return wanted;
                    }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (wanted && !prefix.empty()) visitor(std::move(series));
  return absl::OkStatus();
}

int64_t FoldBacklog::Add(std::string_view run_id, std::string_view metric, int64_t bytes) {
  Name name(run_id, metric);
  MutexLock lock(&mutex_);
  int64_t& known = bytes_[name];
  by_bytes_.erase({known, name});
  known += bytes;
  total_bytes_ += bytes;
  by_bytes_.emplace(known, std::move(name));
  return known;
}

std::optional<WaitingSeries> FoldBacklog::TakeLargest(int64_t min_bytes) {
  MutexLock lock(&mutex_);
  if (by_bytes_.empty() || by_bytes_.rbegin()->first < min_bytes) return std::nullopt;
  auto largest = by_bytes_.extract(std::prev(by_bytes_.end()));
  auto& [bytes, name] = largest.value();
  bytes_.erase(name);
  total_bytes_ -= bytes;
  return WaitingSeries{std::move(name.first), std::move(name.second), bytes};
}

void FoldBacklog::Forget(std::string_view run_id) {
  MutexLock lock(&mutex_);
  auto at = bytes_.lower_bound(Name(run_id, ""));
  while (at != bytes_.end() && at->first.first == run_id) {
    by_bytes_.erase({at->second, at->first});
    total_bytes_ -= at->second;
    at = bytes_.erase(at);
  }
}

size_t FoldBacklog::size() const {
  MutexLock lock(&mutex_);
  return bytes_.size();
}

int64_t FoldBacklog::total_bytes() const {
  MutexLock lock(&mutex_);
  return total_bytes_;
}

absl::StatusOr<bool> DeletePoints(const storage::Snapshot& snapshot, std::string_view run_id,
                                  std::string_view metric, size_t max_keys,
                                  storage::WriteSet& write_set) {
  // Writers belong to the run, not to one metric of it; they come last.
  static constexpr std::array kKinds = {KeyKind::kMetricSeries, KeyKind::kMetricBatch,
                                        KeyKind::kMetricNode, KeyKind::kMetricBlock,
                                        KeyKind::kMetricWriter};
  size_t deleted = 0;
  bool more = false;
  for (const KeyKind kind : kKinds) {
    if (kind == KeyKind::kMetricWriter && !metric.empty()) break;
    const Key prefix = metric.empty() ? storage::MetricKindPrefix(kind, run_id)
                                      : storage::MetricKindPrefix(kind, run_id, metric);
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
