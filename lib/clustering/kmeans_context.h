// The data of one matrix in the forms that k-means needs, prepared once and shared by many fits.

#ifndef CAIRN_LIB_CLUSTERING_KMEANS_CONTEXT_H_
#define CAIRN_LIB_CLUSTERING_KMEANS_CONTEXT_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"
#include "lib/clustering/parallel.h"
#include "lib/clustering/row_blocks.h"

namespace cairn::clustering {

// Owns the rows, the rows minus their column means, and both in blocks of eight rows: about four
// times the memory of the matrix. Immutable after Create; safe to share between threads.
class KMeansContext {
 public:
  // INVALID_ARGUMENT: no rows, no columns, more than 2^31 - 1 rows, a value that is not finite.
  static absl::StatusOr<KMeansContext> Create(Matrix rows, Parallel& parallel);
  static absl::StatusOr<KMeansContext> Create(Matrix rows);

  std::size_t row_count() const { return static_cast<std::size_t>(rows_.rows()); }
  std::size_t column_count() const { return static_cast<std::size_t>(rows_.cols()); }

  // The rows as given, and minus column_means().
  const Matrix& rows() const { return rows_; }
  const Matrix& centered() const { return centered_; }
  const RowBlocks& row_blocks() const { return row_blocks_; }
  const RowBlocks& centered_blocks() const { return centered_blocks_; }

  const std::vector<double>& column_means() const { return means_; }

  // Mean over the columns of their population variance: what a relative tol is multiplied with.
  double mean_variance() const { return mean_variance_; }

 private:
  KMeansContext() = default;

  Matrix rows_;
  Matrix centered_;
  RowBlocks row_blocks_;
  RowBlocks centered_blocks_;
  std::vector<double> means_;
  double mean_variance_ = 0;
};

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_KMEANS_CONTEXT_H_
