// Data sets for the tests of lib/clustering, made from a seed.

#ifndef CAIRN_TESTS_UNIT_CLUSTERING_CLUSTERING_TEST_DATA_H_
#define CAIRN_TESTS_UNIT_CLUSTERING_CLUSTERING_TEST_DATA_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lib/clustering/matrix.h"
#include "lib/clustering/random.h"

namespace cairn::clustering {

// `rows` x `columns` values around `groups` overlapping centres, with a common offset so that
// centring matters.
inline Matrix Blobs(std::uint32_t seed, Eigen::Index rows, Eigen::Index columns, int groups) {
  Mt19937 random(seed);
  Matrix centers(groups, columns);
  for (double& value : centers.reshaped()) value = random.NextUniform(-4, 4) + 10;
  Matrix data(rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto group = static_cast<Eigen::Index>(random.NextBounded(static_cast<unsigned>(groups)));
    for (Eigen::Index j = 0; j < columns; ++j) {
      double noise = -6;
      for (int draw = 0; draw < 12; ++draw) noise += random.NextDouble();
      data(i, j) = centers(group, j) + 1.5 * noise;
    }
  }
  return data;
}

// One feature.
inline Matrix Column(const std::vector<double>& values) {
  Matrix matrix(static_cast<Eigen::Index>(values.size()), 1);
  std::copy(values.begin(), values.end(), matrix.data());
  return matrix;
}

inline Labels RandomLabels(std::uint32_t seed, Eigen::Index rows, int k) {
  Mt19937 random(seed);
  Labels labels(static_cast<std::size_t>(rows));
  for (std::int32_t& label : labels) {
    label = static_cast<std::int32_t>(random.NextBounded(static_cast<unsigned>(k)));
  }
  return labels;
}

}  // namespace cairn::clustering

#endif  // CAIRN_TESTS_UNIT_CLUSTERING_CLUSTERING_TEST_DATA_H_
