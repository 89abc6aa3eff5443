#include "pipeline/stages/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

absl::Status BadSetting(std::string_view field, const std::string& value, std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
               fmt::format("{} is `{}`: {}", field, value, rule))
      .With("field", field)
      .With("value", value)
      .With("rule", rule);
}

using ScalingArray = std::array<ColumnScaling, kFeatureCount>;

ScalingArray AllColumns(ColumnScaling scaling) {
  ScalingArray out;
  out.fill(scaling);
  return out;
}

// Heavy-tailed counts, money and gaps through the logarithm; two columns on their own scale.
ScalingArray DefaultScaling() {
  ScalingArray out = AllColumns(ColumnScaling::kLogStandard);
  out[kDayOfWeek] = ColumnScaling::kNone;
  out[kIsUk] = ColumnScaling::kNone;
  out[kHour] = ColumnScaling::kStandard;
  out[kCancellationRate] = ColumnScaling::kStandard;
  return out;
}

ScalingArray ClassicScaling() {
  ScalingArray out = AllColumns(ColumnScaling::kStandard);
  for (const Feature column :
       {kTotalProductsPurchased, kAverageDaysBetweenPurchases, kCancellationFrequency}) {
    out[column] = ColumnScaling::kRowNorm;
  }
  for (const Feature column : {kDayOfWeek, kHour, kIsUk}) out[column] = ColumnScaling::kNone;
  return out;
}

absl::Status CheckRange(std::string_view field, double value, double low, double high) {
  if (std::isfinite(value) && value >= low && value <= high) return absl::OkStatus();
  return BadSetting(field, ShortestDouble(value),
                    fmt::format("must be {}..{}", ShortestDouble(low), ShortestDouble(high)));
}

absl::Status CheckGrid(const SweepGrid& grid, uint32_t seed) {
  if (grid.k.empty()) return BadSetting("sweep.k", "[]", "must name at least one k");
  for (const int k : grid.k) CAIRN_RETURN_IF_ERROR(CheckRange("sweep.k", k, 2, 1000));
  for (const int n : grid.n_init) CAIRN_RETURN_IF_ERROR(CheckRange("sweep.n_init", n, 1, 10'000));
  for (const int n : grid.max_iter) {
    CAIRN_RETURN_IF_ERROR(CheckRange("sweep.max_iter", n, 1, 1'000'000));
  }
  if (grid.n_init.empty() || grid.max_iter.empty() || grid.init.empty()) {
    return BadSetting("sweep", "[]", "n_init, max_iter and init must not be empty");
  }
  const size_t points = grid.k.size() * grid.n_init.size() * grid.max_iter.size() *
                        grid.init.size() * std::max<size_t>(grid.seeds.size(), 1);
  if (points > kMaxGridPoints) {
    return BadSetting("sweep", std::to_string(points),
                      fmt::format("must have at most {} points", kMaxGridPoints));
  }
  std::vector<std::string> ids;
  for (const GridPoint& point : grid.Points(seed)) ids.push_back(point.Id());
  std::sort(ids.begin(), ids.end());
  if (const auto twice = std::adjacent_find(ids.begin(), ids.end()); twice != ids.end()) {
    return BadSetting("sweep", *twice, "the point is there twice");
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view ColumnScalingName(ColumnScaling scaling) {
  switch (scaling) {
    case ColumnScaling::kNone:
      return "none";
    case ColumnScaling::kStandard:
      return "standard";
    case ColumnScaling::kRobust:
      return "robust";
    case ColumnScaling::kLogStandard:
      return "log_standard";
    case ColumnScaling::kLogRobust:
      return "log_robust";
    case ColumnScaling::kRowNorm:
      return "row_norm";
  }
  return "";
}

absl::StatusOr<PipelineConfig> PresetConfig(std::string_view preset) {
  PipelineConfig config;
  config.preset = std::string(preset);
  if (preset == "default") {
    config.scaling = DefaultScaling();
    config.sweep.grid = DefaultGrid(config.seed);
    return config;
  }
  if (preset != "classic") {
    return BadSetting("preset", std::string(preset), "must be `default` or `classic`");
  }
  config.features = FeaturePreset::kClassic;
  config.scaling = ClassicScaling();
  config.scaling_name = "classic";
  config.sweep.grid = ClassicGrid();
  config.registration.features_dataset = "retail-features-classic";
  config.registration.prepared_dataset = "retail-prepared-classic";
  config.registration.components_dataset = "retail-components-classic";
  return config;
}

absl::Status SetScaling(std::string_view name, PipelineConfig* config) {
  if (name == "default") {
    config->scaling = DefaultScaling();
  } else if (name == "classic") {
    config->scaling = ClassicScaling();
  } else if (name == "standard") {
    config->scaling = AllColumns(ColumnScaling::kStandard);
  } else if (name == "robust") {
    config->scaling = AllColumns(ColumnScaling::kRobust);
  } else if (name == "log_standard") {
    config->scaling = AllColumns(ColumnScaling::kLogStandard);
  } else if (name == "none") {
    config->scaling = AllColumns(ColumnScaling::kNone);
  } else {
    return BadSetting("scaling.method", std::string(name),
                      "must be default, classic, standard, robust, log_standard or none");
  }
  config->scaling_name = std::string(name);
  return absl::OkStatus();
}

absl::Status SetOutlierMethod(std::string_view name, PipelineConfig* config) {
  if (name == "none") {
    config->outliers.method = OutlierMethod::kNone;
  } else if (name == "isolation_forest") {
    config->outliers.method = OutlierMethod::kIsolationForest;
  } else {
    return BadSetting("outliers.method", std::string(name), "must be isolation_forest or none");
  }
  return absl::OkStatus();
}

absl::Status CheckConfig(const PipelineConfig& config) {
  CAIRN_RETURN_IF_ERROR(CheckRange("threads", config.threads, 0, 64));
  CAIRN_RETURN_IF_ERROR(CheckRange("input.max_reject_share", config.input.max_reject_share, 0, 1));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("cleaning.max_set_aside_share", config.cleaning.max_set_aside_share, 0, 1));
  CAIRN_RETURN_IF_ERROR(CheckRange("outliers.trees", config.outliers.trees, 1, 10'000));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("outliers.sample_size", config.outliers.sample_size, 2, 100'000));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("outliers.contamination", config.outliers.contamination, 1e-6, 0.5));
  CAIRN_RETURN_IF_ERROR(CheckRange("pca.variance", config.pca.variance, 0, 1));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("pca.min_components", config.pca.min_components, 1, kFeatureCount));
  CAIRN_RETURN_IF_ERROR(CheckRange("pca.max_components", config.pca.max_components,
                                   config.pca.min_components, kFeatureCount));
  CAIRN_RETURN_IF_ERROR(CheckRange("sweep.tol", config.sweep.tol, 0, 1));
  CAIRN_RETURN_IF_ERROR(CheckRange("select.min_k", config.select.min_k, 2, 1000));
  CAIRN_RETURN_IF_ERROR(CheckRange("select.max_k", config.select.max_k, config.select.min_k, 1000));
  CAIRN_RETURN_IF_ERROR(CheckRange("select.min_share", config.select.min_share, 0, 1));
  CAIRN_RETURN_IF_ERROR(CheckRange("register.min_share", config.registration.min_share, 0, 1));
  CAIRN_RETURN_IF_ERROR(
      CheckRange("register.max_versions", config.registration.max_versions, 0, 1000));
  return CheckGrid(config.sweep.grid, config.seed);
}

std::string OutlierTreatment(const PipelineConfig& config) {
  if (config.outliers.method == OutlierMethod::kNone) return "none";
  return fmt::format("isolation_forest(trees={},sample_size={},contamination={},seed={})",
                     config.outliers.trees, config.outliers.sample_size,
                     ShortestDouble(config.outliers.contamination), config.seed);
}

}  // namespace cairn::pipeline
