// What a client of MLflow sends, over HTTP to the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kApi = "/api/2.0/mlflow";

class MlflowTest : public ::testing::Test {
 protected:
  MlflowTest() : server_(folder_ / "store") {}

  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  MlflowReply Send(const std::string& verb, const std::string& target, const std::string& body,
                   const std::string& type = "application/json") const {
    return Ask(server_.http_address(), verb, target, body,
               type.empty() ? "" : "Content-Type: " + type + "\r\n");
  }

  MlflowReply Post(const std::string& path, const Json& body) const {
    return Send("POST", kApi + path, body.dump());
  }
  MlflowReply Get(const std::string& path) const { return Send("GET", kApi + path, "", ""); }

  std::string NewExperiment(const std::string& name) const {
    return Post("/experiments/create", {{"name", name}}).json().value("experiment_id", "");
  }
  std::string NewRun(const std::string& experiment, const std::string& name) const {
    const Json made = Post("/runs/create", {{"experiment_id", experiment},
                                            {"run_name", name},
                                            {"user_id", "ann"},
                                            {"start_time", 1700000000000},
                                            {"tags", {{{"key", "a.b"}, {"value", "c"}}}}})
                          .json();
    return made.is_object() && made.contains("run") ? made["run"]["info"]["run_id"] : "";
  }

  const TempFolder folder_;
  ServerProcess server_;
};

std::vector<std::string> NamesOf(const Json& found) {
  std::vector<std::string> names;
  for (const Json& run : found.value("runs", Json::array())) {
    names.push_back(run["info"]["run_name"]);
  }
  return names;
}

TEST_F(MlflowTest, AWalkFromAnExperimentToTheHistoryOfAMetric) {
  const std::string experiment = NewExperiment("walk");
  ASSERT_NE(experiment, "");
  const Json found = Get("/experiments/get-by-name?experiment_name=walk").json()["experiment"];
  EXPECT_EQ(found["experiment_id"], experiment);
  EXPECT_EQ(found["lifecycle_stage"], "active");
  EXPECT_EQ(found["artifact_location"], "mlflow-artifacts:/" + experiment);

  const std::string run = NewRun(experiment, "first");
  ASSERT_EQ(run.size(), 32u);
  const MlflowReply logged = Post(
      "/runs/log-batch", {{"run_id", run},
                          {"metrics",
                           {{{"key", "loss"}, {"value", 0.5}, {"timestamp", 1000}, {"step", 0}},
                            {{"key", "loss"}, {"value", 0.25}, {"timestamp", 2000}, {"step", 1}},
                            {{"key", "odd"}, {"value", "NaN"}, {"timestamp", "3000"}}}},
                          {"params", {{{"key", "k"}, {"value", "4"}}}},
                          {"tags", {{{"key", "mlflow.runName"}, {"value", "renamed"}}}}});
  EXPECT_EQ(logged.status, 200) << logged.body;
  EXPECT_EQ(logged.body, "{}");

  const Json got = Get("/runs/get?run_id=" + run).json()["run"];
  EXPECT_EQ(got["info"]["run_uuid"], run);
  EXPECT_EQ(got["info"]["run_name"], "renamed");
  EXPECT_EQ(got["info"]["status"], "RUNNING");
  EXPECT_EQ(got["info"]["user_id"], "ann");
  EXPECT_EQ(got["info"]["start_time"], 1700000000000);
  EXPECT_EQ(got["info"]["artifact_uri"],
            "mlflow-artifacts:/" + experiment + "/" + run + "/artifacts");
  EXPECT_EQ(got["data"]["metrics"][0],
            (Json{{"key", "loss"}, {"value", 0.25}, {"timestamp", 2000}, {"step", 1}}));
  EXPECT_EQ(got["data"]["metrics"][1]["value"], "NaN");
  EXPECT_EQ(got["data"]["params"], (Json{{{"key", "k"}, {"value", "4"}}}));
  EXPECT_EQ(got["data"]["tags"], (Json{{{"key", "a.b"}, {"value", "c"}},
                                       {{"key", "mlflow.runName"}, {"value", "renamed"}}}));

  const Json search = Post("/runs/search", {{"experiment_ids", {experiment}},
                                            {"filter", "metrics.loss < 0.3 and params.k = '4'"},
                                            {"order_by", {"metrics.loss DESC"}}})
                          .json();
  EXPECT_THAT(NamesOf(search), ElementsAre("renamed"));

  const std::string history = "/metrics/get-history?metric_key=loss&run_id=" + run;
  const Json first = Get(history + "&max_results=1").json();
  ASSERT_EQ(first["metrics"].size(), 1u);
  EXPECT_EQ(first["metrics"][0]["step"], 0);
  const Json second =
      Get(history + "&max_results=1&page_token=" + first["next_page_token"].get<std::string>())
          .json();
  EXPECT_EQ(second["metrics"][0]["step"], 1);
  EXPECT_FALSE(second.contains("next_page_token"));
  const Json sample =
      Get("/metrics/get-history-bulk-interval?metric_key=loss&run_ids=" + run).json();
  EXPECT_EQ(sample["metrics"].size(), 2u);
  EXPECT_EQ(sample["metrics"][0]["run_id"], run);
}

TEST_F(MlflowTest, TheHistoriesOfSeveralRunsComeRunByRun) {
  const std::string experiment = NewExperiment("bulk");
  std::vector<std::string> runs = {NewRun(experiment, "a"), NewRun(experiment, "b")};
  std::string target = "/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=loss";
  for (const std::string& run : runs) {
    const Json points = {{{"key", "loss"}, {"value", 2}, {"timestamp", 20}, {"step", 0}},
                         {{"key", "loss"}, {"value", 1}, {"timestamp", 10}, {"step", 1}}};
    ASSERT_EQ(Post("/runs/log-batch", {{"run_id", run}, {"metrics", points}}).status, 200);
    target += "&run_id=" + run;
  }
  std::sort(runs.begin(), runs.end());
  const auto times_and_runs = [this](const std::string& path) {
    std::vector<std::string> seen;
    const Json answer = Send("GET", path, "", "").json();
    for (const Json& point : answer["metrics"]) {
      seen.push_back(point["timestamp"].dump() + point["run_id"].get<std::string>());
    }
    return seen;
  };
  EXPECT_THAT(times_and_runs(target),
              ElementsAre("10" + runs[0], "20" + runs[0], "10" + runs[1], "20" + runs[1]));
  EXPECT_THAT(times_and_runs(target + "&max_results=3"),
              ElementsAre("10" + runs[0], "20" + runs[0], "10" + runs[1]));
  EXPECT_EQ(Get("/metrics/get-history-bulk?metric_key=x&run_id=" + runs[0]).body,
            R"({"metrics":[]})");
  EXPECT_EQ(Get("/metrics/get-history-bulk?metric_key=x").code(), "INVALID_PARAMETER_VALUE");
}

TEST_F(MlflowTest, ARunEndsIsDeletedAndRestored) {
  const std::string experiment = NewExperiment("life");
  const std::string run = NewRun(experiment, "r");
  const Json ended =
      Post("/runs/update", {{"run_id", run}, {"status", "FINISHED"}, {"end_time", 1700000001000}})
          .json();
  EXPECT_EQ(ended["run_info"]["status"], "FINISHED");
  EXPECT_EQ(ended["run_info"]["end_time"], 1700000001000);
  EXPECT_EQ(
      Post("/runs/update", {{"run_id", run}, {"status", "FAILED"}}).json()["run_info"]["status"],
      "FAILED");
  EXPECT_EQ(Post("/runs/log-parameter", {{"run_id", run}, {"key", "p"}, {"value", ""}}).status,
            200);

  EXPECT_EQ(Post("/runs/delete", {{"run_id", run}}).status, 200);
  EXPECT_EQ(Post("/runs/delete", {{"run_id", run}}).status, 200);
  const MlflowReply refused =
      Post("/runs/set-tag", {{"run_id", run}, {"key", "a"}, {"value", "b"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("must be in the 'active' state"));
  const Json active = {{"experiment_ids", {experiment}}};
  EXPECT_TRUE(NamesOf(Post("/runs/search", active).json()).empty());
  const Json deleted = {{"experiment_ids", {experiment}}, {"run_view_type", "DELETED_ONLY"}};
  EXPECT_THAT(NamesOf(Post("/runs/search", deleted).json()), ElementsAre("r"));
  EXPECT_EQ(Post("/runs/restore", {{"run_id", run}}).status, 200);
  EXPECT_EQ(Post("/runs/restore", {{"run_id", run}}).status, 200);
  EXPECT_THAT(NamesOf(Post("/runs/search", active).json()), ElementsAre("r"));

  EXPECT_EQ(Post("/runs/delete-tag", {{"run_id", run}, {"key", "a.b"}}).status, 200);
  const MlflowReply gone = Post("/runs/delete-tag", {{"run_id", run}, {"key", "a.b"}});
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.body, HasSubstr("No tag with name: a.b"));
}

TEST_F(MlflowTest, ParametersStayAndNothingOfTheBatchIsStored) {
  const std::string run = NewRun(NewExperiment("params"), "r");
  const auto log = [&](const std::string& value) {
    return Post("/runs/log-parameter", {{"run_id", run}, {"key", "k"}, {"value", value}});
  };
  EXPECT_EQ(log("1").status, 200);
  EXPECT_EQ(log("1").status, 200);
  const MlflowReply changed = log("2");
  EXPECT_EQ(changed.status, 400);
  EXPECT_EQ(changed.code(), "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(changed.body, HasSubstr("was already logged with value='1'"));
  const MlflowReply twice =
      Post("/runs/log-batch",
           {{"run_id", run},
            {"params", {{{"key", "x"}, {"value", "1"}}, {{"key", "x"}, {"value", "1"}}}}});
  EXPECT_EQ(twice.status, 400);
  EXPECT_EQ(Get("/runs/get?run_id=" + run).json()["run"]["data"]["params"].size(), 1u);
}

TEST_F(MlflowTest, ExperimentsAreSearchedRenamedAndDeleted) {
  const std::string first = NewExperiment("one");
  const std::string second = NewExperiment("two");
  EXPECT_EQ(Post("/experiments/create", {{"name", "one"}}).code(), "RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(Post("/experiments/update", {{"experiment_id", second}, {"new_name", "one"}}).code(),
            "BAD_REQUEST");
  EXPECT_EQ(Post("/experiments/set-experiment-tag",
                 {{"experiment_id", first}, {"key", "mlflow.note.content"}, {"value", "n"}})
                .status,
            200);
  const Json tagged = Post("/experiments/search",
                           {{"max_results", 1}, {"filter", "tags.`mlflow.note.content` = 'n'"}})
                          .json();
  ASSERT_EQ(tagged["experiments"].size(), 1u);
  EXPECT_EQ(tagged["experiments"][0]["experiment_id"], first);
  const Json page = Get("/experiments/search?max_results=2&order_by=name").json();
  EXPECT_EQ(page["experiments"].size(), 2u);
  EXPECT_TRUE(page.contains("next_page_token"));
  EXPECT_EQ(Get("/experiments/search").status, 400);

  EXPECT_EQ(Post("/experiments/delete", {{"experiment_id", second}}).status, 200);
  EXPECT_EQ(Post("/experiments/delete", {{"experiment_id", second}}).status, 404);
  EXPECT_EQ(Post("/experiments/restore", {{"experiment_id", second}}).status, 200);
  EXPECT_EQ(Post("/experiments/restore", {{"experiment_id", second}}).status, 404);
}

TEST_F(MlflowTest, MistakesHaveTheCodesThatClientsKnow) {
  EXPECT_EQ(Get("/runs/get?run_id=" + std::string(32, 'a')).code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(Get("/experiments/get?experiment_id=999").code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(Get("/experiments/get?experiment_id=abc").code(), "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(Post("/experiments/create", Json::object()).body,
              HasSubstr("Missing value for required parameter 'name'"));
  EXPECT_THAT(Post("/experiments/create", {{"name", 123}}).body,
              HasSubstr("Invalid value 123 for parameter 'name'"));
  const MlflowReply elsewhere =
      Post("/experiments/create", {{"name", "e"}, {"artifact_location", "s3://bucket/a"}});
  EXPECT_EQ(elsewhere.code(), "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(elsewhere.body, HasSubstr("for parameter 'artifact_location'"));
  EXPECT_EQ(Get("/experiments/get-by-name?experiment_name=e").code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(Send("POST", "/api/2.0/mlflow/experiments/create", "{}", "text/plain").status, 400);
  const MlflowReply unknown = Post("/registered-nothings/create", Json::object());
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.code(), "ENDPOINT_NOT_FOUND");
  EXPECT_EQ(Send("GET", "/api/3.0/mlflow/traces", "", "").code(), "ENDPOINT_NOT_FOUND");
  const Json info = Send("GET", "/api/3.0/mlflow/server-info", "", "").json();
  EXPECT_EQ(info["workspaces_enabled"], false);
  const MlflowReply verb = Get("/runs/create");
  EXPECT_EQ(verb.status, 405);
  EXPECT_THAT(verb.headers, HasSubstr("Allow: POST"));
  EXPECT_EQ(Send("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0", "", "").status,
            200);
  EXPECT_EQ(Post("/runs/search", {{"experiment_ids", {"999"}}}).body, "{}");
  EXPECT_EQ(Post("/runs/search", {{"experiment_ids", {"0"}}, {"filter", "a b"}}).status, 400);
}

TEST_F(MlflowTest, DataSetsThatARunReadAreGivenBack) {
  const std::string run = NewRun(NewExperiment("inputs"), "reads");
  const auto input = [](const std::string& digest, const std::string& context) {
    return Json{{"dataset",
                 {{"name", "retail"},
                  {"digest", digest},
                  {"source_type", "local"},
                  {"source", "{\"uri\": \"retail.csv\"}"},
                  {"schema", std::string(9000, 's')}}},
                {"tags", {{{"key", "mlflow.data.context"}, {"value", context}}}}};
  };
  for (const std::string context : {"eval", "training"}) {
    const MlflowReply logged =
        Post("/runs/log-inputs", {{"run_id", run}, {"datasets", {input("1", context)}}});
    ASSERT_EQ(logged.status, 200) << logged.body;
    EXPECT_EQ(logged.body, "{}");
  }
  ASSERT_EQ(Post("/runs/log-inputs", {{"run_id", run}, {"datasets", {input("2", "eval")}}}).status,
            200);
  const Json got = Get("/runs/get?run_id=" + run).json()["run"];
  const Json inputs = got["inputs"]["dataset_inputs"];
  ASSERT_EQ(inputs.size(), 2u);
  for (const Json& one : inputs) {
    const std::string context = one["dataset"]["digest"] == "1" ? "training" : "eval";
    EXPECT_EQ(one["tags"], (Json{{{"key", "mlflow.data.context"}, {"value", context}}}));
    EXPECT_EQ(one["dataset"]["name"], "retail");
    EXPECT_EQ(one["dataset"]["source"], "{\"uri\": \"retail.csv\"}");
    EXPECT_FALSE(one["dataset"].contains("schema"));
  }
  for (const Json& tag : got["data"]["tags"]) {
    EXPECT_THAT(tag.value("key", ""), ::testing::Not(HasSubstr("mlflow.input")));
  }
  EXPECT_EQ(Post("/runs/log-inputs", {{"run_id", run}}).status, 200);
  EXPECT_EQ(Post("/runs/log-inputs", {{"run_id", run}, {"datasets", {{{"dataset", 5}}}}}).status,
            400);
}

TEST_F(MlflowTest, DataSetsOfExperimentsAreFoundOnce) {
  const std::string experiment = NewExperiment("summaries");
  const auto log = [this](const std::string& run, const std::string& name, const Json& tags) {
    const Json dataset = {
        {"name", name}, {"digest", "d"}, {"source_type", "local"}, {"source", "s"}};
    return Post("/runs/log-inputs",
                {{"run_id", run}, {"datasets", {{{"dataset", dataset}, {"tags", tags}}}}})
        .status;
  };
  const Json training = {{{"key", "mlflow.data.context"}, {"value", "training"}}};
  for (const char* run : {"a", "b"}) {
    ASSERT_EQ(log(NewRun(experiment, run), "iris", training), 200);
  }
  ASSERT_EQ(log(NewRun(experiment, "c"), "wine", Json::array()), 200);
  const auto search = [this](const Json& ids) {
    return Send("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets",
                Json({{"experiment_ids", ids}}).dump());
  };
  Json found = search({experiment}).json()["dataset_summaries"];
  ASSERT_EQ(found.size(), 2u);
  if (found[0]["name"] != "iris") std::swap(found[0], found[1]);
  EXPECT_EQ(found[0], Json({{"experiment_id", experiment},
                            {"name", "iris"},
                            {"digest", "d"},
                            {"context", "training"}}));
  EXPECT_EQ(found[1], Json({{"experiment_id", experiment}, {"name", "wine"}, {"digest", "d"}}));
  EXPECT_EQ(search(Json::array({"999"})).body, "{}");
  EXPECT_EQ(search(Json::array()).code(), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(search(Json(std::vector<std::string>(21, experiment))).code(),
            "INVALID_PARAMETER_VALUE");
}

TEST_F(MlflowTest, RunsOfADeletedExperimentAreDeletedUntilItIsRestored) {
  const std::string experiment = NewExperiment("gone");
  const std::string run = NewRun(experiment, "r");
  const auto search = [&](const std::string& view) {
    return NamesOf(
        Post("/runs/search", {{"experiment_ids", {experiment}}, {"run_view_type", view}}).json());
  };
  const auto stage = [&] {
    return Get("/runs/get?run_id=" + run).json()["run"]["info"]["lifecycle_stage"];
  };
  ASSERT_EQ(Post("/experiments/delete", {{"experiment_id", experiment}}).status, 200);
  EXPECT_EQ(stage(), "deleted");
  EXPECT_THAT(search("ACTIVE_ONLY"), ElementsAre());
  EXPECT_THAT(search("DELETED_ONLY"), ElementsAre("r"));
  EXPECT_THAT(search("ALL"), ElementsAre("r"));
  // It was deleted by itself too, and comes back all the same.
  ASSERT_EQ(Post("/runs/delete", {{"run_id", run}}).status, 200);
  ASSERT_EQ(Post("/experiments/restore", {{"experiment_id", experiment}}).status, 200);
  EXPECT_EQ(stage(), "active");
  EXPECT_THAT(search("ACTIVE_ONLY"), ElementsAre("r"));
  EXPECT_THAT(search("DELETED_ONLY"), ElementsAre());
}

// Patterns with _ and without case, and data sets, are looked at in each run; pages are full, and
// their tokens lead on within what was read.
TEST_F(MlflowTest, PagesOfRunsThatAreLookedAtOneByOneAreFull) {
  const std::string experiment = NewExperiment("patterns");
  std::vector<std::string> blue;
  for (int i = 0; i < 9; ++i) {
    const std::string name = std::to_string(i);
    const std::string run = NewRun(experiment, name);
    const Json tag = {{"run_id", run}, {"key", "colour"}, {"value", i % 2 == 0 ? "Blue" : "Blues"}};
    ASSERT_EQ(Post("/runs/set-tag", tag).status, 200);
    if (i % 2 == 0) blue.insert(blue.begin(), name);
    if (i != 4) continue;
    const Json data = {{"name", "iris"}, {"digest", "d"}, {"source_type", "s"}, {"source", "s"}};
    ASSERT_EQ(
        Post("/runs/log-inputs", {{"run_id", run}, {"datasets", {{{"dataset", data}}}}}).status,
        200);
  }
  const auto search = [&](const std::string& filter) {
    Json request = {{"experiment_ids", {experiment}},
                    {"filter", filter},
                    {"order_by", {"run_name DESC"}},
                    {"max_results", 2}};
    std::vector<std::string> names;
    std::vector<size_t> sizes;
    do {
      const Json page = Post("/runs/search", request).json();
      for (const std::string& name : NamesOf(page)) names.push_back(name);
      sizes.push_back(NamesOf(page).size());
      request["page_token"] = page.value("next_page_token", "");
    } while (!request["page_token"].get<std::string>().empty() && sizes.size() < 9);
    return std::make_pair(names, sizes);
  };
  const std::vector<size_t> full = {2, 2, 1};
  EXPECT_EQ(search("tags.colour ILIKE '%BLUE'"), std::make_pair(blue, full));
  EXPECT_EQ(search("tags.colour LIKE 'B_ue'"), std::make_pair(blue, full));
  EXPECT_THAT(search("dataset.name ILIKE 'IRIS' AND tags.colour LIKE 'Bl__'").first,
              ElementsAre("4"));
  EXPECT_THAT(search("dataset.name = 'wine'").first, ElementsAre());
}

TEST_F(MlflowTest, PagesOfDeletedRunsAreFull) {
  const std::string experiment = NewExperiment("pages");
  std::vector<std::string> deleted;
  for (int i = 0; i < 9; ++i) {
    const std::string run = NewRun(experiment, std::to_string(i));
    if (i % 2 == 0) {
      ASSERT_EQ(Post("/runs/delete", {{"run_id", run}}).status, 200);
      deleted.push_back(std::to_string(i));
    }
  }
  Json request = {
      {"experiment_ids", {experiment}}, {"run_view_type", "DELETED_ONLY"}, {"max_results", 2}};
  std::vector<size_t> sizes;
  std::vector<std::string> names;
  do {
    const Json page = Post("/runs/search", request).json();
    for (const std::string& name : NamesOf(page)) names.push_back(name);
    sizes.push_back(page["runs"].size());
    request["page_token"] = page.value("next_page_token", "");
  } while (!request["page_token"].get<std::string>().empty() && sizes.size() < 9);
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(deleted));
  request["page_token"] = "x.y";
  EXPECT_EQ(Post("/runs/search", request).code(), "INVALID_PARAMETER_VALUE");
}

TEST_F(MlflowTest, AMetricMayNameAModelAndADataSet) {
  const std::string run = NewRun(NewExperiment("named"), "r");
  const Json metric = {{"key", "acc"},      {"value", 0.5},           {"timestamp", 1},
                       {"model_id", "m-1"}, {"dataset_name", "iris"}, {"dataset_digest", "d"}};
  EXPECT_EQ(Post("/runs/log-batch", {{"run_id", run}, {"metrics", Json::array({metric})}}).status,
            200);
  const Json kept = Get("/runs/get?run_id=" + run).json()["run"]["data"]["metrics"];
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0]["value"], 0.5);
}

}  // namespace
}  // namespace cairn
