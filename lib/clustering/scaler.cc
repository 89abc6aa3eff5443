#include "lib/clustering/scaler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "lib/clustering/value_order.h"

namespace cairn::clustering {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// The interpolated share of x among ascending quantiles. Where several quantiles are equal, the
// middle between approaching them from below and from above.
double ShareOf(const std::vector<double>& quantiles, double x) {
  if (x <= quantiles.front()) return 0;
  if (x >= quantiles.back()) return 1;
  const double steps = static_cast<double>(quantiles.size() - 1);
  const auto after = std::upper_bound(quantiles.begin(), quantiles.end(), x);
  const auto from = std::lower_bound(quantiles.begin(), quantiles.end(), x);
  const auto share = [&](auto it) { return static_cast<double>(it - quantiles.begin()) / steps; };
  if (*from == x) return 0.5 * (share(from) + share(after - 1));
  const double low = share(after - 1);
  const double high = share(after);
  return low + (high - low) * ((x - *(after - 1)) / (*after - *(after - 1)));
}

absl::Status CheckColumnCount(Eigen::Index columns, std::size_t rules, std::string_view field) {
  if (static_cast<std::size_t>(columns) == rules) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: value {}; must be one per column, {}", field, rules, columns));
}

ColumnScale FitRule(std::span<const double> values, ScaleRule rule) {
  switch (rule) {
    case ScaleRule::kStandard:
      return FitStandard(values);
    case ScaleRule::kRobust:
      return FitRobust(values);
    case ScaleRule::kQuantile:
      return FitQuantile(values);
    case ScaleRule::kNone:
    case ScaleRule::kRowNorm:
      break;
  }
  return ColumnScale{.rule = rule};
}

double Transformed(ColumnTransform transform, double x) {
  return transform == ColumnTransform::kSignedLog ? SignedLog(x) : x;
}

ColumnScale FitColumn(const Matrix& rows, Eigen::Index column, const ColumnConfig& config) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(rows.rows()));
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    values.push_back(Transformed(config.transform, rows(i, column)));
  }
  ColumnScale fitted = FitRule(values, config.rule);
  fitted.transform = config.transform;
  fitted.row_norm_group = config.row_norm_group;
  return fitted;
}

absl::Status CheckColumn(const ColumnScale& column, std::size_t index) {
  if (!std::isfinite(column.center)) {
    return absl::InvalidArgumentError(
        fmt::format("columns[{}].center: value {}; must be finite", index, column.center));
  }
  if (!std::isfinite(column.scale) || column.scale == 0) {
    return absl::InvalidArgumentError(
        fmt::format("columns[{}].scale: value {}; must be finite and not 0", index, column.scale));
  }
  if (column.rule == ScaleRule::kRowNorm && column.row_norm_group < 1) {
    return absl::InvalidArgumentError(fmt::format(
        "columns[{}].row_norm_group: value {}; must be >= 1", index, column.row_norm_group));
  }
  const std::vector<double>& quantiles = column.quantiles;
  if (column.rule == ScaleRule::kQuantile && quantiles.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("columns[{}].quantiles: has 0 entries; must have at least 1", index));
  }
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    if (std::isfinite(quantiles[i]) && (i == 0 || quantiles[i - 1] <= quantiles[i])) continue;
    return absl::InvalidArgumentError(
        fmt::format("columns[{}].quantiles: value {} at {}; must be finite and ascending", index,
                    quantiles[i], i));
  }
  return absl::OkStatus();
}

}  // namespace

double SignedLog(double x) { return std::copysign(std::log1p(std::fabs(x)), x); }

absl::StatusOr<Matrix> SignedLogColumns(const Matrix& rows, const std::vector<bool>& chosen) {
  if (absl::Status status = CheckMatrix(rows, "rows", 0); !status.ok()) return status;
  absl::Status status = CheckColumnCount(rows.cols(), chosen.size(), "chosen");
  if (!status.ok()) return status;
  Matrix result = rows;
  for (Eigen::Index j = 0; j < rows.cols(); ++j) {
    if (!chosen[static_cast<std::size_t>(j)]) continue;
    for (Eigen::Index i = 0; i < rows.rows(); ++i) result(i, j) = SignedLog(rows(i, j));
  }
  return result;
}

double PercentileOfSorted(std::span<const double> sorted, double p) {
  const double place = p / 100 * static_cast<double>(sorted.size() - 1);
  const double below = std::floor(place);
  const auto i = std::min(static_cast<std::size_t>(below), sorted.size() - 1);
  const double a = sorted[i];
  const double b = sorted[std::min(i + 1, sorted.size() - 1)];
  // From the nearer side, so that neither end is missed by a rounding error.
  const double part = place - below;
  return part < 0.5 ? a + (b - a) * part : b - (b - a) * (1 - part);
}

double Percentile(std::span<const double> values, double p) {
  return PercentileOfSorted(InOrder(values), p);
}

ColumnScale FitStandard(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  // `residue` would be 0 but for the rounding of the mean; its square corrects the variance.
  double residue = 0;
  double squares = 0;
  for (const double value : values) {
    residue += value - mean;
    squares += (value - mean) * (value - mean);
  }
  double variance = (squares - residue * residue / n) / n;
  if (variance < 0) variance = 0;  // Not max: what overflowed to NaN has to stay visible.
  const double rounding = n * mean * kEpsilon;
  const bool constant =
      std::isfinite(variance) && variance <= n * kEpsilon * variance + rounding * rounding;
  return {
      .rule = ScaleRule::kStandard, .center = mean, .scale = constant ? 1 : std::sqrt(variance)};
}

ColumnScale FitRobust(std::span<const double> values) {
  const std::vector<double> sorted = InOrder(values);
  const double range = PercentileOfSorted(sorted, 75) - PercentileOfSorted(sorted, 25);
  return {.rule = ScaleRule::kRobust,
          .center = PercentileOfSorted(sorted, 50),
          .scale = range < 10 * kEpsilon ? 1 : range};
}

ColumnScale FitQuantile(std::span<const double> values, int quantile_count) {
  const std::vector<double> sorted = InOrder(values);
  const std::size_t count = std::min(static_cast<std::size_t>(quantile_count), sorted.size());
  ColumnScale column{.rule = ScaleRule::kQuantile};
  // Multiples of one step, as NumPy spaces them: at a tie the last bit of a share decides which
  // quantile still belongs to it.
  const double step = count == 1 ? 0 : 1 / static_cast<double>(count - 1);
  for (std::size_t i = 0; i < count; ++i) {
    const double share = i > 0 && i + 1 == count ? 1 : static_cast<double>(i) * step;
    const double value = PercentileOfSorted(sorted, 100 * share);
    // Interpolation may fall short of the quantile before it by a rounding error.
    column.quantiles.push_back(i == 0 ? value : std::max(value, column.quantiles.back()));
  }
  return column;
}

absl::StatusOr<Scaler> Scaler::Fit(const Matrix& rows, std::span<const ColumnConfig> configs) {
  if (absl::Status status = CheckMatrix(rows, "rows"); !status.ok()) return status;
  absl::Status status = CheckColumnCount(rows.cols(), configs.size(), "configs");
  if (!status.ok()) return status;
  std::vector<ColumnScale> columns;
  columns.reserve(configs.size());
  for (std::size_t j = 0; j < configs.size(); ++j) {
    columns.push_back(FitColumn(rows, static_cast<Eigen::Index>(j), configs[j]));
  }
  // Checked again: values near the largest double can overflow a sum.
  return FromColumns(std::move(columns));
}

absl::StatusOr<Scaler> Scaler::Fit(const Matrix& rows, std::span<const ScaleRule> rules) {
  absl::Status status = CheckColumnCount(rows.cols(), rules.size(), "rules");
  if (!status.ok()) return status;
  std::vector<ColumnConfig> configs;
  for (const ScaleRule rule : rules) configs.push_back({.rule = rule});
  return Fit(rows, configs);
}

absl::StatusOr<Scaler> Scaler::FromColumns(std::vector<ColumnScale> columns) {
  if (columns.empty()) {
    return absl::InvalidArgumentError("columns: has 0 entries; must have at least 1");
  }
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (absl::Status status = CheckColumn(columns[j], j); !status.ok()) return status;
  }
  return Scaler(std::move(columns));
}

Scaler::Scaler(std::vector<ColumnScale> columns) : columns_(std::move(columns)) {
  std::map<int, std::vector<std::size_t>> groups;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (columns_[j].rule == ScaleRule::kRowNorm) groups[columns_[j].row_norm_group].push_back(j);
  }
  for (auto& [number, group] : groups) norm_groups_.push_back(std::move(group));
}

absl::StatusOr<Matrix> Scaler::Apply(const Matrix& rows) const {
  absl::Status status = CheckColumnCount(rows.cols(), columns_.size(), "columns");
  if (!status.ok()) return status;
  if (status = CheckMatrix(rows, "rows", 0); !status.ok()) return status;
  Matrix result(rows.rows(), rows.cols());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    ApplyRow(rows.data() + i * rows.cols(), result.data() + i * rows.cols());
  }
  return result;
}

void Scaler::ApplyRow(const double* in, double* out) const {
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const ColumnScale& column = columns_[j];
    const double x = Transformed(column.transform, in[j]);
    switch (column.rule) {
      case ScaleRule::kNone:
      case ScaleRule::kRowNorm:
        out[j] = x;
        break;
      case ScaleRule::kStandard:
      case ScaleRule::kRobust:
        out[j] = (x - column.center) / column.scale;
        break;
      case ScaleRule::kQuantile:
        out[j] = ShareOf(column.quantiles, x);
        break;
    }
  }
  for (const std::vector<std::size_t>& group : norm_groups_) {
    double squares = 0;
    for (const std::size_t j : group) squares += out[j] * out[j];
    const double norm = squares == 0 ? 1 : std::sqrt(squares);
    for (const std::size_t j : group) out[j] /= norm;
  }
}

}  // namespace cairn::clustering
