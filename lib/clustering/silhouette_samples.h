// From the sums of distances to the silhouette: what both ways of adding them up share. Internal to
// lib/clustering.

#ifndef CAIRN_LIB_CLUSTERING_SILHOUETTE_SAMPLES_H_
#define CAIRN_LIB_CLUSTERING_SILHOUETTE_SAMPLES_H_

#include <cstddef>
#include <vector>

#include "lib/clustering/clusters.h"
#include "lib/clustering/indices.h"

namespace cairn::clustering {

// The silhouette of a row of cluster `own`, given the sum of its distances to the rows of each
// cluster c at sums[c * stride]; 0 for the only row of a cluster.
double SilhouetteSample(const Clusters& clusters, std::size_t own, const double* sums,
                        std::size_t stride);

// The means over all rows and over each cluster, added in row order.
Silhouette Summarize(const Clusters& clusters, std::vector<double> samples);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_SILHOUETTE_SAMPLES_H_
