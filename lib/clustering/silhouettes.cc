#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "lib/clustering/clusters.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/kernels.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/row_blocks.h"
#include "lib/clustering/silhouette_samples.h"

namespace cairn::clustering {
namespace {

// Distances of sixteen rows to that many others stay in the first cache while every clustering
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

  // Adds the distances to the tile's rows to the sums of their clusters.
  void Add(std::size_t tile, const double* distances, double* sums) const {
    ActiveKernels().add_wide(distances, members_.data(), starts_.data() + tile * (count_ + 1),
                             count_, sums);
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
        blocks_((Count() + kWideLanes - 1) / kWideLanes * kWideLanes, d_) {
    for (std::size_t i = 0; i < Count(); ++i) blocks_.SetRow(i, rows.data() + i * d_);
    for (const Clusters& clusters : clusterings) {
      members_.emplace_back(clusters);
      first_sum_.push_back(sum_count_);
      sum_count_ += clusters.count() * kWideLanes;
    }
  }

  // Samples by clustering and row.
  std::vector<std::vector<double>> Run(Parallel& parallel) const {
    std::vector<std::vector<double>> samples(clusterings_.size(), std::vector<double>(Count()));
    parallel.For(blocks_.rows() / kWideLanes,
                 [&](std::size_t wide) { MeasureWide(wide, samples); });
    return samples;
  }

 private:
  std::size_t Count() const { return static_cast<std::size_t>(rows_.rows()); }

  // The sixteen rows from 16 * wide on.
  void MeasureWide(std::size_t wide, std::vector<std::vector<double>>& samples) const {
    std::vector<double> distances(kTileRows * kWideLanes);
    std::vector<double> sums(sum_count_);
    const double* blocks = blocks_.block(wide * (kWideLanes / kLanes));
    for (std::size_t tile = 0; tile * kTileRows < Count(); ++tile) {
      const std::size_t first = tile * kTileRows;
      ActiveKernels().wide_distances(blocks, d_, rows_.data() + first * d_,
                                     std::min(kTileRows, Count() - first), distances.data());
      for (std::size_t l = 0; l < members_.size(); ++l) {
        members_[l].Add(tile, distances.data(), sums.data() + first_sum_[l]);
      }
    }
    const std::size_t first = wide * kWideLanes;
    for (std::size_t l = 0; l < clusterings_.size(); ++l) {
      for (std::size_t i = first; i < std::min(first + kWideLanes, Count()); ++i) {
        samples[l][i] = SilhouetteSample(clusterings_[l], clusterings_[l].numbers[i],
                                         sums.data() + first_sum_[l] + (i - first), kWideLanes);
      }
    }
  }

  const Matrix& rows_;
  const std::vector<Clusters>& clusterings_;
  const std::size_t d_;
  RowBlocks blocks_;  // padded to whole pairs
  std::vector<TiledMembers> members_;
  std::vector<std::size_t> first_sum_;  // per clustering, in a task's sums
  std::size_t sum_count_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<Silhouette>> ComputeSilhouettes(
    const Matrix& rows, std::span<const Labels* const> clusterings, int threads) {
  std::vector<Clusters> all;
  for (const Labels* labels : clusterings) {
    absl::StatusOr<Clusters> clusters = GroupRows(rows, *labels);
    if (!clusters.ok()) return clusters.status();
    all.push_back(*std::move(clusters));
  }
  std::vector<Silhouette> results;
  if (all.empty()) return results;
  Parallel parallel(threads);
  std::vector<std::vector<double>> samples = SharedRun(rows, all).Run(parallel);
  for (std::size_t l = 0; l < all.size(); ++l) {
    results.push_back(Summarize(all[l], std::move(samples[l])));
  }
  return results;
}

}  // namespace cairn::clustering
