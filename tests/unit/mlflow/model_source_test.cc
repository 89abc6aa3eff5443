// What a model version may be registered from, and what is refused in which words.

#include "server/mlflow/model_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using ::testing::HasSubstr;

std::string RefusalFor(const std::string& source) {
  const auto parsed = ParseModelSource(source);
  if (parsed.ok()) return "taken";
  EXPECT_EQ(ErrorCodeOf(parsed.status()), kInvalidParameter) << source;
  return std::string(parsed.status().message());
}

TEST(ModelSourceTest, ArtifactsOfARun) {
  const auto by_run = ParseModelSource("runs:/abc/models/m");
  ASSERT_TRUE(by_run.ok());
  EXPECT_EQ(by_run->kind, ModelSource::Kind::kRun);
  EXPECT_EQ(by_run->run_id, "abc");
  EXPECT_EQ(by_run->experiment_id, "");
  EXPECT_EQ(by_run->path, "models/m");

  for (const char* text :
       {"mlflow-artifacts:/7/abc/artifacts/model", "mlflow-artifacts:///7/abc/artifacts/model/",
        "mlflow-artifacts://host:50/7/abc/artifacts/model"}) {
    const auto by_place = ParseModelSource(text);
    ASSERT_TRUE(by_place.ok()) << text;
    EXPECT_EQ(by_place->experiment_id, "7");
    EXPECT_EQ(by_place->run_id, "abc");
    EXPECT_EQ(by_place->path, "model");
  }
  EXPECT_EQ(ParseModelSource("mlflow-artifacts:/7/abc/artifacts")->path, "");
}

TEST(ModelSourceTest, AnotherVersion) {
  const auto numbered = ParseModelSource("models:/a b/3");
  ASSERT_TRUE(numbered.ok());
  EXPECT_EQ(numbered->kind, ModelSource::Kind::kVersion);
  EXPECT_EQ(numbered->version_name, "models/a%20b/versions/3");
  EXPECT_EQ(ParseModelSource("models:/m@best")->version_name, "models/m/aliases/best");
}

TEST(ModelSourceTest, PathsOfAMachineAreRefused) {
  for (const char* text :
       {"/etc/passwd", "model", "file:/tmp/x", "file:///tmp/x", "./m", "C:\\m"}) {
    EXPECT_THAT(RefusalFor(text), HasSubstr("To use a local path as a model version")) << text;
    EXPECT_THAT(RefusalFor(text), HasSubstr("Invalid model version source")) << text;
  }
  EXPECT_THAT(RefusalFor("file://other/tmp"), HasSubstr("is not a valid remote uri"));
}

TEST(ModelSourceTest, NothingLeadsUpwards) {
  for (const char* text :
       {"mlflow-artifacts:/1/abc/artifacts/../x", "runs:/abc/%2e%2e/x", "http://h/a/%252e%252e/b",
        "http://h/a?p=../b", "runs:/abc/a\\..\\b", "ftp://h/%00"}) {
    EXPECT_THAT(RefusalFor(text), HasSubstr("If supplying a source as an http, https,")) << text;
  }
}

TEST(ModelSourceTest, WhatIsElsewhereIsNotFetched) {
  for (const char* text : {"s3://bucket/model", "https://h/model", "dbfs:/m",
                           "mlflow-artifacts:/1/models/m-1/artifacts", "mlflow-artifacts:/1/abc",
                           "runs://other/abc/m", "runs:/"}) {
    EXPECT_THAT(RefusalFor(text), HasSubstr("neither holds what is there nor fetches it")) << text;
  }
  EXPECT_THAT(RefusalFor("models:/m-0123"), HasSubstr("models:/MODEL_ID"));
  EXPECT_THAT(RefusalFor("s3://" + std::string(3000, 'x')), HasSubstr("too long"));
}

}  // namespace
}  // namespace cairn::mlflow
