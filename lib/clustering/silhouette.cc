#include <algorithm>
#include <limits>
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

// Rows are cut into chunks of up to eight blocks of one cluster. Chunks of a wave run at the same
// time, each with distances to itself and to all later rows, which count for both sides; what they
// found for the later rows is added in chunk order when the wave is over. None of these numbers
// depends on the threads, so neither does any sum. A tile of blocks stays in the first cache while
// a chunk's rows go past it.
constexpr std::size_t kChunkBlocks = 8;
constexpr std::size_t kWaveChunks = 16;
constexpr std::size_t kTileBlocks = 24;

// The sum of eight lanes, always paired the same way.
double SumLanes(const double* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// Distances are symmetric, so each is computed once, except inside a chunk. Places are lanes of
// blocks in cluster order: every cluster starts a block of its own, and what its last block leaves
// over stays empty.
class SilhouetteRun {
 public:
  SilhouetteRun(const Matrix& rows, const Clusters& clusters)
      : clusters_(clusters), d_(static_cast<std::size_t>(rows.cols())) {
    PlaceClusters();
    blocks_ = RowBlocks(first_block_.back() * kLanes, d_);
    sorted_.assign(blocks_.rows() * d_, 0.0);
    row_at_.assign(blocks_.rows(), kEmpty);
    sums_.assign(blocks_.rows() * clusters_.count(), 0.0);
    FillSorted(rows);
  }

  // Writes the silhouette of every row.
  void Run(Parallel& parallel, std::vector<double>& samples) {
    const std::size_t slots = std::min(kWaveChunks, chunks_.size());
    std::vector<std::vector<double>> columns(slots, std::vector<double>(blocks_.rows()));
    for (std::size_t wave = 0; wave < chunks_.size(); wave += kWaveChunks) {
      const std::size_t count = std::min(kWaveChunks, chunks_.size() - wave);
      parallel.For(count, [&](std::size_t i) { SumChunk(chunks_[wave + i], columns[i]); });
      parallel.ForChunks(blocks_.rows(), [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t i = 0; i < count; ++i) {
          AddColumns(chunks_[wave + i], columns[i], first, last);
        }
      });
    }
    for (std::size_t place = 0; place < row_at_.size(); ++place) {
      const std::size_t row = row_at_[place];
      if (row == kEmpty) continue;
      samples[row] = SilhouetteSample(clusters_, clusters_.numbers[row],
                                      sums_.data() + place * clusters_.count(), /*stride=*/1);
    }
  }

 private:
  static constexpr std::size_t kEmpty = std::numeric_limits<std::size_t>::max();

  struct Chunk {
    std::size_t cluster = 0;
    std::size_t first_block = 0;
    std::size_t end_block = 0;
    std::size_t rows = 0;
  };

  void PlaceClusters() {
    first_block_.assign(1, 0);
    for (std::size_t c = 0; c < clusters_.count(); ++c) {
      const std::size_t size = clusters_.sizes[c];
      const std::size_t begin = first_block_.back();
      const std::size_t end = begin + (size + kLanes - 1) / kLanes;
      first_block_.push_back(end);
      for (std::size_t b = begin; b < end; b += kChunkBlocks) {
        const std::size_t left = size - (b - begin) * kLanes;
        chunks_.push_back({.cluster = c,
                           .first_block = b,
                           .end_block = std::min(b + kChunkBlocks, end),
                           .rows = std::min(kChunkBlocks * kLanes, left)});
      }
    }
  }

  void FillSorted(const Matrix& rows) {
    std::vector<std::size_t> next;
    for (std::size_t c = 0; c < clusters_.count(); ++c) next.push_back(first_block_[c] * kLanes);
    for (std::size_t row = 0; row < clusters_.numbers.size(); ++row) {
      const std::size_t place = next[clusters_.numbers[row]]++;
      const double* values = rows.data() + row * d_;
      blocks_.SetRow(place, values);
      std::copy_n(values, d_, sorted_.data() + place * d_);
      row_at_[place] = row;
    }
  }

  // Lanes of the block before `end_block` that hold rows of cluster c.
  std::size_t LastLanes(std::size_t c, std::size_t end_block) const {
    return end_block == first_block_[c + 1] ? (clusters_.sizes[c] - 1) % kLanes + 1 : kLanes;
  }

  // Adds to sums_ what the chunk's rows are apart from each other and from all later rows, and
  // leaves in `columns` what every later row is apart from the chunk's.
  void SumChunk(const Chunk& chunk, std::vector<double>& columns) {
    std::fill(columns.begin() + static_cast<std::ptrdiff_t>(chunk.end_block * kLanes),
              columns.end(), 0.0);
    std::vector<double> lanes(kChunkBlocks * kLanes * kLanes);
    for (std::size_t c = chunk.cluster; c < clusters_.count(); ++c) {
      std::fill(lanes.begin(), lanes.end(), 0.0);
      if (c == chunk.cluster) SumWithin(chunk, lanes);
      SumLater(chunk, c, lanes, columns);
      double* sums = sums_.data() + chunk.first_block * kLanes * clusters_.count() + c;
      for (std::size_t i = 0; i < chunk.rows; ++i) {
        sums[i * clusters_.count()] += SumLanes(lanes.data() + i * kLanes);
      }
    }
  }

  void SumWithin(const Chunk& chunk, std::vector<double>& lanes) const {
    const double* rows = sorted_.data() + chunk.first_block * kLanes * d_;
    for (std::size_t i = 0; i < chunk.rows; i += kSumRows) {
      ActiveKernels().distance_sums(
          blocks_.block(chunk.first_block), chunk.end_block - chunk.first_block, d_, rows + i * d_,
          LastLanes(chunk.cluster, chunk.end_block), lanes.data() + i * kLanes);
    }
  }

  void SumLater(const Chunk& chunk, std::size_t c, std::vector<double>& lanes,
                std::vector<double>& columns) const {
    const double* rows = sorted_.data() + chunk.first_block * kLanes * d_;
    const std::size_t end = first_block_[c + 1];
    for (std::size_t b = std::max(first_block_[c], chunk.end_block); b < end; b += kTileBlocks) {
      const std::size_t count = std::min(kTileBlocks, end - b);
      for (std::size_t i = 0; i < chunk.rows; i += kSumRows) {
        ActiveKernels().distance_sums_both(
            blocks_.block(b), count, d_, rows + i * d_, std::min(kSumRows, chunk.rows - i),
            LastLanes(c, b + count), lanes.data() + i * kLanes, columns.data() + b * kLanes);
      }
    }
  }

  // Adds to places first … last - 1 what a chunk before them left in `columns`.
  void AddColumns(const Chunk& chunk, const std::vector<double>& columns, std::size_t first,
                  std::size_t last) {
    for (std::size_t i = std::max(first, chunk.end_block * kLanes); i < last; ++i) {
      sums_[i * clusters_.count() + chunk.cluster] += columns[i];
    }
  }

  const Clusters& clusters_;
  const std::size_t d_;
  std::vector<std::size_t> first_block_;  // per cluster, and one past the last
  std::vector<Chunk> chunks_;
  RowBlocks blocks_;
  std::vector<double> sorted_;       // per place, its row again, row-major
  std::vector<std::size_t> row_at_;  // per place, its row or kEmpty
  std::vector<double> sums_;         // per place and cluster, the sum of distances
};

}  // namespace

absl::StatusOr<Silhouette> ComputeSilhouette(const Matrix& rows, const Labels& labels,
                                             int threads) {
  absl::StatusOr<Clusters> clusters = GroupRows(rows, labels);
  if (!clusters.ok()) return clusters.status();
  std::vector<double> samples(labels.size());
  Parallel parallel(threads);
  SilhouetteRun(rows, *clusters).Run(parallel, samples);
  return Summarize(*clusters, std::move(samples));
}

}  // namespace cairn::clustering
