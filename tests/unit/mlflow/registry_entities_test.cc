// How models and versions look to MLflow's clients.

#include "server/mlflow/registry_entities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cairn::mlflow {
namespace {

using Json = nlohmann::json;

v1::ModelVersion Make(int number, const std::string& stage) {
  v1::ModelVersion version;
  version.set_name("models/a%20b/versions/" + std::to_string(number));
  version.set_run("experiments/3/runs/0123");
  version.set_state(v1::ModelVersion::READY);
  if (!stage.empty()) (*version.mutable_tags())["mlflow.stage"] = stage;
  return version;
}

Json Written(const v1::ModelVersion& version, bool with_aliases) {
  gateway::JsonText json;
  WriteVersion(version, {}, with_aliases, json);
  return Json::parse(json.Take());
}

TEST(RegistryEntitiesTest, StagesAreNamedInAnyCase) {
  EXPECT_EQ(StageNamed("production"), kProduction);
  EXPECT_EQ(StageNamed("NONE"), kNoStage);
  EXPECT_FALSE(StageNamed("Deleted_Internal").has_value());
}

TEST(RegistryEntitiesTest, WhatAGovernedChannelServesIsTheStage) {
  const ServedStages served = {{kProduction, "models/a%20b/versions/2"}};
  EXPECT_EQ(StageOf(Make(2, ""), served), kProduction);
  EXPECT_EQ(StageOf(Make(1, "Production"), served), kNoStage);  // it was there once
  EXPECT_EQ(StageOf(Make(1, "Production"), {}), kProduction);
  EXPECT_EQ(StageOf(Make(1, "Staging"), served), kStaging);
  v1::ModelVersion archived = Make(1, "Production");
  archived.set_state(v1::ModelVersion::ARCHIVED);
  EXPECT_EQ(StageOf(archived, {}), kArchived);
}

TEST(RegistryEntitiesTest, TheHighestOfEachStageIsTheLatest) {
  const std::vector<v1::ModelVersion> versions = {Make(10, ""), Make(9, "Staging"), Make(2, "")};
  const auto latest = LatestOf(versions, {});
  ASSERT_EQ(latest.size(), 2u);
  EXPECT_EQ(NumberOf(*latest.at(kNoStage)), 10);
  EXPECT_EQ(NumberOf(*latest.at(kStaging)), 9);
}

TEST(RegistryEntitiesTest, SourceAndRunAreThoseOfTheVersionUnlessTheClientNamedOthers) {
  v1::ModelVersion version = Make(1, "");
  EXPECT_EQ(SourceOf(version), "mlflow-artifacts:/3/0123/artifacts");
  EXPECT_EQ(RunIdOf(version), "0123");
  version.set_copied_from("models/o%20x/versions/4");
  EXPECT_EQ(SourceOf(version), "models:/o x/4");
  (*version.mutable_tags())["mlflow.source"] = "runs:/0123/m";
  (*version.mutable_tags())["mlflow.namedRun"] = "run_id_1";
  EXPECT_EQ(SourceOf(version), "runs:/0123/m");
  EXPECT_EQ(DownloadUriOf(version), "runs:/0123/m");
  EXPECT_EQ(RunIdOf(version), "run_id_1");
  (*version.mutable_tags())["mlflow.storageLocation"] = "runs:/other/m";
  EXPECT_EQ(DownloadUriOf(version), "runs:/other/m");
}

TEST(RegistryEntitiesTest, OwnTagsAreNotShown) {
  v1::ModelVersion version = Make(7, "Staging");
  (*version.mutable_tags())["k"] = "v";
  version.add_aliases("best");
  const Json json = Written(version, true);
  EXPECT_EQ(json["name"], "a b");
  EXPECT_EQ(json["version"], "7");
  EXPECT_EQ(json["status"], "READY");
  EXPECT_EQ(json["current_stage"], "Staging");
  EXPECT_EQ(json["tags"], (Json{{{"key", "k"}, {"value", "v"}}}));
  EXPECT_EQ(json["aliases"], Json({"best"}));
  EXPECT_FALSE(Written(version, false).contains("aliases"));
}

}  // namespace
}  // namespace cairn::mlflow
