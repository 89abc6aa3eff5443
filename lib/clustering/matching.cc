#include "lib/clustering/matching.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cairn::clustering {
namespace {

// Kuhn's method with potentials for at most as many rows as columns: rows enter one by one along a
// shortest augmenting path. Index 0 of every array is the artificial column the path starts from.
class Hungarian {
 public:
  explicit Hungarian(const Matrix& cost)
      : cost_(cost),
        rows_(static_cast<std::size_t>(cost.rows())),
        columns_(static_cast<std::size_t>(cost.cols())),
        row_potential_(rows_ + 1),
        column_potential_(columns_ + 1),
        row_of_(columns_ + 1),
        came_from_(columns_ + 1) {}

  // The row, 1-based, that every column 1 … columns is paired with; 0 for none.
  const std::vector<std::size_t>& Solve() {
    for (std::size_t row = 1; row <= rows_; ++row) {
      for (std::size_t column = FindFreeColumn(row); column != 0;) {
        const std::size_t previous = came_from_[column];
        row_of_[column] = row_of_[previous];
        column = previous;
      }
    }
    return row_of_;
  }

 private:
  double Reduced(std::size_t row, std::size_t column) const {
    return cost_(static_cast<Eigen::Index>(row - 1), static_cast<Eigen::Index>(column - 1)) -
           row_potential_[row] - column_potential_[column];
  }

  // The end of the shortest augmenting path for `row`.
  std::size_t FindFreeColumn(std::size_t row) {
    std::vector<double> slack(columns_ + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> visited(columns_ + 1, false);
    row_of_[0] = row;
    std::size_t column = 0;
    while (row_of_[column] != 0) {
      visited[column] = true;
      const std::size_t next = Relax(column, visited, slack);
      ShiftPotentials(visited, slack, slack[next]);
      column = next;
    }
    return column;
  }

  // Looks from `column` at every unvisited one; returns the one with the least slack.
  std::size_t Relax(std::size_t column, const std::vector<bool>& visited,
                    std::vector<double>& slack) {
    std::size_t best = 0;
    for (std::size_t other = 1; other <= columns_; ++other) {
      if (visited[other]) continue;
      const double reduced = Reduced(row_of_[column], other);
      if (reduced < slack[other]) {
        slack[other] = reduced;
        came_from_[other] = column;
      }
      if (best == 0 || slack[other] < slack[best]) best = other;
    }
    return best;
  }

  void ShiftPotentials(const std::vector<bool>& visited, std::vector<double>& slack, double delta) {
    for (std::size_t column = 0; column <= columns_; ++column) {
      if (visited[column]) {
        row_potential_[row_of_[column]] += delta;
        column_potential_[column] -= delta;
      } else {
        slack[column] -= delta;
      }
    }
  }

  const Matrix& cost_;
  const std::size_t rows_, columns_;
  std::vector<double> row_potential_, column_potential_;
  std::vector<std::size_t> row_of_, came_from_;
};

Assignment AssignWide(const Matrix& cost) {
  Assignment result;
  result.column_of_row.assign(static_cast<std::size_t>(cost.rows()), -1);
  Hungarian hungarian(cost);
  const std::vector<std::size_t>& row_of = hungarian.Solve();
  for (std::size_t column = 1; column < row_of.size(); ++column) {
    if (row_of[column] == 0) continue;
    result.column_of_row[row_of[column] - 1] = static_cast<std::int32_t>(column - 1);
  }
  return result;
}

}  // namespace

absl::StatusOr<Assignment> MinimumCostAssignment(const Matrix& cost) {
  if (absl::Status status = CheckMatrix(cost, "cost"); !status.ok()) return status;
  Assignment result;
  if (cost.rows() <= cost.cols()) {
    result = AssignWide(cost);
  } else {
    const Matrix flipped = cost.transpose();
    const Assignment tall = AssignWide(flipped);
    result.column_of_row.assign(static_cast<std::size_t>(cost.rows()), -1);
    for (std::size_t column = 0; column < tall.column_of_row.size(); ++column) {
      result.column_of_row[static_cast<std::size_t>(tall.column_of_row[column])] =
          static_cast<std::int32_t>(column);
    }
  }
  for (std::size_t row = 0; row < result.column_of_row.size(); ++row) {
    const std::int32_t column = result.column_of_row[row];
    if (column >= 0) result.cost += cost(static_cast<Eigen::Index>(row), column);
  }
  return result;
}

absl::StatusOr<std::vector<std::int32_t>> MatchLabels(const Labels& current, int current_k,
                                                      const Labels& reference, int reference_k) {
  if (current.empty()) {
    return absl::InvalidArgumentError("labels: has 0 entries; must have at least 1");
  }
  const auto rows = static_cast<Eigen::Index>(current.size());
  if (absl::Status status = CheckLabels(current, "current", rows, current_k); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckLabels(reference, "reference", rows, reference_k); !status.ok()) {
    return status;
  }
  // Overlap is to be large and cost small; whole numbers of rows are exact in a double.
  Matrix cost = Matrix::Zero(current_k, reference_k);
  for (std::size_t i = 0; i < current.size(); ++i) cost(current[i], reference[i]) -= 1;
  absl::StatusOr<Assignment> pairing = MinimumCostAssignment(cost);
  if (!pairing.ok()) return pairing.status();
  return pairing->column_of_row;
}

absl::StatusOr<std::vector<std::int32_t>> MatchCenters(const Matrix& current,
                                                       const Matrix& reference) {
  if (absl::Status status = CheckMatrix(current, "current"); !status.ok()) return status;
  if (absl::Status status = CheckMatrix(reference, "reference"); !status.ok()) return status;
  if (current.cols() != reference.cols()) {
    return absl::InvalidArgumentError(
        fmt::format("reference: has {} columns; must have as many as current, {}", reference.cols(),
                    current.cols()));
  }
  Matrix cost(current.rows(), reference.rows());
  for (Eigen::Index a = 0; a < current.rows(); ++a) {
    for (Eigen::Index b = 0; b < reference.rows(); ++b) {
      double sum = 0;
      for (Eigen::Index j = 0; j < current.cols(); ++j) {
        sum += (current(a, j) - reference(b, j)) * (current(a, j) - reference(b, j));
      }
      cost(a, b) = std::sqrt(sum);
    }
  }
  absl::StatusOr<Assignment> pairing = MinimumCostAssignment(cost);
  if (!pairing.ok()) return pairing.status();
  return pairing->column_of_row;
}

}  // namespace cairn::clustering
