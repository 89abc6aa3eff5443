#include "pipeline/stages/stage_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::StatusIs;

const PipelineConfig& Default() {
  static const PipelineConfig config = PresetConfig("default").value();
  return config;
}

TEST(StageGraphTest, InputsStandBeforeTheirStages) {
  std::set<std::string_view> before;
  for (const StageInfo& stage : StageGraph()) {
    for (const std::string_view input : stage.inputs)
      EXPECT_TRUE(before.count(input)) << stage.name;
    EXPECT_TRUE(before.insert(stage.name).second);
  }
}

TEST(StageGraphTest, KeysDifferByStageAndInput) {
  std::set<std::string> keys;
  for (const StageInfo& stage : StageGraph()) {
    keys.insert(StageKey(stage.name, Default(), "aa"));
    keys.insert(StageKey(stage.name, Default(), "bb"));
  }
  EXPECT_EQ(keys.size(), 2 * StageGraph().size());
}

TEST(StageGraphTest, ASettingChangesItsStageAndThoseAfterItOnly) {
  PipelineConfig other = Default();
  other.outliers.contamination = 0.1;
  const std::set<std::string_view> changed = {
      "outliers",  "scale",  "pca",     "sweep",    "evaluate",
      "stability", "select", "profile", "register", "correlation_prepared"};
  for (const StageInfo& stage : StageGraph()) {
    EXPECT_EQ(StageKey(stage.name, Default(), "aa") != StageKey(stage.name, other, "aa"),
              changed.count(stage.name) > 0)
        << stage.name;
  }
}

TEST(StageGraphTest, WhatCannotChangeAResultIsNotPartOfAKey) {
  PipelineConfig other = Default();
  other.threads = 7;
  other.sweep.sharing = false;
  other.registration.model = "another";
  EXPECT_EQ(StageKey("register", Default(), "aa"), StageKey("register", other, "aa"));
}

TEST(StageGraphTest, AMisspeltStageIsCorrected) {
  const absl::Status status = StageIndex("sweeep").status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_NE(std::string(status.message()).find("did you mean `sweep`"), std::string::npos);
}

TEST(StageGraphTest, StagesJsonHasWhatIsPromised) {
  StageRecord record;
  record.name = "load";
  record.rows_in = 5;
  record.rows_out = 4;
  record.seconds = 0.25;
  record.cached = true;
  record.digest = "ab";
  record.counts = {{"rejected_rows", 1}};
  const auto json = nlohmann::json::parse(StagesJson({record}));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["name"], "load");
  EXPECT_EQ(json[0]["rows_in"], 5);
  EXPECT_EQ(json[0]["rows_out"], 4);
  EXPECT_EQ(json[0]["seconds"], 0.25);
  EXPECT_EQ(json[0]["cached"], true);
  EXPECT_EQ(json[0]["digest"], "ab");
  EXPECT_EQ(json[0]["counts"]["rejected_rows"], 1);
}

}  // namespace
}  // namespace cairn::pipeline
