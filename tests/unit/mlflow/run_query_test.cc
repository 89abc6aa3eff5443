// Searches of runs: what MLflow asks, in the language of SearchRuns.

#include "server/mlflow/run_query.h"

#include <gtest/gtest.h>

#include <string>

#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

struct Translation {
  std::string mlflow;
  std::string cairn;
};

TEST(RunQueryTest, FiltersAreTranslated) {
  const Translation cases[] = {
      {"", ""},
      {"metrics.loss < 0.5", "metrics.loss < 0.5"},
      {"metric.`val loss` = -1e3", "metrics.\"val loss\" = -1000"},
      {"params.k = '4'", "params.k = \"4\""},
      {"params.k != 'a*b'", "params.k != \"a\\*b\""},
      {"tags.mlflow.user = 'x' AND parameter.a = 'b'",
       "tags.\"mlflow.user\" = \"x\" AND params.a = \"b\""},
      {"tags.mlflow.runName = 'r'", "display_name = \"r\""},
      {"run_name LIKE 'a%'", "display_name = \"a*\""},
      {"`Run name` ILIKE '%ab%'", "\"ab\""},
      {"attributes.run_id IN ('a', 'b')", "uid IN (\"a\", \"b\")"},
      {"run_id NOT IN ('a')", "NOT uid IN (\"a\")"},
      {"status = 'FINISHED'", "state IN (SUCCEEDED)"},
      {"status != 'RUNNING'", "state IN (SCHEDULED, SUCCEEDED, FAILED, KILLED)"},
      {"status ILIKE 'fin%'", "state IN (SUCCEEDED)"},
      {"status = 'finished'", "uid = \"-\""},
      {"start_time > 1000", "start_time > \"1970-01-01T00:00:01Z\""},
      {"params.k IS NULL", "NOT params.k : *"},
      {"tags.a IS NOT NULL", "tags.a : *"},
  };
  for (const auto& [mlflow, cairn] : cases) {
    const auto query = RunQueryOf(mlflow);
    ASSERT_TRUE(query.ok()) << mlflow << query.status();
    EXPECT_EQ(query->filter, cairn) << mlflow;
    EXPECT_TRUE(query->rests.empty()) << mlflow;
    const auto compiled = core::RunFilter::Compile(query->filter);
    EXPECT_TRUE(compiled.ok()) << cairn << compiled.status();
  }
}

TEST(RunQueryTest, WhatHasNoTwinIsRefused) {
  for (const std::string filter :
       {"metrics.loss = '0.5'", "metrics.loss LIKE 'x'", "metrics.loss IS NULL", "params.k = 4",
        "params.k > '4'", "params.k IN ('a')", "experiment_id = '1'", "lifecycle_stage = 'active'",
        "models.x = 'y'", "status > 'RUNNING'", "start_time = 'x'", "metrics.loss = nan",
        "run_id IS NULL", "datasets.source = 'x'", "datasets.name > 'x'", "datasets.name = 1",
        "dataset.digest IN ('a', 1)", "dataset.context IS NULL"}) {
    EXPECT_EQ(ErrorCodeOf(RunQueryOf(filter).status()), kInvalidParameter) << filter;
  }
}

v1::Run SomeRun() {
  v1::Run run;
  run.set_name("experiments/1/runs/0123456789abcdef0123456789abcdef");
  run.set_uid("0123456789abcdef0123456789abcdef");
  run.set_display_name("Ünd One");
  run.set_user("Ada");
  (*run.mutable_params())["k"] = "Standard_1";
  (*run.mutable_tags())["t"] = "a*b";
  (*run.mutable_tags())["mlflow.input.x"] =
      R"({"dataset":{"name":"Iris","digest":"d1"},)"
      R"("tags":[{"key":"mlflow.data.context","value":"training"}]})";
  (*run.mutable_tags())["mlflow.input.y"] = R"({"dataset":{"name":"wine","digest":"d2"}})";
  return run;
}

// What Cairn's filter does not say is looked at in each run; what it says must not lose one.
TEST(RunQueryTest, TheRestIsCheckedOfEachRun) {
  struct Case {
    std::string mlflow;
    bool holds;
  };
  const Case cases[] = {{"params.k ILIKE 'STAND%'", true},
                        {"params.k ILIKE '%d\\_1'", false},
                        {"params.k LIKE 'S_andard_1'", true},
                        {"params.k LIKE 's_andard_1'", false},
                        {"params.k LIKE 'Standard_'", false},
                        {"params.none ILIKE 'a%'", false},
                        {"tags.t ILIKE 'A*B'", true},
                        {"tags.t LIKE 'a_b'", true},
                        {"run_name LIKE '_nd One'", true},
                        {"run_name ILIKE 'Ünd o_e'", true},
                        {"run_name ILIKE '%D_O%'", true},
                        {"run_name LIKE '__nd One'", false},
                        {"user_id ILIKE 'ada'", true},
                        {"run_id LIKE '_2345%'", false},
                        {"run_id LIKE '_1_3%'", true},
                        {"run_id ILIKE '0%ABCDEF'", true},
                        {"datasets.name = 'Iris'", true},
                        {"dataset.name = 'iris'", false},
                        {"datasets.name ILIKE 'iri_'", true},
                        {"datasets.name IN ('a', 'wine')", true},
                        {"datasets.name NOT IN ('Iris')", true},
                        {"datasets.digest != 'd1'", true},
                        {"datasets.digest LIKE 'e%'", false},
                        {"datasets.context = 'training'", true},
                        {"datasets.context != 'x'", true},
                        {"datasets.context NOT IN ('training')", false},
                        {"datasets.name = 'wine' AND datasets.context = 'training'", true},
                        {"datasets.name = 'wine' AND params.k ILIKE 'x%'", false}};
  const v1::Run run = SomeRun();
  for (const auto& [mlflow, holds] : cases) {
    const auto query = RunQueryOf(mlflow);
    ASSERT_TRUE(query.ok()) << mlflow << query.status();
    EXPECT_FALSE(query->rests.empty()) << mlflow;
    const auto filter = core::RunFilter::Compile(query->filter);
    ASSERT_TRUE(filter.ok()) << query->filter << filter.status();
    EXPECT_EQ(filter->Matches(run) && query->Keeps(run), holds) << mlflow;
  }
}

TEST(RunQueryTest, OrdersAreTranslated) {
  EXPECT_EQ(*RunOrderOf({}), "");
  const auto order = RunOrderOf({"metrics.`a b` DESC", "params.k", "attributes.status ASC"});
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(*order, "metrics.\"a b\" desc, params.\"k\", state, start_time desc");
  EXPECT_TRUE(core::RunOrder::Parse(*order).ok());
  EXPECT_TRUE(core::RunOrder::Parse(*RunOrderOf({"start_time"})).ok());
  EXPECT_FALSE(RunOrderOf({"nothing"}).ok());
}

}  // namespace
}  // namespace cairn::mlflow
