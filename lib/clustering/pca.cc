#include "lib/clustering/pca.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "lib/clustering/parallel.h"

namespace cairn::clustering {
namespace {

// Partial sums are kept for at most this many runs of whole chunks, which bounds their memory. The
// cut depends on the number of rows only.
constexpr std::size_t kCovarianceSegments = 64;

// Adds up `width` sums over all rows: add(row, sums) for every row of a segment in order, then the
// segments in order.
template <typename Add>
std::vector<double> SumRows(const Matrix& rows, std::size_t width, Parallel& parallel, Add add) {
  const auto n = static_cast<std::size_t>(rows.rows());
  const auto d = static_cast<std::size_t>(rows.cols());
  const std::size_t chunks = (n + kChunkRows - 1) / kChunkRows;
  const std::size_t step = (chunks + kCovarianceSegments - 1) / kCovarianceSegments * kChunkRows;
  const std::size_t segments = (n + step - 1) / step;
  std::vector<double> partial(segments * width, 0.0);
  parallel.For(segments, [&](std::size_t segment) {
    double* sums = partial.data() + segment * width;
    const std::size_t last = std::min((segment + 1) * step, n);
    for (std::size_t i = segment * step; i < last; ++i) add(rows.data() + i * d, sums);
  });
  std::vector<double> total(width, 0.0);
  for (std::size_t i = 0; i < partial.size(); ++i) total[i % width] += partial[i];
  return total;
}

// Column means, then the covariance with ddof 1 around them.
Matrix Covariance(const Matrix& rows, Parallel& parallel, std::vector<double>& mean) {
  const auto n = static_cast<double>(rows.rows());
  const auto d = static_cast<std::size_t>(rows.cols());
  mean = SumRows(rows, d, parallel, [d](const double* row, double* sums) {
    for (std::size_t j = 0; j < d; ++j) sums[j] += row[j];
  });
  for (double& value : mean) value /= n;
  std::vector<double> products =
      SumRows(rows, d * d, parallel, [d, &mean](const double* row, double* sums) {
        for (std::size_t a = 0; a < d; ++a) {
          const double value = row[a] - mean[a];
          for (std::size_t b = a; b < d; ++b) sums[a * d + b] += value * (row[b] - mean[b]);
        }
      });
  Matrix covariance(rows.cols(), rows.cols());
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t b = a; b < d; ++b) {
      const double value = products[a * d + b] / (n - 1);
      covariance(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) = value;
      covariance(static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(a)) = value;
    }
  }
  return covariance;
}

// Turns a component so that its first entry of largest magnitude is positive.
void FixSign(Matrix::RowXpr component) {
  Eigen::Index largest = 0;
  for (Eigen::Index j = 1; j < component.size(); ++j) {
    if (std::fabs(component[j]) > std::fabs(component[largest])) largest = j;
  }
  if (component[largest] < 0) component = -component;
}

}  // namespace

absl::StatusOr<Pca> FitPca(const Matrix& rows, int threads) {
  if (absl::Status status = CheckMatrix(rows, "rows", 2); !status.ok()) return status;
  Parallel parallel(threads);
  Pca pca;
  const Eigen::MatrixXd covariance = Covariance(rows, parallel, pca.mean);
  if (!covariance.allFinite()) {
    return absl::InvalidArgumentError("rows: the covariance overflows; scale the columns first");
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  if (solver.info() != Eigen::Success) {
    return absl::InvalidArgumentError(
        "rows: the covariance has no eigenvectors to working precision");
  }
  const Eigen::Index d = rows.cols();
  pca.components.resize(d, d);
  double total = 0;
  for (Eigen::Index i = 0; i < d; ++i) {
    // The solver sorts ascending; rounding can take a variance of 0 just below it.
    pca.variance.push_back(std::max(0.0, solver.eigenvalues()[d - 1 - i]));
    total += pca.variance.back();
    pca.components.row(i) = solver.eigenvectors().col(d - 1 - i).transpose();
    FixSign(pca.components.row(i));
  }
  for (const double variance : pca.variance) {
    pca.variance_ratio.push_back(total > 0 ? variance / total : 0);
  }
  return pca;
}

absl::StatusOr<int> ChooseComponents(std::span<const double> variance_ratio, double target, int low,
                                     int high) {
  const auto available = static_cast<int>(variance_ratio.size());
  if (available == 0) {
    return absl::InvalidArgumentError("variance_ratio: has 0 entries; must have at least 1");
  }
  if (!(target >= 0 && target <= 1)) {
    return absl::InvalidArgumentError(fmt::format("target: value {}; must be 0 to 1", target));
  }
  if (low < 1 || low > available) {
    return absl::InvalidArgumentError(
        fmt::format("low: value {}; must be 1 to the number of components, {}", low, available));
  }
  if (high < low) {
    return absl::InvalidArgumentError(
        fmt::format("high: value {}; must be at least low, {}", high, low));
  }
  double explained = 0;
  int count = available;
  for (int i = 0; i < available; ++i) {
    explained += variance_ratio[static_cast<std::size_t>(i)];
    if (explained > target) {
      count = i + 1;
      break;
    }
  }
  return std::clamp(count, low, std::min(high, available));
}

absl::StatusOr<Matrix> Project(const Pca& pca, const Matrix& rows, int count) {
  const auto d = static_cast<Eigen::Index>(pca.mean.size());
  if (rows.cols() != d) {
    return absl::InvalidArgumentError(
        fmt::format("rows: has {} columns; must have as many as were fitted, {}", rows.cols(), d));
  }
  if (count < 1 || count > d) {
    return absl::InvalidArgumentError(
        fmt::format("count: value {}; must be 1 to the number of columns, {}", count, d));
  }
  if (absl::Status status = CheckMatrix(rows, "rows", 0); !status.ok()) return status;
  Matrix result(rows.rows(), count);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    for (Eigen::Index c = 0; c < count; ++c) {
      double sum = 0;
      for (Eigen::Index j = 0; j < d; ++j) {
        sum += (rows(i, j) - pca.mean[static_cast<std::size_t>(j)]) * pca.components(c, j);
      }
      result(i, c) = sum;
    }
  }
  return result;
}

}  // namespace cairn::clustering
