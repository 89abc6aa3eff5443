// Growing one tree of an isolation forest.

#ifndef CAIRN_LIB_CLUSTERING_ISOLATION_TREE_H_
#define CAIRN_LIB_CLUSTERING_ISOLATION_TREE_H_

#include <cstddef>
#include <span>

#include "lib/clustering/isolation_forest.h"
#include "lib/clustering/random.h"

namespace cairn::clustering {

// A view of `count` rows of `columns` values each, row-major. Does not own them.
struct FloatRows {
  std::span<const float> values;
  std::size_t count = 0;
  std::size_t columns = 0;
};

// Draws `sample_size` different rows and cuts them until every leaf has one row, or rows equal to
// within 1e-7 in every column, or lies ceil(log2(max(sample_size, 2))) cuts deep. A node draws its
// column evenly among those that still vary and its threshold evenly between least and greatest
// value; a threshold that rounds to the greatest becomes the least, so that neither side is empty.
// Draws from `random` only: equal inputs give equal trees.
// REQUIRES: 1 <= sample_size <= rows.count, columns >= 1, all values finite.
IsolationTree GrowIsolationTree(const FloatRows& rows, std::size_t sample_size, Mt19937& random);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_ISOLATION_TREE_H_
