#include "lib/clustering/correlation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>

#include "lib/clustering/value_order.h"

namespace cairn::clustering {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using ColumnValues = std::vector<double>;

std::vector<ColumnValues> ColumnsOf(const Matrix& rows) {
  std::vector<ColumnValues> columns(static_cast<std::size_t>(rows.cols()));
  for (std::size_t j = 0; j < columns.size(); ++j) {
    columns[j].reserve(static_cast<std::size_t>(rows.rows()));
    for (Eigen::Index i = 0; i < rows.rows(); ++i) {
      columns[j].push_back(rows(i, static_cast<Eigen::Index>(j)));
    }
  }
  return columns;
}

double Dot(const ColumnValues& a, const ColumnValues& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Makes a column of mean 0 and length 1; one whose values are all equal becomes empty.
void Normalize(ColumnValues& column) {
  if (std::all_of(column.begin(), column.end(), [&](double v) { return v == column[0]; })) {
    column.clear();
    return;
  }
  // By the largest magnitude first, so that no square can overflow.
  double largest = 0;
  for (const double value : column) largest = std::max(largest, std::fabs(value));
  for (double& value : column) value /= largest;
  const double mean =
      std::accumulate(column.begin(), column.end(), 0.0) / static_cast<double>(column.size());
  for (double& value : column) value -= mean;
  const double length = std::sqrt(Dot(column, column));
  if (length == 0) {
    column.clear();
    return;
  }
  for (double& value : column) value /= length;
}

Matrix Correlate(std::vector<ColumnValues> columns) {
  for (ColumnValues& column : columns) Normalize(column);
  const auto d = static_cast<Eigen::Index>(columns.size());
  Matrix result = Matrix::Identity(d, d);
  for (Eigen::Index a = 0; a < d; ++a) {
    for (Eigen::Index b = a + 1; b < d; ++b) {
      const ColumnValues& first = columns[static_cast<std::size_t>(a)];
      const ColumnValues& second = columns[static_cast<std::size_t>(b)];
      const bool defined = !first.empty() && !second.empty();
      result(a, b) = defined ? std::clamp(Dot(first, second), -1.0, 1.0) : kNaN;
      result(b, a) = result(a, b);
    }
  }
  return result;
}

}  // namespace

absl::StatusOr<Matrix> PearsonCorrelation(const Matrix& rows) {
  if (absl::Status status = CheckMatrix(rows, "rows", 2); !status.ok()) return status;
  return Correlate(ColumnsOf(rows));
}

absl::StatusOr<Matrix> SpearmanCorrelation(const Matrix& rows) {
  if (absl::Status status = CheckMatrix(rows, "rows", 2); !status.ok()) return status;
  std::vector<ColumnValues> columns = ColumnsOf(rows);
  for (ColumnValues& column : columns) column = AverageRanks(column);
  return Correlate(std::move(columns));
}

std::vector<double> AverageRanks(std::span<const double> values) {
  const std::vector<std::uint32_t> order = AscendingOrder(values);
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    // The mean of the ranks first + 1 … last.
    const double rank = 0.5 * static_cast<double>(first + 1 + last);
    for (; first < last; ++first) ranks[order[first]] = rank;
  }
  return ranks;
}

}  // namespace cairn::clustering
