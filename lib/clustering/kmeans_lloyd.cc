#include "lib/clustering/kmeans_lloyd.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "lib/clustering/kernels.h"
#include "lib/clustering/kmeans_hamerly.h"

namespace cairn::clustering {
namespace {

// Partial sums are kept for at most this many runs of whole chunks, which bounds their memory. The
// cut depends on the number of rows only.
constexpr std::size_t kMaxSegments = 64;

double SquaredDistance(const double* a, const double* b, std::size_t d) {
  double sum = 0;
  for (std::size_t j = 0; j < d; ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return sum;
}

// What a segment, and then the whole iteration, adds up: per centre the sum of its rows and how
// many they are.
struct Sums {
  std::vector<double> values;
  std::vector<std::int64_t> counts;

  Sums(std::size_t k, std::size_t d) : values(k * d), counts(k) {}

  void Clear() {
    std::fill(values.begin(), values.end(), 0.0);
    std::fill(counts.begin(), counts.end(), 0);
  }
  void Add(const Sums& other) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += other.values[i];
    for (std::size_t c = 0; c < counts.size(); ++c) counts[c] += other.counts[c];
  }
};

// Working memory of one segment. Even and odd rows of a chunk have accumulators of their own, so
// that an addition need not wait for the one before.
struct Segment {
  Sums even, odd, total;
  bool changed = false;

  Segment(std::size_t k, std::size_t d) : even(k, d), odd(k, d), total(k, d) {}
};

class LloydRun {
 public:
  LloydRun(const KMeansContext& context, std::vector<double> centers, KMeansAlgorithm algorithm,
           Parallel& parallel)
      : context_(context),
        parallel_(parallel),
        n_(context.row_count()),
        d_(context.column_count()),
        k_(centers.size() / d_),
        chunks_((n_ + kChunkRows - 1) / kChunkRows),
        chunks_per_segment_((chunks_ + kMaxSegments - 1) / kMaxSegments),
        centers_(std::move(centers)),
        labels_(context.centered_blocks().padded_rows(), -1),
        total_(k_, d_),
        segments_((chunks_ + chunks_per_segment_ - 1) / chunks_per_segment_, Segment(k_, d_)) {
    if (algorithm == KMeansAlgorithm::kHamerly) bounds_.emplace(context.centered_blocks(), k_);
  }

  // One iteration. True when any label changed.
  bool Iterate() {
    if (bounds_) bounds_->Prepare(centers_);
    parallel_.For(segments_.size(), [this](std::size_t segment) { SumSegment(segment); });
    total_.Clear();
    bool changed = false;
    for (const Segment& segment : segments_) {
      total_.Add(segment.total);
      changed |= segment.changed;
    }
    Relocate();
    MoveCenters();
    return changed;
  }

  // Sum over the centres of the squared distance they moved in the last iteration.
  double shift() const { return shift_; }
  const std::vector<double>& centers() const { return centers_; }

 private:
  void SumSegment(std::size_t index) {
    Segment& segment = segments_[index];
    segment.total.Clear();
    segment.changed = false;
    const std::size_t first = index * chunks_per_segment_;
    const std::size_t last = std::min(first + chunks_per_segment_, chunks_);
    for (std::size_t chunk = first; chunk < last; ++chunk) {
      segment.changed |= AssignChunk(chunk);
      SumChunk(chunk, segment);
    }
  }

  std::size_t EndOf(std::size_t chunk) const { return std::min((chunk + 1) * kChunkRows, n_); }

  bool AssignChunk(std::size_t chunk) {
    const std::size_t first_block = chunk * (kChunkRows / kLanes);
    const std::size_t rows = EndOf(chunk) - chunk * kChunkRows;
    const std::size_t blocks = (rows + kLanes - 1) / kLanes;
    std::int32_t* labels = labels_.data() + chunk * kChunkRows;
    std::array<std::int32_t, kChunkRows> fresh;
    if (bounds_) {
      bounds_->Assign(first_block, blocks, labels, fresh.data());
    } else {
      ActiveKernels().nearest(context_.centered_blocks().block(first_block), blocks, d_,
                              centers_.data(), k_, fresh.data());
    }
    const bool changed = !std::equal(labels, labels + rows, fresh.data());
    std::copy_n(fresh.data(), blocks * kLanes, labels);
    return changed;
  }

  void SumChunk(std::size_t chunk, Segment& segment) {
    segment.even.Clear();
    segment.odd.Clear();
    AddRows(chunk * kChunkRows, EndOf(chunk), segment);
    segment.even.Add(segment.odd);
    segment.total.Add(segment.even);
  }

  // With the number of columns as a constant for the usual ones, so that the loop over them is
  // unrolled.
  void AddRows(std::size_t first, std::size_t last, Segment& segment) const {
    switch (d_) {
      case 4:
        return AddRowsOf<4>(first, last, segment);
      case 5:
        return AddRowsOf<5>(first, last, segment);
      case 6:
        return AddRowsOf<6>(first, last, segment);
      case 8:
        return AddRowsOf<8>(first, last, segment);
      default:
        return AddRowsOf<0>(first, last, segment);
    }
  }

  template <std::size_t kColumns>
  void AddRowsOf(std::size_t first, std::size_t last, Segment& segment) const {
    for (std::size_t i = first; i + 1 < last; i += 2) {
      AddRow<kColumns>(i, segment.even);
      AddRow<kColumns>(i + 1, segment.odd);
    }
    if ((last - first) % 2 == 1) AddRow<kColumns>(last - 1, segment.even);
  }

  // From the blocks, which the assignment has just brought into the cache: the rows themselves
  // would come from memory once more.
  template <std::size_t kColumns>
  void AddRow(std::size_t row, Sums& sums) const {
    const std::size_t d = kColumns == 0 ? d_ : kColumns;
    const auto own = static_cast<std::size_t>(labels_[row]);
    const double* values = context_.centered_blocks().block(row / kLanes) + row % kLanes;
    double* sum = sums.values.data() + own * d;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < d; ++j) sum[j] += values[j * kLanes];
    ++sums.counts[own];
  }

  // Gives every empty centre one of the rows farthest from their own centres, farthest first.
  void Relocate() {
    std::vector<std::size_t> empty;
    for (std::size_t c = 0; c < k_; ++c) {
      if (total_.counts[c] == 0) empty.push_back(c);
    }
    if (empty.empty()) return;
    const std::vector<std::size_t> far = FarthestRows(empty.size());
    for (std::size_t e = 0; e < far.size(); ++e) {
      const auto donor = static_cast<std::size_t>(labels_[far[e]]);
      const double* row = context_.centered().data() + far[e] * d_;
      for (std::size_t j = 0; j < d_; ++j) {
        total_.values[donor * d_ + j] -= row[j];
        total_.values[empty[e] * d_ + j] = row[j];
      }
      total_.counts[empty[e]] = 1;
      --total_.counts[donor];
    }
  }

  // None when every row sits on its centre.
  std::vector<std::size_t> FarthestRows(std::size_t count) const {
    std::vector<double> distances(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      distances[i] = SquaredDistance(context_.centered().data() + i * d_,
                                     &centers_[static_cast<std::size_t>(labels_[i]) * d_], d_);
    }
    std::vector<std::size_t> order(n_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                      order.end(), [&](std::size_t a, std::size_t b) {
                        return distances[a] > distances[b] ||
                               (distances[a] == distances[b] && a < b);
                      });
    if (distances[order[0]] == 0) return {};
    order.resize(count);
    return order;
  }

  // Sums become means; a centre still without rows joins the heaviest one.
  void MoveCenters() {
    const auto heaviest = static_cast<std::size_t>(
        std::max_element(total_.counts.begin(), total_.counts.end()) - total_.counts.begin());
    std::vector<double>& moved = total_.values;
    for (std::size_t c = 0; c < k_; ++c) {
      const double scale = 1.0 / static_cast<double>(std::max<std::int64_t>(total_.counts[c], 1));
      for (std::size_t j = 0; j < d_; ++j) moved[c * d_ + j] *= scale;
    }
    shift_ = 0;
    for (std::size_t c = 0; c < k_; ++c) {
      if (total_.counts[c] == 0) std::copy_n(&moved[heaviest * d_], d_, &moved[c * d_]);
      const double distance = std::sqrt(SquaredDistance(&moved[c * d_], &centers_[c * d_], d_));
      shift_ += distance * distance;
    }
    centers_.swap(moved);
  }

  const KMeansContext& context_;
  Parallel& parallel_;
  const std::size_t n_, d_, k_, chunks_, chunks_per_segment_;
  std::vector<double> centers_;
  Labels labels_;  // padded to whole blocks; -1 before the first iteration
  std::optional<HamerlyBounds> bounds_;
  Sums total_;
  std::vector<Segment> segments_;
  double shift_ = 0;
};

double CenteredInertia(const KMeansContext& context, const std::vector<double>& centers,
                       const Labels& labels, Parallel& parallel) {
  const std::size_t d = context.column_count();
  std::vector<double> partial((context.row_count() + kChunkRows - 1) / kChunkRows);
  parallel.ForChunks(
      context.row_count(), [&](std::size_t chunk, std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
          partial[chunk] += SquaredDistance(context.centered().data() + i * d,
                                            &centers[static_cast<std::size_t>(labels[i]) * d], d);
        }
      });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

}  // namespace

void AssignNearest(const RowBlocks& blocks, const Matrix& centers, Parallel& parallel,
                   Labels& labels) {
  labels.resize(blocks.padded_rows());
  parallel.ForChunks(blocks.rows(), [&](std::size_t, std::size_t first, std::size_t last) {
    ActiveKernels().nearest(blocks.block(first / kLanes), (last - first + kLanes - 1) / kLanes,
                            blocks.columns(), centers.data(),
                            static_cast<std::size_t>(centers.rows()), labels.data() + first);
  });
  labels.resize(blocks.rows());
}

KMeansResult RunLloyd(const KMeansContext& context, std::vector<double> centers,
                      const KMeansLimits& limits, Parallel& parallel) {
  const std::size_t d = context.column_count();
  const std::size_t k = centers.size() / d;
  const double tolerance = limits.tol * context.mean_variance();
  LloydRun run(context, std::move(centers), limits.algorithm, parallel);
  KMeansResult result;
  while (!result.converged && result.n_iter < limits.max_iter) {
    ++result.n_iter;
    const bool changed = run.Iterate();
    result.converged = !changed || run.shift() <= tolerance;
  }
  result.centers.resize(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(d));
  for (std::size_t i = 0; i < k * d; ++i) {
    result.centers.data()[i] = run.centers()[i] + context.column_means()[i % d];
  }
  AssignNearest(context.row_blocks(), result.centers, parallel, result.labels);
  result.inertia = CenteredInertia(context, run.centers(), result.labels, parallel);
  return result;
}

}  // namespace cairn::clustering
