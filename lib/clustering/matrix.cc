#include "lib/clustering/matrix.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>

namespace cairn::clustering {

absl::Status CheckMatrix(const Matrix& matrix, std::string_view field, Eigen::Index min_rows) {
  if (matrix.rows() < min_rows) {
    return absl::InvalidArgumentError(
        fmt::format("{}: has {} rows; must have at least {}", field, matrix.rows(), min_rows));
  }
  if (matrix.cols() < 1) {
    return absl::InvalidArgumentError(
        fmt::format("{}: has 0 columns; must have at least 1", field));
  }
  const double* values = matrix.data();
  for (Eigen::Index i = 0; i < matrix.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}: value {} at row {}, column {}; must be finite", field, values[i],
                    i / matrix.cols(), i % matrix.cols()));
  }
  return absl::OkStatus();
}

absl::Status CheckLabels(const Labels& labels, std::string_view field, Eigen::Index rows,
                         std::int64_t bound) {
  if (static_cast<Eigen::Index>(labels.size()) != rows) {
    return absl::InvalidArgumentError(
        fmt::format("{}: has {} entries; must have one per row, {}", field, labels.size(), rows));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && labels[i] < bound) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}: value {} at row {}; must be 0 to {}", field, labels[i], i, bound - 1));
  }
  return absl::OkStatus();
}

}  // namespace cairn::clustering
