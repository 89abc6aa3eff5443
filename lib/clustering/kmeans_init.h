// How a start of k-means chooses the rows that become its first centres.

#ifndef CAIRN_LIB_CLUSTERING_KMEANS_INIT_H_
#define CAIRN_LIB_CLUSTERING_KMEANS_INIT_H_

#include <cstddef>
#include <vector>

#include "lib/clustering/kmeans_context.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/random.h"

namespace cairn::clustering {

// Greedy k-means++ (scikit-learn 1.3 and later): the first row by an even choice, then k - 1 times
// the best of 2 + int(ln k) rows drawn with probability proportional to the squared distance to
// the nearest row chosen so far, where best means the least sum of those distances afterwards and
// ties go to the first drawn. Draws from `random` only, in a fixed order.
// REQUIRES: 1 <= k <= rows.
std::vector<std::size_t> GreedyPlusPlusRows(const KMeansContext& context, std::size_t k,
                                            Mt19937& random, Parallel& parallel);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_KMEANS_INIT_H_
