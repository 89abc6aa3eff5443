// The value types every function of lib/clustering takes and returns.
//
// Rows are samples (customers), columns are features. Row-major, because data arrive and leave row
// by row and because a row is what the scalar parts of the algorithms walk over. All types are
// plain values: copying copies the numbers, and concurrent reads are safe.

#ifndef CAIRN_LIB_CLUSTERING_MATRIX_H_
#define CAIRN_LIB_CLUSTERING_MATRIX_H_

#include <Eigen/Core>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace cairn::clustering {

// n samples by d features, or k centres by d features.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

// One cluster number per row, 0-based. int32 because clusters are few and rows are many.
using Labels = std::vector<std::int32_t>;

// OK when `matrix` has at least `min_rows` rows, at least one column, and only finite values.
// Otherwise INVALID_ARGUMENT naming `field`, the offending value with its row and column, and the
// rule.
absl::Status CheckMatrix(const Matrix& matrix, std::string_view field, Eigen::Index min_rows = 1);

// OK when `labels` has `rows` entries, each 0 … bound - 1. Otherwise INVALID_ARGUMENT naming
// `field`.
absl::Status CheckLabels(const Labels& labels, std::string_view field, Eigen::Index rows,
                         std::int64_t bound);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_MATRIX_H_
