#include "client-cli/mlflow_import/json_entities.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace cairn::mlflow_import {
namespace {

TEST(JsonEntitiesTest, OnlyShallowObjectsAreTaken) {
  EXPECT_TRUE(ParseObject("x", "{\"a\": \"[[[[\"}").ok());
  EXPECT_FALSE(ParseObject("x", "[]").ok());
  EXPECT_FALSE(ParseObject("x", "<html>").ok());
  const std::string deep(100'000, '[');
  EXPECT_FALSE(ParseObject("x", "{\"a\": " + deep).ok());
}

TEST(JsonEntitiesTest, NumbersMayBeTexts) {
  const Json json = {{"a", "12"}, {"b", 13}, {"c", "x"}, {"d", 1e300}, {"e", nullptr}};
  EXPECT_EQ(IntOf(json, "a"), 12);
  EXPECT_EQ(IntOf(json, "b"), 13);
  for (const char* name : {"c", "d", "e", "f"}) EXPECT_FALSE(IntOf(json, name).has_value());
  const Json odd = {{"n", "NaN"}, {"i", "Infinity"}, {"m", "-Infinity"}, {"v", 0.5}};
  EXPECT_TRUE(std::isnan(DoubleOf(odd, "n")));
  EXPECT_GT(DoubleOf(odd, "i"), 1e308);
  EXPECT_LT(DoubleOf(odd, "m"), -1e308);
  EXPECT_EQ(DoubleOf(odd, "v"), 0.5);
}

TEST(JsonEntitiesTest, ARun) {
  const auto json = ParseObject("run", R"({
    "info": {"run_uuid": "r", "experiment_id": "1", "status": "FINISHED", "start_time": 5,
             "lifecycle_stage": "deleted", "user_id": "ann"},
    "data": {"metrics": [{"key": "loss", "value": "NaN", "timestamp": "7", "step": 2}],
             "params": [{"key": "k", "value": ""}],
             "tags": [{"key": "mlflow.runName", "value": "first"}, {"key": "t", "value": "v"}]},
    "inputs": {"model_inputs": [{"model_id": "m-1"}]},
    "outputs": {"model_outputs": [{"model_id": "m-2", "step": 3}]}})");
  ASSERT_TRUE(json.ok()) << json.status();
  const SourceRun run = RunOf(*json);
  EXPECT_EQ(run.id, "r");
  EXPECT_EQ(run.name, "first");
  EXPECT_TRUE(run.deleted);
  EXPECT_EQ(run.start_unix_millis, 5);
  EXPECT_FALSE(run.end_unix_millis.has_value());
  EXPECT_EQ(run.tags, (Pairs{{"t", "v"}}));
  EXPECT_EQ(run.params, (Pairs{{"k", ""}}));
  ASSERT_EQ(run.metrics.size(), 1u);
  EXPECT_EQ(run.metrics[0].latest.time_unix_millis, 7);
  EXPECT_EQ(run.input_tags.count("mlflow.modelInput.m-1"), 1u);
  ASSERT_EQ(run.outputs.size(), 1u);
  EXPECT_EQ(run.outputs[0].step, 3);
}

TEST(JsonEntitiesTest, ADataSetIsATagWithoutWhatHasNoRoom) {
  Json input = {{"dataset", {{"name", "retail"}, {"digest", "d1"}, {"schema", "s"}}},
                {"tags", {{{"key", "mlflow.data.context"}, {"value", "training"}}}}};
  const auto [key, value] = InputTagOf(input);
  EXPECT_TRUE(key.starts_with("mlflow.input."));
  EXPECT_EQ(key.size(), std::string("mlflow.input.").size() + 16);
  EXPECT_EQ(value, R"({"dataset":{"digest":"d1","name":"retail","schema":"s"},)"
                   R"("tags":[{"key":"mlflow.data.context","value":"training"}]})");
  input["dataset"]["profile"] = std::string(9000, 'p');
  EXPECT_EQ(InputTagOf(input).second, value);
}

TEST(JsonEntitiesTest, ModelsVersionsAndAliases) {
  const RegisteredModel model =
      RegisteredModelOf({{"name", "net"}, {"aliases", {{{"alias", "best"}, {"version", "3"}}}}});
  EXPECT_EQ(model.aliases.at("best"), 3);
  const SourceVersion version = VersionOf({{"name", "net"}, {"version", "3"}, {"run_id", "r"}});
  EXPECT_EQ(version.number, 3);
  EXPECT_EQ(version.run_id, "r");
}

}  // namespace
}  // namespace cairn::mlflow_import
