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
    const auto translated = RunFilterOf(mlflow);
    ASSERT_TRUE(translated.ok()) << mlflow << translated.status();
    EXPECT_EQ(*translated, cairn) << mlflow;
    const auto compiled = core::RunFilter::Compile(*translated);
    EXPECT_TRUE(compiled.ok()) << *translated << compiled.status();
  }
}

TEST(RunQueryTest, WhatHasNoTwinIsRefused) {
  for (const std::string filter :
       {"metrics.loss = '0.5'", "metrics.loss LIKE 'x'", "metrics.loss IS NULL", "params.k = 4",
        "params.k > '4'", "params.k IN ('a')", "experiment_id = '1'", "lifecycle_stage = 'active'",
        "models.x = 'y'", "status > 'RUNNING'", "start_time = 'x'", "run_id LIKE 'a_'",
        "params.k ILIKE 'a%'", "metrics.loss = nan", "run_id IS NULL"}) {
    EXPECT_EQ(ErrorCodeOf(RunFilterOf(filter).status()), kInvalidParameter) << filter;
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
