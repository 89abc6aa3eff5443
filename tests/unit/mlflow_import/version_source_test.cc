#include "client-cli/mlflow_import/version_source.h"

#include <gtest/gtest.h>

#include <string>

namespace cairn::mlflow_import {
namespace {

using Kind = VersionSource::Kind;

const std::string kRun(32, 'a');

TEST(VersionSourceTest, RunsAreFoundInEveryPlaceOfArtifacts) {
  for (const std::string& text :
       {"runs:/" + kRun + "/model/x", "mlflow-artifacts:/1/" + kRun + "/artifacts/model/x",
        "s3://bucket/artifacts/deep/1/" + kRun + "/artifacts/model/x",
        "/srv/mlruns/1/" + kRun + "/artifacts/model/x/"}) {
    const VersionSource source = ParseVersionSource(text);
    EXPECT_EQ(source.kind, Kind::kRun) << text;
    EXPECT_EQ(source.id, kRun) << text;
    EXPECT_EQ(source.path, "model/x") << text;
  }
}

TEST(VersionSourceTest, ModelsAndVersions) {
  const VersionSource model = ParseVersionSource("models:/m-" + kRun);
  EXPECT_EQ(model.kind, Kind::kModel);
  EXPECT_EQ(model.id, "m-" + kRun);
  const VersionSource stored =
      ParseVersionSource("mlflow-artifacts:/3/models/m-" + kRun + "/artifacts");
  EXPECT_EQ(stored.kind, Kind::kModel);
  EXPECT_EQ(stored.path, "");
  const VersionSource version = ParseVersionSource("models:/net/12");
  EXPECT_EQ(version.kind, Kind::kVersion);
  EXPECT_EQ(version.id, "net");
  EXPECT_EQ(version.number, 12);
}

TEST(VersionSourceTest, WhatNamesNoRunOrLeadsOutIsUnknown) {
  for (const std::string& text :
       {std::string(), std::string("s3://bucket/model"), std::string("runs:/short/model"),
        std::string("models:/net@champion"), "/x/" + kRun + "/artifacts/../secret",
        "runs:/" + kRun + "/../other"}) {
    EXPECT_EQ(ParseVersionSource(text).kind, Kind::kUnknown) << text;
  }
}

TEST(VersionSourceTest, PlacesAreNamedByTheExperimentInCairn) {
  const std::string text = "/srv/mlruns/1/" + kRun + "/artifacts/model";
  EXPECT_EQ(SourceInCairn(text, ParseVersionSource(text), "7"),
            "mlflow-artifacts:/7/" + kRun + "/artifacts/model");
  const std::string run = "runs:/" + kRun + "/model";
  EXPECT_EQ(SourceInCairn(run, ParseVersionSource(run), "7"), run);
}

}  // namespace
}  // namespace cairn::mlflow_import
