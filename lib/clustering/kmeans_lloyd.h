// One run of Lloyd's iterations from given centres: the part of k-means that takes the time.

#ifndef CAIRN_LIB_CLUSTERING_KMEANS_LLOYD_H_
#define CAIRN_LIB_CLUSTERING_KMEANS_LLOYD_H_

#include <vector>

#include "lib/clustering/kmeans.h"
#include "lib/clustering/kmeans_context.h"
#include "lib/clustering/matrix.h"
#include "lib/clustering/parallel.h"

namespace cairn::clustering {

// Iterates from `centers` (k x d in centred coordinates) within `limits`. The labels returned are
// the nearest of the returned centres in the coordinates of the input, which is what Predict
// computes. Same bits for both algorithms and any number of threads.
// REQUIRES: 1 <= k <= rows, d as in the context, all values finite, valid limits.
KMeansResult RunLloyd(const KMeansContext& context, std::vector<double> centers,
                      const KMeansLimits& limits, Parallel& parallel);

// Nearest centre of every row in `blocks`, written to labels[0 … blocks.rows()).
void AssignNearest(const RowBlocks& blocks, const Matrix& centers, Parallel& parallel,
                   Labels& labels);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_KMEANS_LLOYD_H_
