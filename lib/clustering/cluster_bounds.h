// Which clusters a row's silhouette can depend on.
//
// The silhouette of a row needs its mean distance to its own cluster and to the nearest other one,
// and finding the nearest by adding up the distances to all is most of the work. The mean distance
// to a cluster lies between two numbers that cost next to nothing: the distance to its centroid,
// and the root of the mean squared distance, which is that to the centroid and the cluster's
// variance. A cluster whose lower number is above another's upper one is not the nearest, and need
// not be added up. Internal to lib/clustering.

#ifndef CAIRN_LIB_CLUSTERING_CLUSTER_BOUNDS_H_
#define CAIRN_LIB_CLUSTERING_CLUSTER_BOUNDS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/clustering/clusters.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// Of one clustering. Immutable; safe to share between threads. Rounding is allowed for: a cluster
// that may be the nearest is never left out, one that is not may be kept.
class ClusterBounds {
 public:
  // `clusters` must outlive it.
  ClusterBounds(const Matrix& rows, const Clusters& clusters);

  // The clusters that any of `rows` depends on, ascending, appended to `needed`: every row's own,
  // and all that may be the nearest other. `rows` are at most kWideLanes places, and `blocks` has
  // their values in its lanes (Kernels::wide_distances).
  void AppendNeeded(std::span<const std::uint32_t> rows, const double* blocks,
                    std::vector<std::uint32_t>& needed) const;

 private:
  const Clusters& clusters_;
  const Matrix centroids_;
  std::vector<double> variances_;  // per cluster, the mean squared distance to its centroid
  double rounding_ = 0;            // more than a distance to a centroid can be wrong by
};

// The rows such that those which stand together lie together: cut in half where they vary most,
// down to kWideLanes. Whatever is done for kWideLanes consecutive ones then concerns few clusters.
// Depends on the rows alone.
std::vector<std::uint32_t> SpatialOrder(const Matrix& rows);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_CLUSTER_BOUNDS_H_
