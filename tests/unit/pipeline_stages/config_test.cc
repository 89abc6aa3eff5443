#include "pipeline/stages/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "pipeline/stages/load_stage.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

// The position and field of an error, as `line:column field`.
std::string ErrorAt(std::string_view yaml) {
  const absl::Status status = ParseConfig(yaml, "c.yaml").status();
  EXPECT_TRUE(HasReason(status, ErrorReason::CONFIG_INVALID)) << status;
  EXPECT_EQ(MetadataOf(status, "file"), "c.yaml");
  return MetadataOf(status, "line") + ":" + MetadataOf(status, "column") + " " +
         MetadataOf(status, "field");
}

TEST(ConfigTest, AnEmptyFileIsTheDefaultPreset) {
  const auto config = ParseConfig("", "c.yaml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->preset, "default");
  EXPECT_EQ(config->sweep.grid.Points(config->seed).size(), 55u);
  EXPECT_EQ(config->scaling[kTotalSpend], ColumnScaling::kLogStandard);
  EXPECT_EQ(config->scaling[kIsUk], ColumnScaling::kNone);
  EXPECT_EQ(config->scaling[kCancellationRate], ColumnScaling::kStandard);
}

TEST(ConfigTest, TheClassicPresetScalesAsPublished) {
  const PipelineConfig config = PresetConfig("classic").value();
  EXPECT_EQ(config.features, FeaturePreset::kClassic);
  EXPECT_EQ(config.scaling[kCancellationFrequency], ColumnScaling::kRowNorm);
  EXPECT_EQ(config.scaling[kSpendingTrend], ColumnScaling::kStandard);
  EXPECT_EQ(config.scaling[kHour], ColumnScaling::kNone);
  EXPECT_EQ(config.sweep.grid.Points(42).size(), 144u);
  EXPECT_EQ(config.outliers.seed, 0u);
  EXPECT_EQ(config.outliers.draws, clustering::ForestDraws::kScikitLearn);
}

TEST(ConfigTest, TheSeedIsTheForestsUnlessThatHasItsOwn) {
  EXPECT_EQ(ParseConfig("seed: 7", "c.yaml")->outliers.seed, 7u);
  EXPECT_EQ(ParseConfig("seed: 7\npreset: classic", "c.yaml")->outliers.seed, 7u);
  EXPECT_EQ(ParseConfig("outliers: {seed: 8}\nseed: 7", "c.yaml")->outliers.seed, 8u);
}

TEST(ConfigTest, EverySectionIsRead) {
  const auto config = ParseConfig(R"(
preset: classic
seed: 7
threads: 3
input: {max_reject_share: 0.2, encoding: utf-8}
features: {preset: default}
outliers: {method: none, trees: 50, sample_size: 64, contamination: 0.1}
scaling:
  columns: {Is_UK: robust}
  method: standard
pca: {variance: 0.9, min_components: 3, max_components: 5}
sweep: {k: [2, 5], n_init: 4, max_iter: [10], init: [random, k-means++], seeds: [1, 2], tol: 0.001, sharing: false}
select: {min_k: 2, max_k: 9, min_share: 0.1, min_silhouette: 0.3, max_davies_bouldin: 2}
register:
  experiment: e
  model: m
  datasets: {features: f, cleaned: c}
  min_share: 0.01
  always_k: [2]
  max_versions: 3
  label: again
)",
                                  "c.yaml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->seed, 7u);
  EXPECT_EQ(config->threads, 3);
  EXPECT_EQ(config->input.max_reject_share, 0.2);
  EXPECT_EQ(config->features, FeaturePreset::kDefault);
  EXPECT_EQ(config->outliers.method, OutlierMethod::kNone);
  EXPECT_EQ(config->scaling[kIsUk], ColumnScaling::kRobust);
  EXPECT_EQ(config->scaling[kTotalSpend], ColumnScaling::kStandard);
  EXPECT_EQ(config->pca.max_components, 5);
  EXPECT_EQ(config->sweep.grid.Points(7).size(), 8u);
  EXPECT_FALSE(config->sweep.sharing);
  EXPECT_EQ(config->select.max_k, 9);
  EXPECT_EQ(config->registration.always_k, (std::vector<int>{2}));
  EXPECT_EQ(config->registration.features_dataset, "f");
  EXPECT_EQ(config->registration.label, "again");
}

TEST(ConfigTest, AnUnknownKeyIsPlacedAndCorrected) {
  EXPECT_EQ(ErrorAt("seed: 1\noutlier:\n  method: none\n"), "2:1 outlier");
  const absl::Status status = ParseConfig("outlier: {}", "c.yaml").status();
  EXPECT_NE(std::string(status.message()).find("did you mean `outliers`"), std::string::npos);
}

TEST(ConfigTest, AWrongValueIsPlaced) {
  EXPECT_EQ(ErrorAt("pca:\n  variance: much\n"), "2:13 pca.variance");
  EXPECT_EQ(ErrorAt("sweep:\n  k: [2, three]\n"), "2:10 sweep.k.1");
  EXPECT_EQ(ErrorAt("scaling:\n  columns:\n    Is_UK: twice\n"), "3:12 scaling.columns.Is_UK");
  EXPECT_EQ(ErrorAt("scaling:\n  method: best\n"), "2:11 scaling.method");
  EXPECT_EQ(ErrorAt("input: nothing\n"), "1:8 input");
  EXPECT_EQ(ErrorAt("preset: newest\n"), "1:9 preset");
  EXPECT_EQ(ErrorAt("seed: -1\n"), "1:7 seed");
}

TEST(ConfigTest, AKeyThatIsThereTwiceIsRefused) {
  EXPECT_EQ(ErrorAt("threads: 1\nthreads: 2\n"), "2:1 threads");
}

TEST(ConfigTest, TextThatIsNoYamlIsPlaced) {
  EXPECT_EQ(ErrorAt("a: [1, 2\nb: }").substr(0, 2), "2:");
}

TEST(ConfigTest, ValuesOutsideTheirRangeAreRefused) {
  for (const char* yaml :
       {"outliers: {contamination: 0.7}", "pca: {variance: 1.5}", "sweep: {k: [1]}",
        "sweep: {k: []}", "threads: 65", "pca: {min_components: 4, max_components: 3}",
        "sweep: {k: [2, 2]}", "input: {max_reject_share: .nan}"}) {
    const absl::Status status = ParseConfig(yaml, "c.yaml").status();
    EXPECT_TRUE(HasReason(status, ErrorReason::CONFIG_INVALID)) << yaml;
    EXPECT_FALSE(MetadataOf(status, "field").empty()) << yaml;
  }
}

TEST(ConfigTest, AGridFileNamesLists) {
  const auto grid = ParseGrid("k: [3, 4]\nn_init: [1, 5]\nseeds: [1]\n", "g.yaml");
  ASSERT_THAT(grid, IsOk());
  EXPECT_EQ(grid->Points(42).size(), 4u);
  EXPECT_THAT(ParseGrid("n_init: [1]\n", "g.yaml"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(MetadataOf(ParseGrid("k: [3]\nkk: 1", "g.yaml").status(), "line"), "2");
}

TEST(ConfigTest, OutlierTreatmentSaysEverything) {
  PipelineConfig config = PresetConfig("default").value();
  EXPECT_EQ(OutlierTreatment(config),
            "isolation_forest(trees=100,sample_size=256,contamination=0.05,seed=42)");
  ASSERT_THAT(SetOutlierMethod("none", &config), IsOk());
  EXPECT_EQ(OutlierTreatment(config), "none");
  EXPECT_THAT(SetOutlierMethod("forest", &config), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ApplySetting, SetsHowTheInputIsWritten) {
  PipelineConfig config = PresetConfig("default").value();
  for (const char* setting :
       {"input.encoding=windows-1252", "input.separator=;", "input.decimal=,",
        "input.date_order=day_first", "input.sheet=Year 2009-2010",
        "input.null_values=[null, '?', guest]", "cleaning.home_country=France",
        "cleaning.product_codes=all", "pca.variance=0.9"}) {
    EXPECT_THAT(ApplySetting(setting, &config), IsOk()) << setting;
  }
  const DialectSettings& dialect = config.input.dialect;
  EXPECT_EQ(dialect.encoding, TextEncoding::kWindows1252);
  EXPECT_EQ(dialect.separator, ';');
  EXPECT_EQ(dialect.decimal, ',');
  EXPECT_EQ(dialect.date_order, DateOrder::kDayFirst);
  EXPECT_EQ(dialect.sheet, "Year 2009-2010");
  EXPECT_EQ(dialect.null_values, (std::vector<std::string>{"null", "?", "guest"}));
  EXPECT_EQ(config.cleaning.home_country, "France");
  EXPECT_EQ(config.cleaning.rules.product_codes, ProductCodes::kAll);
  EXPECT_EQ(config.pca.variance, 0.9);
  for (const char* setting :
       {"input.encoding=auto", "input.separator=auto", "input.decimal=auto",
        "input.date_order=auto", "input.sheet=auto", "input.null_values=auto"}) {
    EXPECT_THAT(ApplySetting(setting, &config), IsOk()) << setting;
  }
  EXPECT_EQ(dialect, DialectSettings());
}

TEST(ApplySettings, TheSameSettingTwiceIsRefusedAndBothAreNamed) {
  PipelineConfig config = PresetConfig("default").value();
  const std::vector<std::vector<std::string>> twice = {
      {"input.separator=comma", "input.separator=tab"},
      {"input.separator=comma", "input.decimal=point", "input.separator=comma"},
      {"input={separator: comma, decimal: point}", "input.separator=tab"}};
  for (const auto& settings : twice) {
    const absl::Status status = ApplySettings(settings, &config);
    EXPECT_EQ(MetadataOf(status, "field"), "input.separator") << status;
    EXPECT_NE(status.message().find(settings.front()), std::string::npos) << status;
    EXPECT_NE(status.message().find(settings.back()), std::string::npos) << status;
  }
  EXPECT_THAT(ApplySettings({"input={separator: tab}", "input={decimal: comma}"}, &config), IsOk());
}

TEST(ApplySetting, RefusesWhatIsNoSettingAndNamesTheField) {
  PipelineConfig config = PresetConfig("default").value();
  const auto field = [&](const char* setting) {
    return MetadataOf(ApplySetting(setting, &config), "field");
  };
  EXPECT_EQ(field("input.date_order=backwards"), "input.date_order");
  EXPECT_EQ(field("input.date_ordr=day_first"), "input.date_ordr");
  EXPECT_EQ(field("input.date_order"), "set");
  EXPECT_EQ(field("=x"), "set");
  EXPECT_EQ(field("seed=1"), "seed");
  EXPECT_EQ(field("pca.variance=7"), "pca.variance");
  EXPECT_EQ(config.input.dialect, DialectSettings());
}

TEST(LoadSettingsTest, ChangesWithEverySettingOfTheInput) {
  const PipelineConfig plain = PresetConfig("default").value();
  for (const char* setting :
       {"input.encoding=utf-8", "input.separator=;", "input.decimal=,",
        "input.date_order=day_first", "input.sheet=A", "input.null_values=[]"}) {
    PipelineConfig config = plain;
    ASSERT_THAT(ApplySetting(setting, &config), IsOk()) << setting;
    EXPECT_NE(LoadSettings(config), LoadSettings(plain)) << setting;
  }
}

TEST(ConfigTest, AValueOutsideItsRangeIsPlaced) {
  EXPECT_EQ(ErrorAt("pca:\n  variance: 1.5\n"), "2:13 pca.variance");
  EXPECT_EQ(ErrorAt("sweep:\n  k: [2, 1001]\n"), "2:10 sweep.k");
  const absl::Status status = ParseConfig("pca: {variance: 1.5}", "c.yaml").status();
  EXPECT_EQ(MetadataOf(status, "value"), "1.5");
  EXPECT_EQ(MetadataOf(status, "rule"), "must be 0..1");
}

TEST(ConfigTest, AKeyInTheWrongSectionIsFoundInItsOwn) {
  const absl::Status status = ParseConfig("contamination: 0.1", "c.yaml").status();
  EXPECT_NE(status.message().find("did you mean `outliers.contamination`?"), std::string::npos)
      << status;
}

TEST(ConfigTest, WhatRefinesStandsInAnyOrder) {
  const auto config = ParseConfig(
      "sweep: {k: [4], grid: classic}\nscaling: {columns: {Hour: log}, method: quantile}\nseed: 7",
      "c.yaml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->sweep.grid.n_init.size(), 6u);
  EXPECT_EQ(config->sweep.grid.k, (std::vector<int>{4}));
  EXPECT_EQ(config->sweep.grid.name, "custom");
  EXPECT_EQ(config->scaling[kHour], ColumnScaling::kLog);
  EXPECT_EQ(config->scaling[kIsUk], ColumnScaling::kQuantile);
  EXPECT_EQ(config->scaling_name, "custom");
}

TEST(ConfigTest, TheSeedMovesTheSeedsOfTheDefaultGrid) {
  EXPECT_EQ(ParseConfig("seed: 7", "c.yaml")->sweep.grid.seeds,
            (std::vector<uint32_t>{7, 8, 9, 10, 11}));
  EXPECT_EQ(ParseConfig("seed: 7\npreset: classic", "c.yaml")->sweep.grid.seeds,
            std::vector<uint32_t>());
}

TEST(ConfigTest, LimitsOfDriftAndDeliveriesAreSettings) {
  const auto config = ParseConfig(
      "drift: {psi_warning: 0.3, psi_drift: 0.5}\ndelivery: {window: 6, rows_per_day_most: 9}",
      "c.yaml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->monitoring.features.psi_warning, 0.3);
  EXPECT_EQ(config->monitoring.features.psi_drift, 0.5);
  EXPECT_EQ(config->monitoring.delivery.window, 6);
  EXPECT_EQ(config->monitoring.delivery.rows_per_day_most, 9);
  EXPECT_EQ(config->monitoring.model.churn_drift, ConceptLimits().churn_drift);
  EXPECT_EQ(ErrorAt("delivery: {rows_per_day_least: 1.5}"), "1:32 delivery.rows_per_day_least");
  EXPECT_EQ(ErrorAt("delivery: {window: 0}"), "1:20 delivery.window");
}

// Kind of fault: data that has drifted before anybody was warned.
TEST(ConfigTest, ALimitOfDriftIsNotBelowThatOfItsWarning) {
  PipelineConfig config = PresetConfig("default").value();
  const absl::Status status = ApplySettings({"drift.churn_warning=0.7"}, &config);
  EXPECT_EQ(MetadataOf(status, "field"), "drift.churn_drift");
  EXPECT_EQ(MetadataOf(status, "value"), "0.5");
  EXPECT_EQ(MetadataOf(status, "rule"), "must not be below drift.churn_warning, which is 0.7");
}

TEST(ApplySettings, TwoThatFitTogetherStandInAnyOrder) {
  for (const auto& settings :
       {std::vector<std::string>{"drift.churn_warning=0.7", "drift.churn_drift=0.8"},
        std::vector<std::string>{"select.min_k=10", "select.max_k=12"}}) {
    PipelineConfig config = PresetConfig("default").value();
    EXPECT_THAT(ApplySettings(settings, &config), IsOk());
  }
}

TEST(ConfigTest, EveryMethodOfScalingIsTaken) {
  for (const std::string& method : ScalingMethods()) {
    const auto config = ParseConfig("scaling: {method: " + method + "}", "c.yaml");
    ASSERT_THAT(config, IsOk()) << method;
    EXPECT_EQ(config->scaling_name, method);
  }
}

}  // namespace
}  // namespace cairn::pipeline
