#include "client-cli/mlflow_import/run_mapping.h"
#include "lib/mlflow/stored_names.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace cairn::mlflow_import {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(RunMappingTest, ARunKeepsAllThatItHas) {
  SourceRun run;
  run.id = std::string(32, 'b');
  run.name = "first";
  run.status = "FAILED";
  run.start_unix_millis = 1500;
  run.end_unix_millis = 2500;
  run.params = {{"k", "4"}};
  run.tags = {{"mlflow.parentRunId", "p"}};
  run.input_tags = {{"mlflow.input.1", "{}"}};
  Report report;
  const v1::Run wanted = WantedRun(run, "run b", report);
  EXPECT_EQ(wanted.uid(), run.id);
  EXPECT_EQ(wanted.display_name(), "first");
  EXPECT_EQ(wanted.state(), v1::Run::FAILED);
  EXPECT_EQ(wanted.start_time().seconds(), 1);
  EXPECT_EQ(wanted.end_time().nanos(), 500'000'000);
  EXPECT_EQ(wanted.params().at("k"), "4");
  EXPECT_EQ(wanted.tags_size(), 2);
  EXPECT_EQ(wanted.lease_duration().seconds(), 0);
  EXPECT_TRUE(wanted.has_lease_duration());
  EXPECT_TRUE(report.IsComplete());
}

TEST(RunMappingTest, WhatIsTooLongIsCutAndSaid) {
  SourceRun run;
  run.params = {{"k", std::string(5999, 'x') + "é"}};
  run.tags = {{std::string(251, 't'), "v"}};
  Report report;
  const v1::Run wanted = WantedRun(run, "run b", report);
  EXPECT_EQ(wanted.params().at("k").size(), 5999u);
  EXPECT_TRUE(wanted.tags().empty());
  EXPECT_EQ(report.left_out().size(), 2u);
  EXPECT_FALSE(report.IsComplete());
}

TEST(RunMappingTest, ALoggedModelIsARunOfItsKind) {
  SourceModel model;
  model.id = "m-" + std::string(32, 'c');
  model.type = "classifier";
  model.status = "LOGGED_MODEL_READY";
  model.source_run_id = "gone";
  Report report;
  const v1::Run alone = WantedModel(model, "", "model", report);
  EXPECT_EQ(alone.kind(), v1::Run::LOGGED_MODEL);
  EXPECT_EQ(alone.uid(), std::string(32, 'c'));
  EXPECT_EQ(alone.state(), v1::Run::SUCCEEDED);
  EXPECT_EQ(alone.tags().at("mlflow.sourceRunId"), "gone");
  EXPECT_EQ(alone.tags().at("mlflow.modelType"), "classifier");
  const v1::Run made = WantedModel(model, "experiments/1/runs/x", "model", report);
  EXPECT_FALSE(made.tags().contains("mlflow.sourceRunId"));
}

TEST(RunMappingTest, MetricsOnDataSetsHaveTwoKeys) {
  EXPECT_EQ(KeysOfModelMetric({"loss", {}, "a/b", "d"}),
            (std::vector<std::string>{"loss", "mlflow.dataset/a%2Fb/d/loss"}));
  EXPECT_EQ(KeysOfModelMetric({"loss", {}, "", ""}).size(), 1u);
  EXPECT_EQ(KeysOfModelMetric({"loss", {}, std::string(300, 'n'), "d"}).size(), 1u);
}

TEST(RunMappingTest, IdsOfModels) {
  EXPECT_EQ(mlflow::UidOfModelId("m-" + std::string(32, '0')), std::string(32, '0'));
  EXPECT_FALSE(mlflow::UidOfModelId(std::string(32, '0')).has_value());
  EXPECT_FALSE(mlflow::UidOfModelId("m-12").has_value());
}

TEST(RunMappingTest, SumsOfPointsHaveNoOrder) {
  const Point a{1, 2, kNan};
  const Point b{2, 1, -0.0};
  const Point c{2, 1, 0.0};
  PointSum forth;
  PointSum back;
  PointSum other;
  for (const Point& point : {a, b}) forth.Add(point);
  for (const Point& point : {c, a}) back.Add(point);
  for (const Point& point : {a, a}) other.Add(point);
  EXPECT_EQ(forth, back);
  EXPECT_FALSE(forth == other);
}

TEST(RunMappingTest, SortedPointsAreASet) {
  std::vector<Point> points = {{2, 0, 1}, {1, 0, kNan}, {2, 0, 1}, {1, 0, kNan}, {-1, 5, 3}};
  SortPoints(points);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0].step, -1);
  EXPECT_TRUE(HasPoint(points, {1, 0, kNan}));
  EXPECT_FALSE(HasPoint(points, {1, 1, kNan}));
}

}  // namespace
}  // namespace cairn::mlflow_import
