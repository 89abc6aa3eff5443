// Principal components: the directions in which the rows vary most.
//
// Computed as scikit-learn >= 1.5 does for many rows and few columns: eigenvectors of the
// covariance matrix (ddof 1), largest variance first, each turned so that its entry of largest
// magnitude is positive. Pure and safe to call from several threads; the covariance is summed in
// chunks of a fixed size in a fixed order, so the thread count never changes a bit of the result.

#ifndef CAIRN_LIB_CLUSTERING_PCA_H_
#define CAIRN_LIB_CLUSTERING_PCA_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// All d components of a fit over d columns; take the first n of them. Plain values.
struct Pca {
  std::vector<double> mean;            // per column, subtracted before projecting
  Matrix components;                   // d x d, one unit vector per row, largest variance first
  std::vector<double> variance;        // explained by each component, ddof 1, descending, >= 0
  std::vector<double> variance_ratio;  // over the total; all 0 when nothing varies
};

// INVALID_ARGUMENT: fewer than 2 rows, no columns, values that are not finite.
absl::StatusOr<Pca> FitPca(const Matrix& rows, int threads = 1);

// The smallest n with variance_ratio[0] + … + variance_ratio[n - 1] > target, then held within
// low … high; `high` (or as many as there are) when no n reaches the target.
// INVALID_ARGUMENT: no ratios, target not in [0, 1], low < 1, high < low, low above the number of
// ratios.
absl::StatusOr<int> ChooseComponents(std::span<const double> variance_ratio, double target, int low,
                                     int high);

// The coordinates of `rows` along the first `count` components: rows x count, each row by itself
// and summed in column order, so a row gives the same bits alone and in any batch.
// INVALID_ARGUMENT: another number of columns than fitted, count not in 1 … d, values that are not
// finite.
absl::StatusOr<Matrix> Project(const Pca& pca, const Matrix& rows, int count);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_PCA_H_
