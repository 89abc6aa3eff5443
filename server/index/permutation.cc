#include "server/index/permutation.h"

#include <algorithm>
#include <utility>

#include "server/index/top_rows.h"

namespace cairn::index {
namespace {

// A tail beyond this many rows, or this share of all, is merged in for good.
constexpr size_t kLongTail = 4096;
constexpr size_t kLongTailShare = 32;
// What visiting a row is charged to a StopMeter, in about nanoseconds.
constexpr size_t kVisitWork = 20;
// The same of passing over a row by its bit.
constexpr size_t kPassWork = 2;
// Orders that are remembered only because they were asked for once.
constexpr size_t kMaxEntries = 256;

struct SortEntry {
  uint64_t word;
  Row row;
};

std::vector<Row> SortAll(const RowOrder& order, const std::vector<Row>& rows) {
  std::vector<SortEntry> entries;
  entries.reserve(rows.size());
  for (const Row row : rows) entries.push_back({order.FirstWord(row), row});
  std::sort(entries.begin(), entries.end(), [&](const SortEntry& a, const SortEntry& b) {
    return order.Before(a.word, a.row, b.word, b.row);
  });
  std::vector<Row> sorted;
  sorted.reserve(rows.size());
  for (const SortEntry& entry : entries) sorted.push_back(entry.row);
  return sorted;
}

std::vector<Row> Merge(const RowOrder& order, const std::vector<Row>& a,
                       const std::vector<Row>& b) {
  std::vector<Row> merged;
  merged.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged),
             [&](Row x, Row y) { return order.Before(x, y); });
  return merged;
}

std::vector<Row> Existing(const RunColumns& columns, const std::vector<Row>& rows) {
  std::vector<Row> existing;
  for (const Row row : rows) {
    if (columns.exists().Get(row)) existing.push_back(row);
  }
  return existing;
}

std::vector<Row> TailOf(const RunColumns& columns, const RowOrder& order, uint64_t sequence) {
  std::vector<Row> tail;
  columns.ForEachChanged(sequence, order.changes_with(), [&](Row row) { tail.push_back(row); });
  return tail;
}

Bitmap BitsOf(const std::vector<Row>& rows) {
  Bitmap bits;
  for (const Row row : rows) bits.Set(row, true);
  return bits;
}

// Where rows that may come after `after` begin. Rows that changed are no longer where
// their values say, so each probe goes on to the next one that did not. Rows of one
// first word are in no order that a second key knows, unless the permutation is `by_all_keys`.
size_t FirstAfter(const std::vector<Row>& rows, const Bitmap& changed, const RowOrder& order,
                  const SeekPosition& after, bool by_all_keys) {
  const auto comes_after = [&](Row row) {
    return by_all_keys ? order.After(row, after) : order.FirstWord(row) >= after.values[0].word;
  };
  size_t low = 0;
  size_t high = rows.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    size_t probe = middle;
    while (probe < high && changed.Get(rows[probe])) ++probe;
    if (probe == high || comes_after(rows[probe])) {
      high = middle;
    } else {
      low = probe + 1;
    }
  }
  return low;
}

}  // namespace

std::shared_ptr<const Permutation> MakePermutation(const RunColumns& columns, const RowOrder& order,
                                                   const Permutation* old) {
  auto made = std::make_shared<Permutation>();
  made->sequence = columns.sequence();
  if (old == nullptr) {
    std::vector<Row> rows;
    rows.reserve(columns.row_limit());
    for (Row row = 0; row < columns.row_limit(); ++row) {
      if (columns.exists().Get(row)) rows.push_back(row);
    }
    made->rows = SortAll(order, rows);
    return made;
  }
  const std::vector<Row> tail = TailOf(columns, order, old->sequence);
  const Bitmap changed = BitsOf(tail);
  std::vector<Row> kept;
  kept.reserve(old->rows.size());
  for (const Row row : old->rows) {
    if (!changed.Get(row)) kept.push_back(row);
  }
  made->rows = Merge(order, kept, SortAll(order, Existing(columns, tail)));
  return made;
}

WalkResult Walk(const RunColumns& columns, const Permutation& permutation,
                const std::vector<Row>& tail, const Condition& condition, const RowOrder& order,
                const std::optional<SeekPosition>& after, size_t limit, size_t max_visits,
                StopMeter& meter) {
  const Bitmap changed = BitsOf(tail);
  TopRows newest(order, after, limit);
  for (const Row row : tail) {
    if (row < columns.row_limit() && condition.Matches(row)) newest.Add(row);
  }
  WalkResult result;
  std::vector<Row> found;
  const std::vector<Row>& rows = permutation.rows;
  size_t at = after ? FirstAfter(rows, changed, order, *after, order.has_one_key()) : 0;
  const size_t end = std::min(rows.size(), at + std::min(max_visits, rows.size()));
  bool full = limit == 0;
  for (; at < end && !full && !meter.Spend(kVisitWork); ++at) {
    const Row row = rows[at];
    if (changed.Get(row)) continue;
    // The rows that tie with the last one may come before it by the other keys.
    full = found.size() >= limit &&
           (order.has_one_key() || order.FirstWord(row) != order.FirstWord(found.back()));
    const bool behind = !after || order.After(row, *after);
    if (!full && behind && condition.Matches(row)) found.push_back(row);
  }
  full = full || (order.has_one_key() && found.size() >= limit);
  result.gave_up = !full && at < rows.size();
  if (!order.has_one_key()) {
    std::sort(found.begin(), found.end(), [&](Row a, Row b) { return order.Before(a, b); });
  }
  result.rows = Merge(order, found, newest.TakeSorted());
  if (result.rows.size() > limit) result.rows.resize(limit);
  return result;
}

std::vector<Row> WalkPast(const RunColumns& columns, const Permutation& permutation,
                          const std::vector<Row>& tail, const Bitmap& bits, const RowOrder& order,
                          const std::optional<SeekPosition>& after, size_t skip, size_t limit,
                          StopMeter& meter) {
  const Bitmap changed = BitsOf(tail);
  std::vector<Row> newer;
  for (const Row row : tail) {
    const bool wanted = row < columns.row_limit() && bits.Get(row);
    if (wanted && (!after || order.After(row, *after))) newer.push_back(row);
  }
  newer = SortAll(order, newer);
  std::vector<Row> found;
  const auto take = [&](Row row) {
    if (skip > 0) {
      --skip;
    } else {
      found.push_back(row);
    }
  };
  auto next = newer.begin();
  const std::vector<Row>& rows = permutation.rows;
  size_t at = after ? FirstAfter(rows, changed, order, *after, true) : 0;
  for (; at < rows.size() && found.size() < limit && !meter.Spend(kPassWork); ++at) {
    const Row row = rows[at];
    if (!bits.Get(row) || changed.Get(row)) continue;
    while (next != newer.end() && found.size() < limit && order.Before(*next, row)) take(*next++);
    if (found.size() < limit) take(row);
  }
  while (next != newer.end() && found.size() < limit) take(*next++);
  return found;
}

std::shared_ptr<const Permutation> PermutationCache::Get(const RunColumns& columns,
                                                         const RowOrder& order, bool build,
                                                         std::vector<Row>& tail) {
  std::shared_ptr<const Permutation> permutation;
  {
    MutexLock lock(&mutex_);
    if (entries_.size() > kMaxEntries) {
      for (auto it = entries_.begin(); it != entries_.end();) {
        it->second.permutation ? (void)++it : entries_.erase(it++);
      }
    }
    Entry& entry = entries_[order.key()];
    build = build || entry.last_use != 0;
    entry.last_use = ++uses_;
    permutation = entry.permutation;
  }
  if (!permutation) {
    if (!build) return nullptr;
    permutation = MakePermutation(columns, order, nullptr);
    Put(order.key(), permutation);
  }
  tail = TailOf(columns, order, permutation->sequence);
  if (tail.size() > std::max(kLongTail, columns.row_limit() / kLongTailShare)) {
    permutation = MakePermutation(columns, order, permutation.get());
    Put(order.key(), permutation);
    tail.clear();
  }
  return permutation;
}

void PermutationCache::Put(const std::string& key, std::shared_ptr<const Permutation> permutation) {
  const auto bytes_of = [](const std::shared_ptr<const Permutation>& p) {
    return p ? p->rows.capacity() * sizeof(Row) : 0;
  };
  MutexLock lock(&mutex_);
  Entry& entry = entries_[key];
  bytes_ += bytes_of(permutation) - bytes_of(entry.permutation);
  entry = {std::move(permutation), ++uses_};
  while (bytes_ > max_bytes_) {
    auto oldest = entries_.end();
    size_t kept = 0;
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (!it->second.permutation) continue;
      ++kept;
      if (oldest == entries_.end() || it->second.last_use < oldest->second.last_use) oldest = it;
    }
    if (kept < 2) return;
    bytes_ -= bytes_of(oldest->second.permutation);
    entries_.erase(oldest);
  }
}

size_t PermutationCache::bytes() const {
  MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace cairn::index
