#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/metrics/series_reader.h"

namespace cairn::metrics {
namespace {

// Sorts summaries and points into buckets of equal width in steps.
class Buckets {
 public:
  // For the steps `range`, which is not empty.
  Buckets(StepRange range, int64_t buckets)
      : range_(range), width_(Offset(range.last) / static_cast<uint64_t>(buckets) + 1) {
    buckets_.resize(IndexOf(range.last) + 1);
  }

  // A set of points that lies within the range and need not be cut: it is not
  // longer than a bucket.
  bool Fits(const Summary& s) const {
    if (!range_.Contains(s.first.step) || !range_.Contains(s.last.step)) return false;
    return IndexOf(s.first.step) == IndexOf(s.last.step) ||
           Offset(s.last.step) - Offset(s.first.step) < width_;
  }

  void AddSet(const Summary& s) { buckets_[IndexOf(s.first.step)].Add(s); }

  // Sorted points, of which those outside the range do not count.
  void AddPoints(const PointColumns& points) {
    const auto begin = points.steps.begin();
    const auto end = points.steps.end();
    auto from = std::lower_bound(begin, end, range_.first);
    while (from != end && *from <= range_.last) {
      const size_t index = IndexOf(*from);
      const auto to = std::partition_point(
          from, end, [&](int64_t step) { return step <= range_.last && IndexOf(step) == index; });
      buckets_[index].Add(
          Summarize(points, static_cast<size_t>(from - begin), static_cast<size_t>(to - begin)));
      from = to;
    }
  }

  std::vector<Summary> Take() {
    std::erase_if(buckets_, [](const Summary& s) { return s.count == 0; });
    return std::move(buckets_);
  }

 private:
  // Differences of steps do not fit the signed type.
  uint64_t Offset(int64_t step) const {
    return static_cast<uint64_t>(step) - static_cast<uint64_t>(range_.first);
  }
  // A single bucket for all 2^64 steps has a width that wraps to 0.
  size_t IndexOf(int64_t step) const {
    return width_ == 0 ? 0 : static_cast<size_t>(Offset(step) / width_);
  }

  StepRange range_;
  uint64_t width_;
  std::vector<Summary> buckets_;
};

absl::Status AddTree(const SeriesStore& store, const Entries& entries, int height,
                     const StepRange& range, Buckets& buckets) {
  for (const Entry& entry : entries) {
    const Summary& s = entry.summary;
    if (s.last.step < range.first || s.first.step > range.last) continue;
    if (buckets.Fits(s)) {
      buckets.AddSet(s);
    } else if (height > 0) {
      CAIRN_ASSIGN_OR_RETURN(const Entries children, store.ReadNode(entry));
      CAIRN_RETURN_IF_ERROR(AddTree(store, children, height - 1, range, buckets));
    } else {
      PointColumns points;
      CAIRN_RETURN_IF_ERROR(store.ReadBlock(entry, points));
      buckets.AddPoints(points);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Summary>> SeriesReader::ReadBuckets(int64_t buckets) const {
  Summary all;
  for (const Level& level : state_.levels) {
    all.Add(SummarizeEntries(level.root, 0, level.root.size()));
  }
  all.Add(Summarize(raw_, 0, raw_.size()));
  const StepRange range{std::max(range_.first, all.first.step),
                        std::min(range_.last, all.last.step)};
  if (all.count == 0 || range.empty()) return std::vector<Summary>();
  Buckets sorted(range, std::clamp<int64_t>(buckets, 1, kMaxBuckets));
  for (const Level& level : state_.levels) {
    CAIRN_RETURN_IF_ERROR(AddTree(store_, level.root, level.height, range, sorted));
  }
  sorted.AddPoints(raw_);
  return sorted.Take();
}

}  // namespace cairn::metrics
