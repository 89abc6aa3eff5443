// Scaling of feature columns, fitted once and applied to any number of rows.
//
// Every column has a transform and a rule of its own: first the transform, then the rule. Fitted
// parameters are plain values, so that a model can store them and apply them without this library.
// All functions are pure and safe to call from several threads; a row gives the same bits alone and
// in any batch.

#ifndef CAIRN_LIB_CLUSTERING_SCALER_H_
#define CAIRN_LIB_CLUSTERING_SCALER_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/clustering/matrix.h"

namespace cairn::clustering {

enum class ColumnTransform {
  kIdentity,   // x
  kSignedLog,  // sign(x) * log(1 + |x|)
};

// `x` stands for the transformed value.
enum class ScaleRule {
  kNone,      // x
  kStandard,  // (x - mean) / population deviation; scale 1 for a constant column
  kRobust,    // (x - median) / (75th - 25th percentile); scale 1 when below 10 eps
  kQuantile,  // the share of training values below x, in [0, 1], interpolated
  kRowNorm,   // x / L2 norm of the row's columns in the same group; a norm of 0 divides by 1
};

// What is asked for one column.
struct ColumnConfig {
  ColumnTransform transform = ColumnTransform::kIdentity;
  ScaleRule rule = ScaleRule::kNone;
  int row_norm_group = 1;  // >= 1; kRowNorm only: columns with the same number share a norm
};

// What was fitted to one column.
struct ColumnScale {
  ScaleRule rule = ScaleRule::kNone;
  double center = 0;                // subtracted first; kStandard and kRobust
  double scale = 1;                 // divided by, never 0; kStandard and kRobust
  std::vector<double> quantiles{};  // ascending, at even shares from 0 to 1; kQuantile only
  ColumnTransform transform = ColumnTransform::kIdentity;
  int row_norm_group = 1;  // as in ColumnConfig
};

// sign(x) * log(1 + |x|): tames long tails on both sides and keeps 0 and the sign.
double SignedLog(double x);

// SignedLog of the columns for which `chosen` is true; the others as they are.
// INVALID_ARGUMENT: chosen has not one entry per column, values that are not finite.
absl::StatusOr<Matrix> SignedLogColumns(const Matrix& rows, const std::vector<bool>& chosen);

// The p-th percentile (0 … 100) of `values` with linear interpolation between the two nearest
// order statistics, as numpy.percentile computes it. REQUIRES: values not empty and finite.
double Percentile(std::span<const double> values, double p);
// The same of values that ascend already, for whoever asks for several of them.
double PercentileOfSorted(std::span<const double> sorted, double p);

// Mean and population deviation (ddof 0) of one column in two passes, summed in row order, with
// scikit-learn's rule for constants: scale is 1 when the variance is at most
// n * eps * variance + (n * mean * eps)^2, and not finite when a sum of squares overflows (which
// Scaler refuses). REQUIRES: values not empty and finite.
ColumnScale FitStandard(std::span<const double> values);

// Median and interquartile range of one column. REQUIRES: values not empty and finite.
ColumnScale FitRobust(std::span<const double> values);

// min(quantile_count, values) quantiles of one column. REQUIRES: values not empty and finite,
// quantile_count >= 2.
ColumnScale FitQuantile(std::span<const double> values, int quantile_count = 1000);

// The fitted rules of all columns of a matrix. Immutable value; copies are independent.
class Scaler {
 public:
  // Fits configs[j] to column j of `rows`.
  // INVALID_ARGUMENT: configs has not one entry per column, no rows, values that are not finite, a
  // row_norm_group below 1 with kRowNorm, or a deviation that overflows.
  static absl::StatusOr<Scaler> Fit(const Matrix& rows, std::span<const ColumnConfig> configs);

  // The same with identity transforms and a single row norm group.
  static absl::StatusOr<Scaler> Fit(const Matrix& rows, std::span<const ScaleRule> rules);

  // A scaler from parameters fitted earlier.
  // INVALID_ARGUMENT: no columns, scale 0, values that are not finite, quantiles that are fewer
  // than 1 or not ascending, a row_norm_group below 1 with kRowNorm.
  static absl::StatusOr<Scaler> FromColumns(std::vector<ColumnScale> columns);

  const std::vector<ColumnScale>& columns() const { return columns_; }

  // The scaled rows, of the same shape.
  // INVALID_ARGUMENT: another number of columns than fitted, values that are not finite.
  absl::StatusOr<Matrix> Apply(const Matrix& rows) const;

 private:
  explicit Scaler(std::vector<ColumnScale> columns);

  void ApplyRow(const double* in, double* out) const;

  std::vector<ColumnScale> columns_;
  std::vector<std::vector<std::size_t>> norm_groups_;  // numbers of the columns that share a norm
};

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_SCALER_H_
