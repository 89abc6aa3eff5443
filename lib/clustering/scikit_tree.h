// The trees of scikit-learn's IsolationForest, cut for cut: the same draws in the same order.
//
// A published result that rests on scikit-learn's forest names its random_state; whoever wants the
// same outliers, not merely outliers as good, needs the same trees. This follows release 1.2.1,
// which draws in three steps. The forest's RandomState gives each tree a seed; a RandomState of
// that seed gives the tree's rows, and another one from the same seed the seed of the splitter; the
// splitter draws columns and thresholds from a 32-bit xorshift of its own.
//
// Costs more than GrowIsolationTree for few rows of many: NumPy shuffles all rows to take some.

#ifndef CAIRN_LIB_CLUSTERING_SCIKIT_TREE_H_
#define CAIRN_LIB_CLUSTERING_SCIKIT_TREE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/clustering/isolation_forest.h"
#include "lib/clustering/isolation_tree.h"

namespace cairn::clustering {

// The seeds that `random_state` gives to `trees` trees, each in [0, 2^31 - 1).
std::vector<std::uint32_t> ScikitTreeSeeds(std::uint32_t random_state, std::size_t trees);

// The tree that scikit-learn grows from one of those seeds, nodes in its order. It follows the
// rules of GrowIsolationTree; only the draws are others.
//
// One thing is left out: scikit-learn also ends a node when the random targets that it gives to the
// rows agree within 1.5e-8 throughout, which befalls about one forest in a hundred thousand.
// REQUIRES: 1 <= sample_size <= rows.count, columns >= 1, all values finite.
IsolationTree GrowScikitTree(const FloatRows& rows, std::size_t sample_size, std::uint32_t seed);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_SCIKIT_TREE_H_
