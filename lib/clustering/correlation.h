// How strongly pairs of columns go together.
//
// Both functions are pure, safe to call from several threads, and add in row order, so equal rows
// give equal bits. The result is d x d and symmetric, within [-1, 1], with 1 on the diagonal; a
// column that is constant has no correlation with any other: NaN off the diagonal.
//
// Errors: INVALID_ARGUMENT for fewer than 2 rows, no columns, or a value that is not finite.

#ifndef CAIRN_LIB_CLUSTERING_CORRELATION_H_
#define CAIRN_LIB_CLUSTERING_CORRELATION_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// Linear correlation: covariance over the product of the deviations.
absl::StatusOr<Matrix> PearsonCorrelation(const Matrix& rows);

// Monotone correlation: Pearson's of the ranks, ties sharing the mean of their ranks.
absl::StatusOr<Matrix> SpearmanCorrelation(const Matrix& rows);

// Ranks 1 … n of `values`; equal values share the mean of the ranks they take up, so ranks may end
// in one half. REQUIRES: no NaN.
std::vector<double> AverageRanks(std::span<const double> values);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_CORRELATION_H_
