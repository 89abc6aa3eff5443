#include "server/index/bitmap_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cairn::index {
namespace {

// Beyond this share of the rows, deciding all of them by chunks is faster.
constexpr size_t kRefreshShare = 16;

// `old` with the rows that changed after `sequence` decided again.
std::shared_ptr<const Bitmap> Refreshed(const RunColumns& columns, ChangeKind kind,
                                        const Condition& condition,
                                        std::shared_ptr<const Bitmap> old, uint64_t sequence,
                                        StopMeter& meter) {
  std::vector<Row> changed;
  columns.ForEachChanged(sequence, kind, [&](Row row) { changed.push_back(row); });
  if (changed.empty()) return old;
  if (changed.size() > columns.row_limit() / kRefreshShare) {
    return condition.Evaluate(columns.row_limit(), meter);
  }
  auto bits = std::make_shared<Bitmap>(*old);
  for (const Row row : changed) bits->Set(row, condition.Matches(row));
  return bits;
}

}  // namespace

std::shared_ptr<const Bitmap> BitmapCache::Get(const RunColumns& columns, const std::string& key,
                                               ChangeKind kind, const Condition& condition,
                                               bool evaluate, StopMeter& meter) {
  Entry entry;
  {
    MutexLock lock(&mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      found->second.last_use = ++uses_;
      entry = found->second;
    }
  }
  if (!entry.bits && !evaluate) return nullptr;
  if (entry.bits && entry.sequence == columns.sequence()) return entry.bits;
  auto bits =
      entry.bits ? Refreshed(columns, kind, condition, std::move(entry.bits), entry.sequence, meter)
                 : condition.Evaluate(columns.row_limit(), meter);
  if (!meter.stopped()) Put(columns, key, kind, bits);
  return bits;
}

void BitmapCache::Put(const RunColumns& columns, const std::string& key, ChangeKind kind,
                      std::shared_ptr<const Bitmap> bits) {
  MutexLock lock(&mutex_);
  Entry& entry = entries_[key];
  if (entry.bits) bytes_ -= entry.bits->bytes() + key.size();
  bytes_ += bits->bytes() + key.size();
  entry = {std::move(bits), columns.sequence(), kind, ++uses_};
  while (bytes_ > max_bytes_ && entries_.size() > 1) {
    const auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; });
    bytes_ -= oldest->second.bits->bytes() + oldest->first.size();
    entries_.erase(oldest);
  }
}

size_t BitmapCache::bytes() const {
  MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace cairn::index
