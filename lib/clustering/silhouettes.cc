#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "lib/clustering/cluster_bounds.h"
#include "lib/clustering/clusters.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/kernels.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/row_blocks.h"
#include "lib/clustering/silhouette_samples.h"

namespace cairn::clustering {
namespace {

// Distances of kWideLanes rows to that many others stay in the first cache while every clustering
// adds them up.
constexpr std::size_t kTileRows = 128;

// One clustering's rows tile by tile: where each cluster's rows of the tile stand in it.
class TiledMembers {
 public:
  explicit TiledMembers(const Clusters& clusters) : count_(clusters.count()) {
    const std::size_t rows = clusters.numbers.size();
    members_.resize(rows);
    for (std::size_t first = 0; first < rows; first += kTileRows) {
      const std::size_t last = std::min(first + kTileRows, rows);
      std::vector<std::uint32_t> next(count_ + 1, static_cast<std::uint32_t>(first));
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t c = clusters.numbers[i] + 1; c <= count_; ++c) ++next[c];
      }
      starts_.insert(starts_.end(), next.begin(), next.end());
      for (std::size_t i = first; i < last; ++i) {
        members_[next[clusters.numbers[i]]++] = static_cast<std::uint16_t>(i - first);
      }
    }
  }

  // Adds the distances to the tile's rows of some clusters to the sums of these.
  void Add(std::size_t tile, const double* distances, std::span<const std::uint32_t> clusters,
           double* sums) const {
    ActiveKernels().add_wide(distances, members_.data(), starts_.data() + tile * (count_ + 1),
                             clusters.data(), clusters.size(), sums);
  }

 private:
  const std::size_t count_;
  std::vector<std::uint32_t> starts_;   // per tile and cluster, and one past the last
  std::vector<std::uint16_t> members_;  // rows within their tile
};

class SharedRun {
 public:
  SharedRun(const Matrix& rows, const std::vector<Clusters>& clusterings)
      : rows_(rows),
        clusterings_(clusterings),
        d_(static_cast<std::size_t>(rows.cols())),
        order_(SpatialOrder(rows)),
        blocks_((Count() + kWideLanes - 1) / kWideLanes * kWideLanes, d_) {
    for (std::size_t i = 0; i < Count(); ++i) blocks_.SetRow(i, rows.data() + order_[i] * d_);
    bounds_.reserve(clusterings.size());
    for (const Clusters& clusters : clusterings) {
      members_.emplace_back(clusters);
      bounds_.emplace_back(rows, clusters);
      first_sum_.push_back(sum_count_);
      sum_count_ += clusters.count() * kWideLanes;
    }
  }

  // Samples by clustering and row.
  std::vector<std::vector<double>> Run(Parallel& parallel,
                                       const std::function<void(std::size_t)>& measured) const {
    std::vector<std::vector<double>> samples(clusterings_.size(), std::vector<double>(Count()));
    parallel.For(blocks_.rows() / kWideLanes, [&](std::size_t wide) {
      MeasureWide(wide, samples);
      if (measured) measured(RowsOf(wide).size());
    });
    return samples;
  }

 private:
  std::size_t Count() const { return static_cast<std::size_t>(rows_.rows()); }

  // What one task works with: the sums of its rows' distances to each cluster of each clustering,
  // and the clusters that are added up.
  struct Task {
    std::vector<std::uint32_t> needed;
    std::vector<std::size_t> first_needed;  // per clustering, and one past the last
    std::vector<double> sums;

    std::span<const std::uint32_t> of(std::size_t l) const {
      return std::span(needed).subspan(first_needed[l], first_needed[l + 1] - first_needed[l]);
    }
  };

  // The rows from kWideLanes * wide on, of order_.
  std::span<const std::uint32_t> RowsOf(std::size_t wide) const {
    const std::size_t first = wide * kWideLanes;
    return std::span(order_).subspan(first, std::min(kWideLanes, Count() - first));
  }

  // Sums that are not added up are of clusters that are not the nearest: infinitely far will do.
  Task Begin(std::size_t wide) const {
    Task task;
    task.sums.assign(sum_count_, std::numeric_limits<double>::infinity());
    task.first_needed.push_back(0);
    for (std::size_t l = 0; l < bounds_.size(); ++l) {
      bounds_[l].AppendNeeded(RowsOf(wide), blocks_.block(wide * (kWideLanes / kLanes)),
                              task.needed);
      task.first_needed.push_back(task.needed.size());
      for (const std::uint32_t c : task.of(l)) {
        std::fill_n(task.sums.data() + first_sum_[l] + c * kWideLanes, kWideLanes, 0.0);
      }
    }
    return task;
  }

  void MeasureWide(std::size_t wide, std::vector<std::vector<double>>& samples) const {
    Task task = Begin(wide);
    std::vector<double> distances(kTileRows * kWideLanes);
    const double* blocks = blocks_.block(wide * (kWideLanes / kLanes));
    for (std::size_t tile = 0; tile * kTileRows < Count(); ++tile) {
      const std::size_t first = tile * kTileRows;
      ActiveKernels().wide_distances(blocks, d_, rows_.data() + first * d_,
                                     std::min(kTileRows, Count() - first), distances.data());
      for (std::size_t l = 0; l < members_.size(); ++l) {
        members_[l].Add(tile, distances.data(), task.of(l), task.sums.data() + first_sum_[l]);
      }
    }
    const std::span<const std::uint32_t> rows = RowsOf(wide);
    for (std::size_t l = 0; l < clusterings_.size(); ++l) {
      for (std::size_t lane = 0; lane < rows.size(); ++lane) {
        samples[l][rows[lane]] =
            SilhouetteSample(clusterings_[l], clusterings_[l].numbers[rows[lane]],
                             task.sums.data() + first_sum_[l] + lane, kWideLanes);
      }
    }
  }

  const Matrix& rows_;
  const std::vector<Clusters>& clusterings_;
  const std::size_t d_;
  const std::vector<std::uint32_t> order_;  // of the rows that are measured
  RowBlocks blocks_;                        // in that order, padded to whole groups of kWideLanes
  std::vector<TiledMembers> members_;
  std::vector<ClusterBounds> bounds_;
  std::vector<std::size_t> first_sum_;  // per clustering, in a task's sums
  std::size_t sum_count_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<Silhouette>> ComputeSilhouettes(
    const Matrix& rows, std::span<const Labels* const> clusterings, int threads,
    const std::function<void(std::size_t rows)>& measured) {
  std::vector<Clusters> all;
  for (const Labels* labels : clusterings) {
    absl::StatusOr<Clusters> clusters = GroupRows(rows, *labels);
    if (!clusters.ok()) return clusters.status();
    all.push_back(*std::move(clusters));
  }
  std::vector<Silhouette> results;
  if (all.empty()) return results;
  Parallel parallel(threads);
  std::vector<std::vector<double>> samples = SharedRun(rows, all).Run(parallel, measured);
  for (std::size_t l = 0; l < all.size(); ++l) {
    results.push_back(Summarize(all[l], std::move(samples[l])));
  }
  return results;
}

}  // namespace cairn::clustering
