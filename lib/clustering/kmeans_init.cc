#include "lib/clustering/kmeans_init.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/clustering/kernels.h"

namespace cairn::clustering {
namespace {

// For every row the squared distance to the nearest chosen row, with its sum per chunk.
struct Closest {
  std::vector<double> distances;   // padded to whole blocks
  std::vector<double> chunk_ends;  // cumulative sums of the chunks, added in order

  double potential() const { return chunk_ends.back(); }
};

class GreedySearch {
 public:
  GreedySearch(const KMeansContext& context, std::size_t k, Parallel& parallel)
      : context_(context),
        parallel_(parallel),
        rows_(context.row_count()),
        trials_(2 + static_cast<std::size_t>(std::log(static_cast<double>(k)))),
        closest_(NewClosest()),
        tried_(trials_, NewClosest()) {
    std::fill(closest_.distances.begin(), closest_.distances.end(),
              std::numeric_limits<double>::infinity());
  }

  void Start(std::size_t row) {
    Evaluate({row});
    std::swap(closest_, tried_[0]);
  }

  // Draws, evaluates and takes one more row.
  std::size_t Next(Mt19937& random) {
    std::vector<std::size_t> candidates(trials_);
    for (std::size_t& candidate : candidates) {
      candidate = Find(random.NextDouble() * closest_.potential());
    }
    Evaluate(candidates);
    std::size_t best = 0;
    for (std::size_t t = 1; t < trials_; ++t) {
      if (tried_[t].potential() < tried_[best].potential()) best = t;
    }
    std::swap(closest_, tried_[best]);
    return candidates[best];
  }

 private:
  Closest NewClosest() const {
    return {std::vector<double>(context_.centered_blocks().padded_rows()),
            std::vector<double>((rows_ + kChunkRows - 1) / kChunkRows)};
  }

  // tried_[t] becomes what closest_ would be with candidates[t] chosen too. All candidates see a
  // chunk while it is in cache.
  void Evaluate(const std::vector<std::size_t>& candidates) {
    const std::size_t d = context_.column_count();
    parallel_.ForChunks(rows_, [&](std::size_t chunk, std::size_t first, std::size_t last) {
      const std::size_t blocks = (last - first + kLanes - 1) / kLanes;
      for (std::size_t t = 0; t < candidates.size(); ++t) {
        double* out = tried_[t].distances.data() + first;
        ActiveKernels().min_distance(context_.centered_blocks().block(first / kLanes), blocks, d,
                                     context_.centered().data() + candidates[t] * d,
                                     closest_.distances.data() + first, out);
        double sum = 0;
        for (std::size_t i = 0; i < last - first; ++i) sum += out[i];
        tried_[t].chunk_ends[chunk] = sum;
      }
    });
    for (std::size_t t = 0; t < candidates.size(); ++t) {
      double sum = 0;
      for (double& end : tried_[t].chunk_ends) end = sum += end;
    }
  }

  // The first row at which the cumulative sum of the distances reaches `target`; the last row when
  // rounding keeps it below.
  std::size_t Find(double target) const {
    const std::vector<double>& ends = closest_.chunk_ends;
    const auto end = std::lower_bound(ends.begin(), ends.end(), target);
    if (end == ends.end()) return rows_ - 1;
    const auto chunk = static_cast<std::size_t>(end - ends.begin());
    const double before = chunk == 0 ? 0.0 : ends[chunk - 1];
    const std::size_t last = std::min((chunk + 1) * kChunkRows, rows_);
    double sum = 0;
    for (std::size_t i = chunk * kChunkRows; i < last; ++i) {
      sum += closest_.distances[i];
      if (before + sum >= target) return i;
    }
    return last - 1;
  }

  const KMeansContext& context_;
  Parallel& parallel_;
  const std::size_t rows_;
  const std::size_t trials_;
  Closest closest_;
  std::vector<Closest> tried_;
};

}  // namespace

std::vector<std::size_t> GreedyPlusPlusRows(const KMeansContext& context, std::size_t k,
                                            Mt19937& random, Parallel& parallel) {
  std::vector<std::size_t> chosen{random.Choice(context.row_count())};
  if (k == 1) return chosen;
  GreedySearch search(context, k, parallel);
  search.Start(chosen[0]);
  while (chosen.size() < k) chosen.push_back(search.Next(random));
  return chosen;
}

}  // namespace cairn::clustering
