#ifndef CAIRN_PIPELINE_STAGES_CONFIG_H_
#define CAIRN_PIPELINE_STAGES_CONFIG_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/clustering/isolation_forest.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/features.h"
#include "pipeline/data/load.h"
#include "pipeline/monitoring/limits.h"
#include "pipeline/stages/grid.h"

namespace cairn::pipeline {

// What is done to one feature column before projection.
enum class ColumnScaling {
  kNone,         // As it is.
  kStandard,     // (x - mean) / population deviation.
  kRobust,       // (x - median) / interquartile range.
  kLogStandard,  // sign(x)·log(1+|x|), then standard.
  kLogRobust,    // The same, then robust.
  kRowNorm,      // Divided by the L2 norm of the row's kRowNorm and kLogRowNorm columns.
  kQuantile,     // The share of training values below x, 0..1. A logarithm would change no rank.
  kLog,          // sign(x)·log(1+|x|).
  kLogRowNorm,   // The same, then as kRowNorm.
};
inline constexpr std::array kColumnScalings = {
    ColumnScaling::kNone,        ColumnScaling::kStandard,  ColumnScaling::kRobust,
    ColumnScaling::kQuantile,    ColumnScaling::kRowNorm,   ColumnScaling::kLog,
    ColumnScaling::kLogStandard, ColumnScaling::kLogRobust, ColumnScaling::kLogRowNorm};

// "none", "standard", "robust", "quantile", "row_norm", "log", "log_standard", "log_robust",
// "log_row_norm".
std::string_view ColumnScalingName(ColumnScaling scaling);

// What SetScaling takes: "default", "classic" and the names above.
std::vector<std::string> ScalingMethods();

// How customers that are unlike all others are found before training.
enum class OutlierMethod { kNone, kIsolationForest };

// When charts are drawn as PNG, which takes longer than all training of a default run.
enum class ChartPngs { kAuto, kOn, kOff };  // kAuto: of a run that a server keeps.

// Every setting of a run, with the values of the preset `default`. Value type.
//
// A configuration file is the same tree in YAML: `input.max_reject_share`, `features.preset`,
// `outliers.method`, `scaling.method`, `scaling.columns.Is_UK`, `pca.variance`, `sweep.k`,
// `select.min_k`, `register.model`, `register.datasets.features` and so on; whatever it leaves out
// keeps the preset's value. Each key's range and meaning stand in settings_table.h. Shares are
// 0..1. How the input is written (`input.encoding`,
// `separator`, `decimal`, `date_order`, `sheet`, `null_values`) is `auto` unless given: decided
// from the whole file, see pipeline/data/dialect.h.
struct PipelineConfig {
  std::string preset = "default";
  uint32_t seed = 42;
  int threads = 0;  // 0 = one per processor, at most 8. Never changes a result.

  // How the file is read. Above max_reject_share of unreadable rows, 0..1, the run
  // stops: a file that was misread would pass otherwise.
  struct Input {
    double max_reject_share = 0.01;
    DialectSettings dialect;
  } input;

  // Which rows are set aside, and how many may be.
  struct Cleaning {
    CleaningRules rules;
    // Of rows and of spend, 0..1. Online Retail loses 26 % of its rows, most for want of a
    // customer.
    double max_set_aside_share = 0.4;
    std::string home_country{kHomeCountry};  // Compared without case.
  } cleaning;

  FeaturePreset features = FeaturePreset::kDefault;

  struct Outliers {
    OutlierMethod method = OutlierMethod::kIsolationForest;
    int trees = 100;              // 1..10,000
    int sample_size = 256;        // 2..100,000; at most the rows there are
    double contamination = 0.05;  // 1e-6..0.5
    uint32_t seed = 42;
    // Whose random numbers grow the forest. What was published with scikit-learn's outliers is
    // reproduced with those outliers alone.
    clustering::ForestDraws draws = clustering::ForestDraws::kOwn;
  } outliers;

  // One entry for each feature column, in order.
  std::array<ColumnScaling, kFeatureCount> scaling{};
  std::string scaling_name = "default";  // "custom" once a column was set by itself.

  struct Pca {
    double variance = 0.8;   // Smallest number of components that explains more than this.
    int min_components = 2;  // 1..15
    int max_components = 8;  // min_components..15; bounds the extra ones too
    // Kept beyond those, 0..14. The published indices of `classic` rest on one.
    int extra_components = 0;
  } pca;

  // What is trained. `tol` is k-means', 0..1.
  struct Sweep {
    SweepGrid grid;
    double tol = 1e-4;
    bool sharing = true;  // Whether provably identical work is done once.
  } sweep;

  // What a segmentation must look like to be chosen; judged on all customers.
  struct Select {
    int min_k = 3;
    int max_k = 8;
    double min_share = 0.02;
    double min_silhouette = 0.20;
    double max_davies_bouldin = 1.6;
  } select;

  // What work costs, in the currency of your choice; 0 counts nothing. Reports and runs tell the
  // money beside seconds and bytes.
  struct Prices {
    double cpu_hour = 0;
    double gib_read = 0;
    double gib_stored = 0;
    double gib_transferred = 0;
    std::string currency;  // Sign before amounts of money.
  } prices;

  // What is kept of the report besides its page.
  struct Report {
    // Charts as PNG, among the artifacts of the run beside their SVG. kOn also puts both into
    // `charts/` of --out, with a server and without one.
    ChartPngs png = ChartPngs::kAuto;
  } report;

  // From when on drift counts, and what a delivery may be like. Of no stage: they judge what comes
  // before and after a training.
  MonitoringLimits monitoring;

  // Digest of the champion that lends numbers and names to segments; set by the run, no setting.
  std::string segments_after;

  // Names on the server, and what becomes a model version.
  struct Register {
    std::string experiment = "customer-segmentation";
    std::string model = "customer-segments";
    std::string transactions_dataset = "retail-transactions";
    std::string cleaned_dataset = "retail-cleaned";
    std::string features_dataset = "retail-features";
    std::string prepared_dataset = "retail-prepared";
    std::string components_dataset = "retail-components";
    std::string outliers_dataset = "retail-outliers";
    // The chosen run becomes a version, and the best run of each other k unless its smallest
    // segment, over all customers, is below this share.
    double min_share = 0.02;
    // These k become versions whatever their segments look like.
    std::vector<int> always_k;
    // At most this many versions a sweep, the best silhouettes first; 0 registers none.
    int max_versions = 12;
    // Mixed into the sweep's key: another label makes the same sweep a new one.
    std::string label;
  } registration;
};

// The settings of a preset, "default" or "classic". INVALID_ARGUMENT (CONFIG_INVALID) lists the
// known names.
absl::StatusOr<PipelineConfig> PresetConfig(std::string_view preset);

// Reads a configuration file's text over the preset it names (or `default`). Unknown keys, wrong
// types and values outside their range are INVALID_ARGUMENT (CONFIG_INVALID) with "file", "line"
// and "column" (from 1), "field", "value" and "rule" in the metadata; values that do not fit
// together have no line. `file` only names it in errors; `preset` overrides the file's own when not
// empty.
absl::StatusOr<PipelineConfig> ParseConfig(std::string_view yaml, std::string_view file,
                                           std::string_view preset = {});

// Applies one setting as `--set` takes it, `input.date_order=day_first`: the key is its path in a
// configuration file, the value YAML or else a plain word. INVALID_ARGUMENT (CONFIG_INVALID) as
// ParseConfig; also for `preset` and `seed`, which have flags of their own.
absl::Status ApplySetting(std::string_view setting, PipelineConfig* config);

// Applies several in their order; also refuses a value that two of them set, and names both.
absl::Status ApplySettings(const std::vector<std::string>& settings, PipelineConfig* config);

// Reads a grid file: the keys of `sweep` that name lists (k, n_init, max_iter, init, seeds).
// Errors as ParseConfig.
absl::StatusOr<SweepGrid> ParseGrid(std::string_view yaml, std::string_view file);

// Replaces the scaling of all columns by one of ScalingMethods(). INVALID_ARGUMENT (CONFIG_INVALID)
// lists them.
absl::Status SetScaling(std::string_view name, PipelineConfig* config);

// Replaces the outlier method: "isolation_forest" or "none". The same errors.
absl::Status SetOutlierMethod(std::string_view name, PipelineConfig* config);

// Checks ranges and combinations; for a config changed by flags. INVALID_ARGUMENT
// (CONFIG_INVALID) names the field, its value and the rule.
absl::Status CheckConfig(const PipelineConfig& config);

// The treatment of outliers in words that say everything that matters to a comparison:
// `isolation_forest(trees=100,sample_size=256,contamination=0.05,seed=42)` or `none`.
std::string OutlierTreatment(const PipelineConfig& config);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CONFIG_H_
