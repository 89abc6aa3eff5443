#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/clustering/clusters.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/kernels.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/row_blocks.h"

namespace cairn::clustering {
namespace {

// Rows one task takes through all the others, and blocks it takes them through at a time, so that
// the blocks stay in the first cache meanwhile. Neither changes the order of any sum.
constexpr std::size_t kTaskRows = 64;
constexpr std::size_t kTileBlocks = 24;

static_assert(kTaskRows % kSumRows == 0);

// The sum of eight lanes, always paired the same way.
double SumLanes(const double* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

class SilhouetteRun {
 public:
  SilhouetteRun(const Matrix& rows, const Clusters& clusters)
      : clusters_(clusters),
        n_(static_cast<std::size_t>(rows.rows())),
        d_(static_cast<std::size_t>(rows.cols())) {
    PlaceClusters();
    blocks_ = RowBlocks(first_block_.back() * kLanes, d_);
    sorted_.assign(TaskCount() * kTaskRows * d_, 0.0);
    row_at_.resize(n_);
    FillSorted(rows);
  }

  std::size_t TaskCount() const { return (n_ + kTaskRows - 1) / kTaskRows; }

  // Writes the silhouettes of one task's rows.
  void Run(std::size_t task, std::vector<double>& samples) const {
    const std::size_t first = task * kTaskRows;
    const std::size_t last = std::min(first + kTaskRows, n_);
    std::vector<double> sums(kTaskRows * clusters_.count());
    std::vector<double> lanes(kTaskRows * kLanes);
    for (std::size_t c = 0; c < clusters_.count(); ++c) {
      SumDistances(first, last, c, lanes);
      for (std::size_t i = 0; i < kTaskRows; ++i) {
        sums[i * clusters_.count() + c] = SumLanes(lanes.data() + i * kLanes);
      }
    }
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t row = row_at_[i];
      samples[row] = Sample(clusters_.numbers[row], sums.data() + (i - first) * clusters_.count());
    }
  }

 private:
  // Every cluster starts a block of its own, so that no block mixes two.
  void PlaceClusters() {
    first_block_.assign(1, 0);
    for (const std::size_t size : clusters_.sizes) {
      first_block_.push_back(first_block_.back() + (size + kLanes - 1) / kLanes);
    }
  }

  void FillSorted(const Matrix& rows) {
    std::vector<std::size_t> block_lane;
    std::vector<std::size_t> position;
    std::size_t placed = 0;
    for (std::size_t c = 0; c < clusters_.count(); ++c) {
      block_lane.push_back(first_block_[c] * kLanes);
      position.push_back(placed);
      placed += clusters_.sizes[c];
    }
    for (std::size_t row = 0; row < n_; ++row) {
      const std::size_t c = clusters_.numbers[row];
      const double* values = rows.data() + row * d_;
      blocks_.SetRow(block_lane[c]++, values);
      std::copy_n(values, d_, sorted_.data() + position[c] * d_);
      row_at_[position[c]++] = row;
    }
  }

  // lanes[i] = per lane, the distances from sorted row first + i to the rows of cluster c.
  void SumDistances(std::size_t first, std::size_t last, std::size_t c,
                    std::vector<double>& lanes) const {
    std::fill(lanes.begin(), lanes.end(), 0.0);
    const std::size_t end = first_block_[c + 1];
    const std::size_t tail = (clusters_.sizes[c] - 1) % kLanes + 1;
    for (std::size_t b = first_block_[c]; b < end; b += kTileBlocks) {
      const std::size_t count = std::min(kTileBlocks, end - b);
      const std::size_t last_lanes = b + count == end ? tail : kLanes;
      for (std::size_t i = first; i < last; i += kSumRows) {
        ActiveKernels().distance_sums(blocks_.block(b), count, d_, sorted_.data() + i * d_,
                                      last_lanes, lanes.data() + (i - first) * kLanes);
      }
    }
  }

  double Sample(std::size_t own, const double* sums) const {
    if (clusters_.sizes[own] == 1) return 0;
    const double inner = sums[own] / static_cast<double>(clusters_.sizes[own] - 1);
    double outer = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < clusters_.count(); ++c) {
      if (c != own) outer = std::min(outer, sums[c] / static_cast<double>(clusters_.sizes[c]));
    }
    const double scale = std::max(inner, outer);
    const double sample = (outer - inner) / scale;
    return std::isnan(sample) ? 0 : sample;
  }

  const Clusters& clusters_;
  const std::size_t n_, d_;
  std::vector<std::size_t> first_block_;  // per cluster, and one past the last
  RowBlocks blocks_;
  std::vector<double> sorted_;       // rows by cluster, row-major, padded to whole tasks
  std::vector<std::size_t> row_at_;  // sorted position -> row
};

}  // namespace

absl::StatusOr<Silhouette> ComputeSilhouette(const Matrix& rows, const Labels& labels,
                                             int threads) {
  absl::StatusOr<Clusters> clusters = GroupRows(rows, labels);
  if (!clusters.ok()) return clusters.status();
  Silhouette result;
  result.samples.resize(labels.size());
  const SilhouetteRun run(rows, *clusters);
  Parallel parallel(threads);
  parallel.For(run.TaskCount(), [&](std::size_t task) { run.Run(task, result.samples); });

  std::vector<double> sums(clusters->count());
  double total = 0;
  for (std::size_t i = 0; i < result.samples.size(); ++i) {
    sums[clusters->numbers[i]] += result.samples[i];
    total += result.samples[i];
  }
  result.mean = total / static_cast<double>(result.samples.size());
  result.cluster_means.assign(static_cast<std::size_t>(clusters->names.back()) + 1,
                              std::numeric_limits<double>::quiet_NaN());
  for (std::size_t c = 0; c < clusters->count(); ++c) {
    result.cluster_means[static_cast<std::size_t>(clusters->names[c])] =
        sums[c] / static_cast<double>(clusters->sizes[c]);
  }
  return result;
}

}  // namespace cairn::clustering
