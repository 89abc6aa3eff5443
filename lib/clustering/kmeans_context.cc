#include "lib/clustering/kmeans_context.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace cairn::clustering {
namespace {

// Per column, the sum over rows of term(value, column): within a chunk in row order, the chunks in
// order. Holds a row of sums per chunk.
template <typename Term>
std::vector<double> ColumnSums(const Matrix& rows, Parallel& parallel, Term term) {
  const auto n = static_cast<std::size_t>(rows.rows());
  const auto d = static_cast<std::size_t>(rows.cols());
  const std::size_t chunks = (n + kChunkRows - 1) / kChunkRows;
  std::vector<double> partial(chunks * d, 0.0);
  parallel.ForChunks(n, [&](std::size_t chunk, std::size_t first, std::size_t last) {
    double* sums = partial.data() + chunk * d;
    for (std::size_t i = first; i < last; ++i) {
      const double* row = rows.data() + i * d;
      for (std::size_t j = 0; j < d; ++j) sums[j] += term(row[j], j);
    }
  });
  std::vector<double> total(d, 0.0);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    for (std::size_t j = 0; j < d; ++j) total[j] += partial[chunk * d + j];
  }
  return total;
}

}  // namespace

absl::StatusOr<KMeansContext> KMeansContext::Create(Matrix rows, Parallel& parallel) {
  if (absl::Status status = CheckMatrix(rows, "rows"); !status.ok()) return status;
  if (rows.rows() > std::numeric_limits<std::int32_t>::max()) {
    return absl::InvalidArgumentError(
        fmt::format("rows: has {} rows; must have at most 2147483647", rows.rows()));
  }
  KMeansContext context;
  const auto n = static_cast<double>(rows.rows());
  const auto d = static_cast<std::size_t>(rows.cols());
  context.rows_ = std::move(rows);
  context.means_ =
      ColumnSums(context.rows_, parallel, [](double value, std::size_t) { return value; });
  for (double& mean : context.means_) mean /= n;

  const std::vector<double>& means = context.means_;
  context.centered_.resize(context.rows_.rows(), context.rows_.cols());
  parallel.ForChunks(context.row_count(), [&](std::size_t, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const double* from = context.rows_.data() + i * d;
      double* to = context.centered_.data() + i * d;
      for (std::size_t j = 0; j < d; ++j) to[j] = from[j] - means[j];
    }
  });
  const std::vector<double> squares = ColumnSums(
      context.centered_, parallel, [](double value, std::size_t) { return value * value; });
  for (const double square : squares) context.mean_variance_ += square / n;
  context.mean_variance_ /= static_cast<double>(d);

  context.row_blocks_ = RowBlocks(context.rows_);
  context.centered_blocks_ = RowBlocks(context.centered_);
  return context;
}

absl::StatusOr<KMeansContext> KMeansContext::Create(Matrix rows) {
  Parallel serial(1);
  return Create(std::move(rows), serial);
}

}  // namespace cairn::clustering
