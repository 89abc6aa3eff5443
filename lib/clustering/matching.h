// Pairing the clusters of two clusterings, so that "segment 2" keeps its meaning after a refit.

#ifndef CAIRN_LIB_CLUSTERING_MATCHING_H_
#define CAIRN_LIB_CLUSTERING_MATCHING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// A pairing of rows with columns of a cost matrix.
struct Assignment {
  std::vector<std::int32_t> column_of_row;  // -1 for a row left over when rows outnumber columns
  double cost = 0;                          // sum over the pairs, added in row order
};

// The pairing of min(rows, columns) pairs with the least total cost (Hungarian method with
// potentials, O(min^2 max) time). Pure; equal inputs give equal pairings.
// INVALID_ARGUMENT: no rows, no columns, or a cost that is not finite.
absl::StatusOr<Assignment> MinimumCostAssignment(const Matrix& cost);

// For every cluster of `current`, the cluster of `reference` it overlaps most under the best
// one-to-one pairing; -1 for clusters without a partner. Both label the same rows; current has
// numbers 0 … current_k - 1 and reference 0 … reference_k - 1.
// INVALID_ARGUMENT: lengths differ or are 0, a label outside its range, k < 1.
absl::StatusOr<std::vector<std::int32_t>> MatchLabels(const Labels& current, int current_k,
                                                      const Labels& reference, int reference_k);

// The same by distance, for clusterings of different rows: pairs k centres with k' reference
// centres so that the sum of Euclidean distances is least.
// INVALID_ARGUMENT: different numbers of columns, no rows, values that are not finite.
absl::StatusOr<std::vector<std::int32_t>> MatchCenters(const Matrix& current,
                                                       const Matrix& reference);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_MATCHING_H_
