#include "pipeline/insight/feature_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/clustering/value_order.h"

namespace cairn::pipeline {

double FeatureOrder::Rank(double value) const {
  const auto [low, high] = std::equal_range(values.begin(), values.end(), value);
  const double twice = static_cast<double>((low - values.begin()) + (high - values.begin()));
  return values.empty() ? 0 : twice / (2 * static_cast<double>(values.size()));
}

FeatureOrder OrderOf(std::span<const double> values) {
  FeatureOrder order{std::vector<double>(values.size()), clustering::AscendingOrder(values)};
  for (size_t i = 0; i < values.size(); ++i) order.values[i] = values[order.rows[i]];
  return order;
}

absl::StatusOr<std::vector<double>> FeatureColumn(const FeatureMatrix& features,
                                                  std::string_view name) {
  const auto at = std::find(features.columns.begin(), features.columns.end(), name);
  if (at == features.columns.end()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "features", name, "the column is missing")
        .ToStatus();
  }
  const auto column = static_cast<Eigen::Index>(at - features.columns.begin());
  std::vector<double> values(static_cast<size_t>(features.values.rows()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = features.values(static_cast<Eigen::Index>(i), column);
    if (std::isfinite(values[i])) continue;
    return InvalidField(
               ErrorReason::VALUE_INVALID, name, fmt::format("{}", values[i]),
               fmt::format("of customer {} must be finite",
                           CustomerText(features.customer_ids[i], features.customer_names)))
        .ToStatus();
  }
  return values;
}

double Quantile(std::span<const double> ascending, double p) {
  if (ascending.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = p * static_cast<double>(ascending.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, ascending.size() - 1);
  const double part = place - static_cast<double>(below);
  const double step = ascending[above] - ascending[below];
  // From the nearer end, as numpy has it: the last bit is then the same.
  return part < 0.5 ? ascending[below] + step * part : ascending[above] - step * (1 - part);
}

FeatureSummary Summarize(std::span<const double> ascending) {
  FeatureSummary out;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (ascending.empty()) return {nan, nan, nan, nan, nan, nan};
  double sum = 0;
  for (const double value : ascending) sum += value;
  out.min = ascending.front();
  out.lower_quartile = Quantile(ascending, 0.25);
  out.median = Quantile(ascending, 0.5);
  out.upper_quartile = Quantile(ascending, 0.75);
  out.max = ascending.back();
  out.mean = sum / static_cast<double>(ascending.size());
  return out;
}

std::vector<FeatureSummary> SummarizeBySegment(const FeatureOrder& order,
                                               std::span<const int32_t> segments, int k) {
  std::vector<std::vector<double>> values(static_cast<size_t>(k));
  for (size_t i = 0; i < order.rows.size(); ++i) {
    values[static_cast<size_t>(segments[order.rows[i]])].push_back(order.values[i]);
  }
  std::vector<FeatureSummary> out;
  for (const std::vector<double>& ascending : values) out.push_back(Summarize(ascending));
  return out;
}

std::vector<double> MediansBySegment(const FeatureOrder& order, std::span<const int32_t> segments,
                                     std::span<const int64_t> sizes) {
  std::vector<double> medians(sizes.size(), std::numeric_limits<double>::quiet_NaN());
  std::vector<int64_t> left(sizes.size());  // Values to pass before the upper middle.
  for (size_t s = 0; s < sizes.size(); ++s) left[s] = sizes[s] / 2;
  std::vector<double> before(sizes.size(), 0);
  for (size_t i = 0; i < order.rows.size(); ++i) {
    const size_t s = static_cast<size_t>(segments[order.rows[i]]);
    if (left[s]-- == 0) {
      const bool two = sizes[s] % 2 == 0;
      medians[s] = two ? before[s] + (order.values[i] - before[s]) * 0.5 : order.values[i];
    }
    before[s] = order.values[i];
  }
  return medians;
}

}  // namespace cairn::pipeline
