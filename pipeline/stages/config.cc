#include "pipeline/stages/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/settings_table.h"

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

absl::Status CheckGrid(const SweepGrid& grid, uint32_t seed) {
  if (grid.k.empty()) return BadSetting("sweep.k", "[]", "must name at least one k");
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

// A maximum below its minimum, in the words of a range.
absl::Status CheckNotBelow(std::string_view field, int value, int least, double most) {
  if (value >= least) return absl::OkStatus();
  return BadSetting(field, std::to_string(value),
                    fmt::format("must be {}..{}", least, ShortestDouble(most)));
}

// A limit of drift below that of its warning would never warn.
absl::Status CheckLimits(const MonitoringLimits& limits) {
  for (const LimitRow& row : LimitTable()) {
    for (const LimitRow& lower : LimitTable()) {
      if (lower.key != row.not_below || row.read(limits) >= lower.read(limits)) continue;
      return BadSetting(row.key, ShortestDouble(row.read(limits)),
                        fmt::format("must not be below {}, which is {}", lower.key,
                                    ShortestDouble(lower.read(limits))));
    }
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
    case ColumnScaling::kQuantile:
      return "quantile";
    case ColumnScaling::kLog:
      return "log";
    case ColumnScaling::kLogRowNorm:
      return "log_row_norm";
  }
  return "";
}

std::vector<std::string> ScalingMethods() {
  std::vector<std::string> out = {"default", "classic"};
  for (const ColumnScaling scaling : kColumnScalings) out.emplace_back(ColumnScalingName(scaling));
  return out;
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
  config.outliers.seed = 0;
  config.outliers.draws = clustering::ForestDraws::kScikitLearn;
  config.pca.extra_components = 1;
  config.sweep.grid = ClassicGrid();
  config.registration.features_dataset = "retail-features-classic";
  config.registration.prepared_dataset = "retail-prepared-classic";
  config.registration.components_dataset = "retail-components-classic";
  config.registration.outliers_dataset = "retail-outliers-classic";
  return config;
}

absl::Status SetScaling(std::string_view name, PipelineConfig* config) {
  if (name == "default" || name == "classic") {
    config->scaling = name == "default" ? DefaultScaling() : ClassicScaling();
    config->scaling_name = std::string(name);
    return absl::OkStatus();
  }
  for (const ColumnScaling scaling : kColumnScalings) {
    if (ColumnScalingName(scaling) != name) continue;
    config->scaling = AllColumns(scaling);
    config->scaling_name = std::string(name);
    return absl::OkStatus();
  }
  return BadSetting("scaling.method", std::string(name),
                    fmt::format("must be one of {}", fmt::join(ScalingMethods(), ", ")));
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
  for (const Setting& setting : SettingsTable()) {
    for (const double value : NumbersOf(setting, config)) {
      if (InRange(setting, value)) continue;
      return BadSetting(setting.path, ShortestDouble(value), RangeRule(setting));
    }
  }
  CAIRN_RETURN_IF_ERROR(CheckNotBelow("pca.max_components", config.pca.max_components,
                                      config.pca.min_components, kFeatureCount));
  CAIRN_RETURN_IF_ERROR(
      CheckNotBelow("select.max_k", config.select.max_k, config.select.min_k, kLargestK));
  CAIRN_RETURN_IF_ERROR(CheckLimits(config.monitoring));
  return CheckGrid(config.sweep.grid, config.seed);
}

std::string OutlierTreatment(const PipelineConfig& config) {
  if (config.outliers.method == OutlierMethod::kNone) return "none";
  const bool own = config.outliers.draws == clustering::ForestDraws::kOwn;
  return fmt::format("isolation_forest(trees={},sample_size={},contamination={},seed={}{})",
                     config.outliers.trees, config.outliers.sample_size,
                     ShortestDouble(config.outliers.contamination), config.outliers.seed,
                     own ? "" : ",draws=scikit-learn");
}

}  // namespace cairn::pipeline
