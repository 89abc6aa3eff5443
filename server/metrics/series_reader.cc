#include "server/metrics/series_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/metrics/bundle.h"

namespace cairn::metrics {
namespace {

// Cuts sorted points down to those within `range`.
void Clip(const StepRange& range, PointColumns& points) {
  if (points.empty() ||
      (range.Contains(points.steps.front()) && range.Contains(points.steps.back()))) {
    return;
  }
  const auto begin = points.steps.begin();
  const auto from = std::lower_bound(begin, points.steps.end(), range.first) - begin;
  const auto to = std::upper_bound(begin, points.steps.end(), range.last) - begin;
  PointColumns kept;
  if (from < to) kept.AppendRange(points, static_cast<size_t>(from), static_cast<size_t>(to));
  points = std::move(kept);
}

// Adds the points that wait in bundles of the run to sorted `points`.
absl::Status AddBundled(const storage::Snapshot& snapshot, std::string_view run_id,
                        std::string_view metric, const StepRange& range, PointColumns& points) {
  CAIRN_ASSIGN_OR_RETURN(const auto bundles, BundleReader(snapshot).Read(run_id));
  const size_t before = points.size();
  for (const StoredBundle& stored : bundles) {
    const Bundle& bundle = stored.bundle;
    const size_t at = bundle.Find(metric);
    if (at == bundle.size()) continue;
    const PointColumns& from = bundle.points();
    for (size_t i = bundle.begin(at); i < bundle.end(at); ++i) {
      if (range.Contains(from.steps[i]))
        points.Append(from.steps[i], from.times[i], from.values[i]);
    }
  }
  if (points.size() != before) SortUnique(points);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> LevelCursor::Next(const SeriesStore& store, PointColumns& out) {
  out.clear();
  while (!stack_.empty()) {
    Frame& top = stack_.back();
    if (top.next == top.entries.size()) {
      stack_.pop_back();
      continue;
    }
    const Entry entry = top.entries[top.next++];
    if (entry.summary.last.step < range_.first) continue;
    if (entry.summary.first.step > range_.last) {
      stack_.clear();
      break;
    }
    const int height = top.height;
    if (height > 0) {
      CAIRN_ASSIGN_OR_RETURN(Entries children, store.ReadNode(entry));
      stack_.push_back({std::move(children), 0, height - 1});
      continue;
    }
    CAIRN_RETURN_IF_ERROR(store.ReadBlock(entry, out));
    Clip(range_, out);
    if (!out.empty()) return true;
  }
  return false;
}

SeriesReader::SeriesReader(SeriesStore store, SeriesState state, PointColumns raw, StepRange range)
    : store_(std::move(store)), state_(std::move(state)), raw_(std::move(raw)), range_(range) {
  for (const Level& level : state_.levels) {
    sources_.push_back({LevelCursor(level, range_), {}, 0});
  }
  if (!raw_.empty()) sources_.push_back({std::nullopt, raw_, 0});
}

absl::StatusOr<SeriesReader> SeriesReader::Open(const storage::Snapshot& snapshot,
                                                std::string_view run_id, std::string_view metric,
                                                StepRange range) {
  SeriesStore store(snapshot, run_id, metric);
  CAIRN_ASSIGN_OR_RETURN(SeriesState state, store.ReadState());
  CAIRN_ASSIGN_OR_RETURN(auto raw, store.ReadRaw(std::numeric_limits<int64_t>::max(), range));
  CAIRN_RETURN_IF_ERROR(AddBundled(snapshot, run_id, metric, range, raw.points));
  return SeriesReader(std::move(store), std::move(state), std::move(raw.points), range);
}

int64_t SeriesReader::held_bytes() const {
  constexpr size_t kPointBytes = sizeof(int64_t) + sizeof(int64_t) + sizeof(double);
  size_t points = raw_.size();
  for (const Source& source : sources_) points += source.points.size();
  return static_cast<int64_t>(points * kPointBytes);
}

int64_t SeriesReader::folded_count() const {
  int64_t count = 0;
  for (const Level& level : state_.levels) count += level.count();
  return count;
}

// Gives every source a point to show; those that have none left go.
absl::Status SeriesReader::Refill() {
  for (size_t i = 0; i < sources_.size();) {
    Source& source = sources_[i];
    if (source.at_end() && source.cursor.has_value()) {
      CAIRN_RETURN_IF_ERROR(source.cursor->Next(store_, source.points).status());
      source.next = 0;
    }
    if (source.at_end()) {
      sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return absl::OkStatus();
}

size_t SeriesReader::Smallest() const {
  size_t best = 0;
  for (size_t i = 1; i < sources_.size(); ++i) {
    const Source& a = sources_[i];
    const Source& b = sources_[best];
    if (PointLess(a.points, a.next, b.points, b.next)) best = i;
  }
  return best;
}

// Steps over points of other sources that are the smallest one once more.
absl::Status SeriesReader::DropCopies(size_t smallest) {
  const Source& best = sources_[smallest];
  bool dropped = false;
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source& other = sources_[i];
    if (i == smallest || PointLess(best.points, best.next, other.points, other.next)) continue;
    ++other.next;
    dropped = true;
  }
  return dropped ? Refill() : absl::OkStatus();
}

// How many points of `source` come before those of all others, at least 1.
size_t SeriesReader::RunLength(size_t source, size_t room) const {
  const Source& from = sources_[source];
  size_t end = std::min(from.points.size(), from.next + room);
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (i == source) continue;
    const Source& other = sources_[i];
    size_t at = from.next + 1;
    while (at < end && PointLess(from.points, at, other.points, other.next)) ++at;
    end = std::min(end, at);
  }
  return end - from.next;
}

absl::StatusOr<bool> SeriesReader::Next(size_t max_points, PointColumns& out) {
  out.clear();
  while (out.size() < max_points) {
    CAIRN_RETURN_IF_ERROR(Refill());
    if (sources_.empty()) break;
    // Dropping copies may remove a source and so move the others.
    CAIRN_RETURN_IF_ERROR(DropCopies(Smallest()));
    const size_t smallest = Smallest();
    Source& source = sources_[smallest];
    const size_t count = RunLength(smallest, max_points - out.size());
    out.AppendRange(source.points, source.next, source.next + count);
    source.next += count;
  }
  return !out.empty();
}

}  // namespace cairn::metrics
