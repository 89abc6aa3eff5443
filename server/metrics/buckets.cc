#include <algorithm>
#include <span>
#include <thread>
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

  // A part of sorted points that lies in one bucket.
  struct Piece {
    size_t bucket = 0;
    Summary summary;
  };

  // Sorted points in pieces; those outside the range do not count. Changes nothing, so
  // several threads may do it.
  std::vector<Piece> Cut(const PointColumns& points) const {
    std::vector<Piece> pieces;
    const auto begin = points.steps.begin();
    const auto end = points.steps.end();
    auto from = std::lower_bound(begin, end, range_.first);
    while (from != end && *from <= range_.last) {
      const size_t index = IndexOf(*from);
      const auto to = std::partition_point(
          from, end, [&](int64_t step) { return step <= range_.last && IndexOf(step) == index; });
      pieces.push_back({index, Summarize(points, static_cast<size_t>(from - begin),
                                         static_cast<size_t>(to - begin))});
      from = to;
    }
    return pieces;
  }

  void AddPieces(const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces) buckets_[piece.bucket].Add(piece.summary);
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

// What a bucketed curve is made of, in order: summaries that go into a bucket as they
// are, and blocks that have to be cut.
struct Part {
  Entry entry;
  bool cut = false;
  std::vector<Buckets::Piece> pieces;  // of a block, once it was read
};

absl::Status CollectParts(const SeriesStore& store, const Entries& entries, int height,
                          const StepRange& range, const Buckets& buckets,
                          std::vector<Part>& parts) {
  for (const Entry& entry : entries) {
    const Summary& s = entry.summary;
    if (s.last.step < range.first || s.first.step > range.last) continue;
    if (height == 0 || buckets.Fits(s)) {
      parts.push_back({entry, !buckets.Fits(s), {}});
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const Entries children, store.ReadNode(entry));
    CAIRN_RETURN_IF_ERROR(CollectParts(store, children, height - 1, range, buckets, parts));
  }
  return absl::OkStatus();
}

absl::Status CutBlocks(const SeriesStore& store, const Buckets& buckets, std::span<Part*> cuts) {
  BlockReader reader(store);
  PointColumns points;
  for (Part* part : cuts) {
    points.clear();
    CAIRN_RETURN_IF_ERROR(reader.Read(part->entry, points));
    part->pieces = buckets.Cut(points);
  }
  return absl::OkStatus();
}

// Each of two threads cuts one half, if there are enough to be worth a thread.
absl::Status CutInHalves(const SeriesStore& store, const Buckets& buckets, std::span<Part*> cuts) {
  constexpr size_t kBlocksForTwoThreads = 64;
  if (cuts.size() < kBlocksForTwoThreads) return CutBlocks(store, buckets, cuts);
  const size_t half = cuts.size() / 2;
  absl::Status second;
  std::thread other([&] { second = CutBlocks(store, buckets, cuts.subspan(half)); });
  const absl::Status first = CutBlocks(store, buckets, cuts.first(half));
  other.join();
  return first.ok() ? second : first;
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
  std::vector<Part> parts;
  for (const Level& level : state_.levels) {
    CAIRN_RETURN_IF_ERROR(CollectParts(store_, level.root, level.height, range, sorted, parts));
  }
  std::vector<Part*> cuts;
  for (Part& part : parts) {
    if (part.cut) cuts.push_back(&part);
  }
  CAIRN_RETURN_IF_ERROR(CutInHalves(store_, sorted, cuts));
  // In the order of the curve, so that sums do not depend on who cut what.
  for (const Part& part : parts) {
    part.cut ? sorted.AddPieces(part.pieces) : sorted.AddSet(part.entry.summary);
  }
  sorted.AddPieces(sorted.Cut(raw_));
  return sorted.Take();
}

}  // namespace cairn::metrics
