// Logged models as clients of MLflow 3 log, find and register them, over HTTP to the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kModelApi = "/api/2.0/mlflow";
constexpr const char* kNoModel = "m-00000000000000000000000000000000";

class MlflowLoggedModelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    run_ = Post("/runs/create", {{"experiment_id", "0"}}).json()["run"]["info"]["run_id"];
  }

  MlflowReply Send(const std::string& verb, const std::string& path, const Json& body) const {
    return Ask(server_.http_address(), verb, kModelApi + path, body.dump());
  }
  MlflowReply Post(const std::string& path, const Json& body) const {
    return Send("POST", path, body);
  }
  MlflowReply Get(const std::string& path) const {
    return Ask(server_.http_address(), "GET", kModelApi + path, "", "");
  }
  MlflowReply PutFile(const std::string& model, const std::string& path,
                      const std::string& bytes) const {
    const std::string place = "/api/2.0/mlflow-artifacts/artifacts/0/models/" + model;
    return Ask(server_.http_address(), "PUT", place + "/artifacts/" + path, bytes, "");
  }

  // A pending model of the run, with k as a parameter.
  std::string NewModel(const std::string& name, const std::string& k = "4") const {
    const Json made = Post("/logged-models", {{"experiment_id", "0"},
                                              {"name", name},
                                              {"model_type", "clusterer"},
                                              {"source_run_id", run_},
                                              {"params", {{{"key", "k"}, {"value", k}}}},
                                              {"tags", {{{"key", "team"}, {"value", "crm"}}}}})
                          .json();
    return made.is_object() && made.contains("model") ? made["model"]["info"]["model_id"] : "";
  }
  MlflowReply Finalize(const std::string& model, const Json& status) const {
    return Send("PATCH", "/logged-models/" + model, {{"status", status}});
  }
  std::vector<std::string> Search(const std::string& filter, const Json& order_by = nullptr,
                                  const Json& datasets = nullptr) const {
    const MlflowReply found = Post("/logged-models/search", {{"experiment_ids", {"0"}},
                                                             {"filter", filter},
                                                             {"order_by", order_by},
                                                             {"datasets", datasets}});
    EXPECT_EQ(found.status, 200) << filter << ": " << found.body;
    std::vector<std::string> names;
    const Json page = found.json();
    for (const Json& model : page.value("models", Json::array())) {
      names.push_back(model["info"]["name"]);
    }
    return names;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::string run_;
};

TEST_F(MlflowLoggedModelsTest, AModelIsLoggedFinalizedAndRead) {
  const std::string id = NewModel("seg");
  ASSERT_EQ(id.size(), 34u);
  Json model = Get("/logged-models/" + id).json()["model"];
  EXPECT_EQ(model["info"]["status"], "LOGGED_MODEL_PENDING");
  EXPECT_EQ(model["info"]["source_run_id"], run_);
  EXPECT_EQ(model["info"]["model_type"], "clusterer");
  EXPECT_EQ(model["info"]["artifact_uri"], "mlflow-artifacts:/0/models/" + id + "/artifacts");
  EXPECT_EQ(model["info"]["tags"], (Json{{{"key", "team"}, {"value", "crm"}}}));
  EXPECT_EQ(model["data"]["params"], (Json{{{"key", "k"}, {"value", "4"}}}));

  EXPECT_EQ(PutFile(id, "MLmodel", "flavors").status, 200);
  EXPECT_EQ(Finalize(id, "LOGGED_MODEL_UPLOAD_FAILED").json()["model"]["info"]["status"],
            "LOGGED_MODEL_UPLOAD_FAILED");
  EXPECT_EQ(Finalize(id, 2).json()["model"]["info"]["status"], "LOGGED_MODEL_READY");
  EXPECT_EQ(Finalize(id, "LOGGED_MODEL_PENDING").code(), "INVALID_PARAMETER_VALUE");
  const Json files = Get("/logged-models/" + id + "/artifacts/directories").json();
  ASSERT_EQ(files["files"].size(), 1u);
  EXPECT_EQ(files["files"][0]["path"], "MLmodel");
  const MlflowReply file = Ask(
      server_.http_address(), "GET",
      "/ajax-api/2.0/mlflow/logged-models/" + id + "/artifacts/files?artifact_file_path=MLmodel",
      "", "");
  EXPECT_EQ(file.body, "flavors");
}

TEST_F(MlflowLoggedModelsTest, AModelIsInNoTableOfRuns) {
  NewModel("seg");
  const Json page = Post("/runs/search", {{"experiment_ids", {"0"}}}).json();
  ASSERT_EQ(page["runs"].size(), 1u);
  EXPECT_EQ(page["runs"][0]["info"]["run_id"], run_);
}

TEST_F(MlflowLoggedModelsTest, TagsAndParametersAreChangedAndTagsRemoved) {
  const std::string id = NewModel("seg");
  const std::string path = "/logged-models/" + id;
  EXPECT_EQ(Send("PATCH", path + "/tags", {{"tags", {{{"key", "a"}, {"value", "1"}}}}}).status,
            200);
  EXPECT_EQ(Post(path + "/params", {{"params", {{{"key", "p"}, {"value", "2"}}}}}).status, 200);
  EXPECT_THAT(Search("tags.a = '1' AND params.p = '2'"), ElementsAre("seg"));
  EXPECT_EQ(Send("DELETE", path + "/tags/a", Json::object()).status, 200);
  const MlflowReply again = Send("DELETE", path + "/tags/a", Json::object());
  EXPECT_EQ(again.code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_THAT(again.message(), HasSubstr("No tag with key 'a' found for model with ID '" + id));
}

TEST_F(MlflowLoggedModelsTest, MetricsOfARunMayBeOfAModelAndOfADataSet) {
  const std::string first = NewModel("first");
  const std::string second = NewModel("second");
  const auto log = [&](const std::string& model, double value, const Json& more) {
    Json metric = {{"run_id", run_},
                   {"key", "acc"},
                   {"value", value},
                   {"timestamp", 1000},
                   {"model_id", model}};
    metric.update(more);
    EXPECT_EQ(Post("/runs/log-metric", metric).status, 200);
  };
  const Json iris = {{"dataset_name", "iris"}, {"dataset_digest", "d1"}};
  log(first, 0.5, iris);
  log(second, 0.75, Json::object());
  const Json data = Get("/logged-models/" + first).json()["model"]["data"];
  ASSERT_EQ(data["metrics"].size(), 1u);
  EXPECT_EQ(data["metrics"][0]["dataset_name"], "iris");
  EXPECT_EQ(data["metrics"][0]["run_id"], run_);
  EXPECT_THAT(Search("metrics.acc > 0.4", {{{"field_name", "metrics.acc"}, {"ascending", false}}}),
              ElementsAre("second", "first"));
  EXPECT_THAT(Search("metrics.acc > 0.4", nullptr, Json::array({iris})), ElementsAre("first"));
  EXPECT_THAT(Search("metrics.acc > 0.4", nullptr, {{{"dataset_name", "iris"}}}), IsEmpty());
}

TEST_F(MlflowLoggedModelsTest, SearchesKnowAttributesAndRefuseOthers) {
  const std::string ready = NewModel("ready", "3");
  NewModel("pending", "5");
  Finalize(ready, "LOGGED_MODEL_READY");
  EXPECT_THAT(Search("status = 'LOGGED_MODEL_READY'"), ElementsAre("ready"));
  EXPECT_THAT(Search("name = 'pending' AND model_type = 'clusterer'"), ElementsAre("pending"));
  EXPECT_THAT(Search("model_id IN ('" + ready + "')"), ElementsAre("ready"));
  EXPECT_THAT(Search("source_run_id = '" + run_ + "' AND params.k = '5'"), ElementsAre("pending"));
  EXPECT_THAT(Search("", {{{"field_name", "name"}, {"ascending", true}}}),
              ElementsAre("pending", "ready"));
  for (const char* filter : {"artifact_uri = 'x'", "runs.k = '3'", "status > 'a'", "name = 3"}) {
    const MlflowReply refused =
        Post("/logged-models/search", {{"experiment_ids", {"0"}}, {"filter", filter}});
    EXPECT_EQ(refused.code(), "INVALID_PARAMETER_VALUE") << filter;
  }
  EXPECT_EQ(Post("/logged-models/search", Json::object()).code(), "INVALID_PARAMETER_VALUE");
}

TEST_F(MlflowLoggedModelsTest, AVersionComesFromAModelAndNamesItsRun) {
  const std::string id = NewModel("seg");
  ASSERT_EQ(PutFile(id, "MLmodel", "flavors").status, 200);
  Post("/registered-models/create", {{"name", "segments"}});
  const Json request = {
      {"name", "segments"}, {"source", "models:/" + id}, {"run_id", run_}, {"model_id", id}};
  const Json version = Post("/model-versions/create", request).json()["model_version"];
  EXPECT_EQ(version["run_id"], run_);
  EXPECT_EQ(version["source"], "models:/" + id);
  const Json tags = Get("/logged-models/" + id).json()["model"]["info"]["tags"];
  EXPECT_EQ(tags[0]["key"], "mlflow.modelVersions");
  EXPECT_EQ(Json::parse(tags[0]["value"].get<std::string>()),
            (Json{{{"name", "segments"}, {"version", "1"}}}));
  Json other = request;
  other["model_id"] = kNoModel;
  EXPECT_THAT(Post("/model-versions/create", other).message(), HasSubstr("The model_id request"));
}

TEST_F(MlflowLoggedModelsTest, RunsTellTheModelsTheyMadeAndRead) {
  const std::string id = NewModel("seg");
  EXPECT_EQ(Post("/runs/outputs", {{"run_id", run_}, {"models", {{{"model_id", id}, {"step", 7}}}}})
                .status,
            200);
  EXPECT_EQ(Post("/runs/log-inputs", {{"run_id", run_}, {"models", {{{"model_id", id}}}}}).status,
            200);
  const Json run = Get("/runs/get?run_id=" + run_).json()["run"];
  EXPECT_EQ(run["outputs"]["model_outputs"], (Json{{{"model_id", id}, {"step", 7}}}));
  EXPECT_EQ(run["inputs"]["model_inputs"], (Json{{{"model_id", id}}}));
  EXPECT_FALSE(run["data"].contains("tags") &&
               run["data"]["tags"].dump().find(id) != std::string::npos);
}

TEST_F(MlflowLoggedModelsTest, WhatIsNotThereIsNotFoundAndBadNamesAreRefused) {
  const std::string id = NewModel("seg");
  EXPECT_EQ(Send("DELETE", "/logged-models/" + id, Json::object()).status, 200);
  for (const std::string& gone : {id, std::string(kNoModel), std::string("m-1"), "m-" + run_}) {
    EXPECT_EQ(Get("/logged-models/" + gone).code(), "RESOURCE_DOES_NOT_EXIST") << gone;
    EXPECT_EQ(Finalize(gone, "LOGGED_MODEL_READY").code(), "RESOURCE_DOES_NOT_EXIST") << gone;
  }
  EXPECT_EQ(Get("/logged-models/" + id + "?allow_deleted=true").status, 200);
  EXPECT_THAT(Search(""), IsEmpty());
  for (const char* name : {"a/b", "a:b", "a.b", "a%b", "a'b"}) {
    EXPECT_EQ(Post("/logged-models", {{"experiment_id", "0"}, {"name", name}}).code(),
              "INVALID_PARAMETER_VALUE")
        << name;
  }
  EXPECT_EQ(Post("/logged-models", {{"experiment_id", "99"}}).code(), "RESOURCE_DOES_NOT_EXIST");
}

}  // namespace
}  // namespace cairn
