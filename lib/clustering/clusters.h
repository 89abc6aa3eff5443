// The rows of a labelling by cluster: what every index starts from.

#ifndef CAIRN_LIB_CLUSTERING_CLUSTERS_H_
#define CAIRN_LIB_CLUSTERING_CLUSTERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// Clusters renumbered without gaps: number i below is the i-th smallest label that occurs. A plain
// value.
struct Clusters {
  std::vector<std::int32_t> names;   // per cluster, its label
  std::vector<std::size_t> numbers;  // per row, its cluster
  std::vector<std::size_t> sizes;    // per cluster, >= 1

  std::size_t count() const { return names.size(); }
};

// Checks `rows` and `labels` and groups them.
// INVALID_ARGUMENT: rows empty or not finite, labels of another length or out of range, fewer than
// 2 or more than rows - 1 clusters.
absl::StatusOr<Clusters> GroupRows(const Matrix& rows, const Labels& labels);

// The mean of every cluster's rows, added in row order.
Matrix Centroids(const Matrix& rows, const Clusters& clusters);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_CLUSTERS_H_
