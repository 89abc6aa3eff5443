// Measures of a clustering: how tight, how separate, how even, how similar to another one.
//
// Definitions and edge cases are those of sklearn.metrics, results within 1e-9 of it. Cluster
// numbers need not be consecutive: a number no row carries is not a cluster and is left out of
// every mean. All functions are pure and safe to call from several threads; a thread count (0: as
// many as the hardware has) never changes a bit of the result.
//
// Common errors, all INVALID_ARGUMENT naming the field, the value and the rule: values that are
// not finite, labels of another length than the rows or outside 0 … rows - 1, and for the three
// internal indices fewer than 2 or more than rows - 1 clusters.

#ifndef CAIRN_LIB_CLUSTERING_INDICES_H_
#define CAIRN_LIB_CLUSTERING_INDICES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

struct Silhouette {
  std::vector<double> samples;        // per row, in [-1, 1]; 0 for the only row of a cluster
  std::vector<double> cluster_means;  // per cluster number; NaN where no row carries the number
  double mean = 0;                    // over all rows
};

// The exact silhouette under Euclidean distance: every pair of rows is looked at, O(n^2 d) time,
// O(n k) memory.
absl::StatusOr<Silhouette> ComputeSilhouette(const Matrix& rows, const Labels& labels,
                                             int threads = 1);

// The exact silhouettes of several clusterings of the same rows, in their order: every distance is
// measured once for all of them, O(n^2 (d + clusterings)) time, O(n) memory per clustering. One is
// a function of the rows and its own labels, whatever else is measured beside it. Its sums run over
// the rows in order, so its last bits may differ from those of ComputeSilhouette. `measured`, where
// there is one, is told of so many rows more that all clusterings have, from several threads at
// once; together they are all rows, if there is any clustering.
absl::StatusOr<std::vector<Silhouette>> ComputeSilhouettes(
    const Matrix& rows, std::span<const Labels* const> clusterings, int threads = 1,
    const std::function<void(std::size_t rows)>& measured = nullptr);

// Mean over clusters of the worst (spread_i + spread_j) / distance of centroids; smaller is better.
// 0 when all spreads, or all centroid distances, are within 1e-8 of 0.
absl::StatusOr<double> DaviesBouldin(const Matrix& rows, const Labels& labels);

// Ratio of between-cluster to within-cluster dispersion, each per degree of freedom; larger is
// better. 1 when nothing varies within clusters.
absl::StatusOr<double> CalinskiHarabasz(const Matrix& rows, const Labels& labels);

// Both of the above, which rest on the same centroids, for less than their two calls; bit by bit
// what they give.
struct CentroidIndices {
  double davies_bouldin = 0;
  double calinski_harabasz = 0;
};
absl::StatusOr<CentroidIndices> ComputeCentroidIndices(const Matrix& rows, const Labels& labels);

// Sum over rows of the squared distance to their own centre.
// INVALID_ARGUMENT also when a label names no row of `centers` or the columns differ.
absl::StatusOr<double> Inertia(const Matrix& rows, const Labels& labels, const Matrix& centers);

struct ClusterShares {
  std::vector<std::int64_t> sizes;  // per cluster number, 0 … k - 1
  std::vector<double> shares;       // sizes / rows
  double smallest = 0;              // over all k numbers, so 0 when one is empty
  double largest = 0;
};

// INVALID_ARGUMENT: labels empty, k < 1, a label outside 0 … k - 1.
absl::StatusOr<ClusterShares> ComputeShares(const Labels& labels, int k);

// Agreement of two clusterings of the same rows, corrected for chance: 1 for equal partitions
// (whatever their numbers), about 0 for unrelated ones, negative for less than chance.
// INVALID_ARGUMENT: lengths differ or are 0, negative labels.
absl::StatusOr<double> AdjustedRandIndex(const Labels& a, const Labels& b);

// Mean adjusted Rand index over all pairs of `clusterings`: how much the seed matters. 1 for a
// single clustering. Errors as AdjustedRandIndex.
absl::StatusOr<double> Stability(std::span<const Labels> clusterings);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_INDICES_H_
