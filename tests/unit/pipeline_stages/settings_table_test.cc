#include "pipeline/stages/settings_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "pipeline/stages/stage_graph.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

// Everything of a configuration that the table prints, and what stages make of it.
void ExpectEqual(const PipelineConfig& a, const PipelineConfig& b) {
  EXPECT_EQ(ConfigYaml(a), ConfigYaml(b));
  EXPECT_EQ(a.scaling_name, b.scaling_name);
  EXPECT_EQ(a.sweep.grid.name, b.sweep.grid.name);
  EXPECT_EQ(a.sweep.grid.Points(a.seed), b.sweep.grid.Points(b.seed));
  for (const StageInfo& stage : StageGraph()) {
    EXPECT_EQ(StageKey(stage.name, a, "aa"), StageKey(stage.name, b, "aa")) << stage.name;
  }
}

TEST(SettingsTableTest, KeysStandOnceAndHaveASentence) {
  std::set<std::string> paths;
  for (const Setting& setting : SettingsTable()) {
    SCOPED_TRACE(setting.path);
    EXPECT_TRUE(paths.insert(setting.path).second);
    EXPECT_THAT(std::string(setting.help), ::testing::EndsWith("."));
    EXPECT_LE(setting.least, setting.most);
  }
  EXPECT_GT(paths.size(), 60u);
}

TEST(SettingsTableTest, ThePresetsAreWithinTheRanges) {
  for (const char* preset : {"default", "classic"}) {
    EXPECT_THAT(CheckConfig(PresetConfig(preset).value()), IsOk());
  }
}

// Kind of fault: a range that is printed and not held.
TEST(SettingsTableTest, NumbersBeyondARangeAreRefusedOneByOne) {
  int checked = 0;
  for (const Setting& setting : SettingsTable()) {
    PipelineConfig config = PresetConfig("default").value();
    if (NumbersOf(setting, config).empty() || std::isinf(setting.most)) continue;
    if (setting.most > 4e9) continue;  // Those are no numbers of 32 bits.
    SCOPED_TRACE(setting.path);
    const absl::Status status = ApplySetting(
        setting.path + "=" + std::to_string(static_cast<int64_t>(setting.most) + 1), &config);
    EXPECT_EQ(MetadataOf(status, "field"), setting.path) << status;
    EXPECT_EQ(MetadataOf(status, "rule"), RangeRule(setting)) << status;
    ++checked;
  }
  EXPECT_GT(checked, 15);
}

TEST(SettingsTableTest, WhatIsPrintedReadsBackAsTheSame) {
  for (const char* preset : {"default", "classic"}) {
    const PipelineConfig config = PresetConfig(preset).value();
    const auto read = ParseConfig(ConfigYaml(config), "printed.yaml");
    ASSERT_THAT(read, IsOk()) << ConfigYaml(config);
    ExpectEqual(*read, config);
  }
}

TEST(SettingsTableTest, UnusualValuesAreQuotedAndReadBack) {
  const auto config = ParseConfig(R"(
preset: classic
seed: 9
input: {separator: "\t", decimal: ",", sheet: "2011: all", null_values: [null, "-", "a, b"]}
cleaning: {home_country: "Côte d'Ivoire"}
scaling: {method: robust, columns: {Hour: quantile}}
sweep: {k: [3, 5], init: random, seeds: [1, 4294967295], sharing: false, tol: 1e-7}
register: {label: "null", model: "no: comment # here", always_k: [3], datasets: {outliers: odd}}
)",
                                  "c.yaml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->registration.outliers_dataset, "odd");
  const auto read = ParseConfig(ConfigYaml(*config), "printed.yaml");
  ASSERT_THAT(read, IsOk()) << ConfigYaml(*config);
  ExpectEqual(*read, *config);
  EXPECT_EQ(read->registration.label, "null");
  EXPECT_EQ(read->input.dialect, config->input.dialect);
}

TEST(SettingsTableTest, TheTableOfTheHandbookIsUpToDate) {
  const auto page = ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/pipeline.md");
  ASSERT_THAT(page, IsOk());
  const std::string begin = "<!-- settings: begin -->\n";
  const std::string end = "<!-- settings: end -->\n";
  const size_t from = page->find(begin);
  const size_t to = page->find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  const size_t first = from + begin.size();
  EXPECT_EQ(page->substr(first, to - first), SettingsMarkdown())
      << "put the output of `cairn-pipeline config --markdown` between the markers";
}

}  // namespace
}  // namespace cairn::pipeline
