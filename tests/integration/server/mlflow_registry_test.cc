// The registry as MLflow's clients see it, over HTTP to the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

class MlflowRegistryTest : public ::testing::Test {
 protected:
  MlflowRegistryTest() : server_(folder_ / "store") {}

  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  MlflowReply SendTo(const std::string& verb, const std::string& target,
                     const std::string& body) const {
    return Ask(server_.http_address(), verb, target, body);
  }
  MlflowReply Send(const std::string& verb, const std::string& path, const Json& body) const {
    return SendTo(verb, "/api/2.0/mlflow" + path, body.dump());
  }
  MlflowReply Post(const std::string& path, const Json& body) const {
    return Send("POST", path, body);
  }
  MlflowReply Get(const std::string& path) const {
    return SendTo("GET", "/api/2.0/mlflow" + path, "");
  }
  // A call of Cairn's own API.
  Json Call(const std::string& method, const Json& request) const {
    const MlflowReply reply = SendTo("POST", "/cairn.v1." + method, request.dump());
    EXPECT_EQ(reply.status, 200) << method << ": " << reply.body;
    return reply.json();
  }

  // A run that ended well, with a model below `model/`, and the parameter that the policy asks for.
  std::string LogModel(const std::string& k) const {
    const Json run = Call("TrackingService/CreateRun",
                          {{"parent", "experiments/0"}, {"run", {{"params", {{"k", k}}}}}});
    const std::string bytes = "model of " + k;
    const Json digest = {{"sha256", Sha256Hex(bytes)}, {"sizeBytes", std::to_string(bytes.size())}};
    Call("ArtifactService/BatchUpdateBlobs",
         {{"entries", {{{"digest", digest}, {"data", Base64UrlEncode(bytes)}}}}});
    Call("ArtifactService/LogArtifacts", {{"run", run["name"]},
                                          {"files",
                                           {{{"path", "model/MLmodel"}, {"digest", digest}},
                                            {{"path", "model/data/model.bin"}, {"digest", digest}},
                                            {{"path", "other.txt"}, {"digest", digest}}}}});
    Call("TrackingService/FinishRun", {{"name", run["name"]}, {"state", "SUCCEEDED"}});
    return run.value("uid", "");
  }

  // The number of a new version of a model, from a run with this parameter.
  std::string Register(const std::string& name, const std::string& k) const {
    const MlflowReply made = Post("/model-versions/create",
                                  {{"name", name}, {"source", "runs:/" + LogModel(k) + "/model"}});
    EXPECT_EQ(made.status, 200) << made.body;
    return made.status == 200 ? made.json()["model_version"].value("version", "") : "";
  }

  std::string StageOf(const std::string& name, const std::string& version) const {
    return Get("/model-versions/get?name=" + name + "&version=" + version)
        .json()["model_version"]
        .value("current_stage", "");
  }
  MlflowReply Move(const std::string& name, const std::string& version, const std::string& stage,
                   bool archive = false) const {
    return Post("/model-versions/transition-stage", {{"name", name},
                                                     {"version", version},
                                                     {"stage", stage},
                                                     {"archive_existing_versions", archive}});
  }
  MlflowReply SetAlias(const std::string& name, const std::string& alias,
                       const std::string& version) const {
    return Post("/registered-models/alias",
                {{"name", name}, {"alias", alias}, {"version", version}});
  }

  // A policy that lets versions with 3 to 8 clusters in.
  void Govern(const std::string& model, const std::string& channel) const {
    Call("PromotionService/ApplyPolicy",
         {{"source", "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: " + channel +
                         "-policy}\nspec:\n  target: {model: " + model + ", channel: " + channel +
                         "}\n  evidence: {trust: reported}\n  gates:\n    - {id: business-k, "
                         "param: k, pass: '3..8'}\n"
                         "  choose: {order: [{field: version, direction: higher}]}\n"}});
  }

  const TempFolder folder_;
  ServerProcess server_;
};

TEST_F(MlflowRegistryTest, AWalkFromAModelToItsEnd) {
  const MlflowReply made =
      Post("/registered-models/create", {{"name", "churn"},
                                         {"description", "who leaves"},
                                         {"tags", {{{"key", "a"}, {"value", "b"}}}}});
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["registered_model"]["name"], "churn");
  EXPECT_EQ(Post("/registered-models/create", {{"name", "churn"}}).code(),
            "RESOURCE_ALREADY_EXISTS");

  const std::string run = LogModel("4");
  const std::string source = "mlflow-artifacts:/0/" + run + "/artifacts/model";
  const MlflowReply first = Post("/model-versions/create", {{"name", "churn"},
                                                            {"source", source},
                                                            {"run_id", run},
                                                            {"description", "first"},
                                                            {"run_link", "http://x"}});
  ASSERT_EQ(first.status, 200) << first.body;
  const Json version = first.json()["model_version"];
  ASSERT_TRUE(version.is_object()) << first.body;
  EXPECT_EQ(version["version"], "1");
  EXPECT_EQ(version["status"], "READY");
  EXPECT_EQ(version["source"], source);
  EXPECT_EQ(version["run_id"], run);
  EXPECT_EQ(version["run_link"], "http://x");
  EXPECT_EQ(version["current_stage"], "None");
  const Json stored =
      Call("RegistryService/GetModelVersion", {{"name", "models/churn/versions/1"}});
  ASSERT_EQ(stored["files"].size(), 2u);
  EXPECT_EQ(stored["files"][0]["path"], "MLmodel");
  EXPECT_EQ(stored["files"][1]["path"], "data/model.bin");
  EXPECT_EQ(Get("/model-versions/get-download-uri?name=churn&version=1").json()["artifact_uri"],
            source);

  EXPECT_EQ(SetAlias("churn", "best", "1").body, "{}");
  const Json by_alias = Get("/registered-models/alias?name=churn&alias=best").json();
  EXPECT_EQ(by_alias["model_version"]["version"], "1");
  EXPECT_EQ(by_alias["model_version"]["aliases"], Json({"best"}));
  EXPECT_EQ(
      Get("/registered-models/alias?name=churn&alias=Latest").json()["model_version"]["version"],
      "1");
  const Json model = Get("/registered-models/get?name=churn").json()["registered_model"];
  EXPECT_EQ(model["description"], "who leaves");
  EXPECT_EQ(model["aliases"], (Json{{{"alias", "best"}, {"version", "1"}}}));
  EXPECT_FALSE(model["latest_versions"][0].contains("aliases"));

  EXPECT_EQ(Move("churn", "1", "staging").json()["model_version"]["current_stage"], "Staging");
  const Json latest =
      Post("/registered-models/get-latest-versions", {{"name", "churn"}, {"stages", {"Staging"}}})
          .json();
  EXPECT_EQ(latest["model_versions"][0]["version"], "1");
  EXPECT_EQ(Get("/registered-models/get-latest-versions?name=churn&stages=Production").body, "{}");

  EXPECT_EQ(Send("DELETE", "/model-versions/delete", {{"name", "churn"}, {"version", "1"}}).body,
            "{}");
  EXPECT_EQ(Get("/model-versions/get?name=churn&version=1").status, 404);
  EXPECT_EQ(Get("/registered-models/alias?name=churn&alias=best").code(),
            "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(Register("churn", "5"), "2");  // numbers are not given again
  const MlflowReply kept = Send("DELETE", "/registered-models/delete", {{"name", "churn"}});
  EXPECT_EQ(kept.code(), "INVALID_PARAMETER_VALUE");
  Post("/registered-models/create", {{"name", "empty"}});
  EXPECT_EQ(Send("DELETE", "/registered-models/delete", {{"name", "empty"}}).body, "{}");
  EXPECT_EQ(Get("/registered-models/get?name=empty").status, 404);
}

TEST_F(MlflowRegistryTest, DescriptionsAndTagsChange) {
  Post("/registered-models/create", {{"name", "m"}});
  Register("m", "4");
  EXPECT_EQ(Send("PATCH", "/registered-models/update", {{"name", "m"}, {"description", "d"}})
                .json()["registered_model"]["description"],
            "d");
  EXPECT_EQ(Send("PATCH", "/model-versions/update",
                 {{"name", "m"}, {"version", "1"}, {"description", "e"}})
                .json()["model_version"]["description"],
            "e");
  EXPECT_EQ(
      Post("/registered-models/set-tag", {{"name", "m"}, {"key", "a.b"}, {"value", "1"}}).body,
      "{}");
  const Json tag = {{"name", "m"}, {"version", "1"}, {"key", "t"}, {"value", "2"}};
  EXPECT_EQ(Post("/model-versions/set-tag", tag).body, "{}");
  EXPECT_EQ(Get("/registered-models/get?name=m").json()["registered_model"]["tags"],
            (Json{{{"key", "a.b"}, {"value", "1"}}}));
  EXPECT_EQ(Get("/model-versions/get?name=m&version=1").json()["model_version"]["tags"],
            (Json{{{"key", "t"}, {"value", "2"}}}));
  for (int i = 0; i < 2; ++i) {  // one that is not there is gone already
    EXPECT_EQ(Send("DELETE", "/model-versions/delete-tag", tag).body, "{}");
    EXPECT_EQ(Send("DELETE", "/registered-models/delete-tag", {{"name", "m"}, {"key", "a.b"}}).body,
              "{}");
  }
  EXPECT_FALSE(Get("/registered-models/get?name=m").json()["registered_model"].contains("tags"));
  EXPECT_EQ(
      Post("/model-versions/set-tag",
           {{"name", "m"}, {"version", "1"}, {"key", "mlflow.stage"}, {"value", "Production"}})
          .code(),
      "INVALID_PARAMETER_VALUE");
}

TEST_F(MlflowRegistryTest, ACopyKeepsItsSourceAndLeadsToTheOriginal) {
  Post("/registered-models/create", {{"name", "a"}});
  Post("/registered-models/create", {{"name", "b"}});
  Register("a", "4");
  const std::string original =
      Get("/model-versions/get-download-uri?name=a&version=1").json()["artifact_uri"];
  const MlflowReply copied =
      Post("/model-versions/create",
           {{"name", "b"}, {"source", "models:/a/1"}, {"tags", {{{"key", "k"}, {"value", "v"}}}}});
  ASSERT_EQ(copied.status, 200) << copied.body;
  EXPECT_EQ(copied.json()["model_version"]["source"], "models:/a/1");
  EXPECT_EQ(copied.json()["model_version"]["tags"].size(), 1u);
  EXPECT_EQ(Get("/model-versions/get-download-uri?name=b&version=1").json()["artifact_uri"],
            original);
  EXPECT_EQ(Post("/model-versions/create", {{"name", "b"}, {"source", "models:/a/9"}}).code(),
            "RESOURCE_DOES_NOT_EXIST");
}

TEST_F(MlflowRegistryTest, APromptIsItsTextAndNoModel) {
  const Json tag = {{"key", "mlflow.prompt.is_prompt"}, {"value", "true"}};
  ASSERT_EQ(Post("/registered-models/create", {{"name", "hello"}, {"tags", {tag}}}).status, 200);
  const std::string text = "Hello {{name}}! " + std::string(30'000, 'x');
  Json version = {{"name", "hello"},
                  {"source", "dummy-source"},
                  {"tags", {tag, {{"key", "mlflow.prompt.text"}, {"value", text}}}}};
  const MlflowReply made = Post("/model-versions/create", version);
  ASSERT_EQ(made.status, 200) << made.body;
  const Json shown = Get("/model-versions/get?name=hello&version=1").json()["model_version"];
  EXPECT_EQ(shown["tags"], version["tags"]);
  const Json stored =
      Call("RegistryService/GetModelVersion", {{"name", "models/hello/versions/1"}});
  ASSERT_EQ(stored["files"].size(), 1u);
  EXPECT_EQ(stored["files"][0]["path"], "prompt.txt");
  EXPECT_EQ(stored["files"][0]["digest"]["sha256"], Sha256Hex(text));
  EXPECT_EQ(Get("/registered-models/search").body.find("hello"), std::string::npos);
  // The tag opens no way to what is elsewhere.
  for (const std::string source : {"/etc/passwd", "file:///etc", "s3://x/y", "dummy-source/.."}) {
    version["source"] = source;
    const MlflowReply refused = Post("/model-versions/create", version);
    EXPECT_EQ(refused.code(), "INVALID_PARAMETER_VALUE") << source;
    EXPECT_THAT(refused.message(), HasSubstr("Prompt sources must use an MLflow placeholder"));
  }
  EXPECT_EQ(Get("/model-versions/get?name=hello&version=2").code(), "RESOURCE_DOES_NOT_EXIST");
}

TEST_F(MlflowRegistryTest, SearchesAndPages) {
  for (const char* name : {"one", "two", "three"}) {
    Post("/registered-models/create", {{"name", name}});
    Register(name, "4");
  }
  SetAlias("one", "best", "1");
  const Json page = Get("/registered-models/search?max_results=2&order_by=name%20DESC").json();
  EXPECT_THAT((std::vector<std::string>{page["registered_models"][0]["name"],
                                        page["registered_models"][1]["name"]}),
              ElementsAre("two", "three"));
  const std::string token = page["next_page_token"];
  const Json rest =
      Get("/registered-models/search?max_results=2&order_by=name%20DESC&page_token=" + token)
          .json();
  EXPECT_EQ(rest["registered_models"].size(), 1u);
  EXPECT_FALSE(rest.contains("next_page_token"));
  EXPECT_EQ(Get("/registered-models/search?page_token=" + token).code(), "INVALID_PARAMETER_VALUE");
  const Json found =
      Get("/model-versions/search?filter=name%3D%27one%27%20AND%20version_number%3D1").json();
  ASSERT_EQ(found["model_versions"].size(), 1u);
  EXPECT_FALSE(found["model_versions"][0].contains("aliases"));
  EXPECT_EQ(Get("/model-versions/search").json()["model_versions"].size(), 3u);
  EXPECT_EQ(Get("/model-versions/search?filter=name%3D%27nobody%27").body, "{}");
  EXPECT_THAT(Get("/registered-models/search?max_results=123456789").message(),
              HasSubstr("Invalid value 123456789 for parameter 'max_results' supplied"));
}

TEST_F(MlflowRegistryTest, AStageOfAGovernedChannelIsReachedByADecision) {
  Post("/registered-models/create", {{"name", "churn"}});
  Govern("churn", "production");
  const std::string good = Register("churn", "4");
  const std::string bad = Register("churn", "12");

  const MlflowReply refused = Move("churn", bad, "Production");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(refused.message(), HasSubstr("business-k"));
  EXPECT_THAT(refused.message(), HasSubstr(" /models/churn/channels/production/decisions/"));
  const size_t at = refused.message().find("/models/churn/channels/");
  EXPECT_EQ(
      Call("PromotionService/GetDecision", {{"name", refused.message().substr(at + 1)}})["outcome"],
      "REFUSED");
  EXPECT_EQ(StageOf("churn", bad), "None");

  EXPECT_EQ(Move("churn", good, "Production").json()["model_version"]["current_stage"],
            "Production");
  const std::string channel = "models/churn/channels/production";
  EXPECT_EQ(Call("RegistryService/GetChannel", {{"name", channel}})["version"],
            "models/churn/versions/" + good);
  // What is served leaves by a decision only.
  EXPECT_EQ(Move("churn", good, "Archived").code(), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(Move("churn", good, "None").code(), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(Send("DELETE", "/model-versions/delete", {{"name", "churn"}, {"version", good}}).code(),
            "INVALID_PARAMETER_VALUE");

  const std::string better = Register("churn", "5");
  EXPECT_EQ(Move("churn", better, "Production", /*archive=*/true).status, 200);
  EXPECT_EQ(StageOf("churn", better), "Production");
  EXPECT_EQ(StageOf("churn", good), "Archived");
  EXPECT_EQ(Move("churn", bad, "None", /*archive=*/true).code(), "INVALID_PARAMETER_VALUE");
}

TEST_F(MlflowRegistryTest, AnAliasNamedLikeAGovernedChannelIsSetByADecision) {
  Post("/registered-models/create", {{"name", "churn"}});
  Govern("churn", "champion");
  const std::string good = Register("churn", "4");
  const std::string bad = Register("churn", "12");
  EXPECT_THAT(SetAlias("churn", "champion", bad).message(), HasSubstr("business-k"));
  EXPECT_EQ(Get("/registered-models/alias?name=churn&alias=champion").status, 400);
  EXPECT_EQ(SetAlias("churn", "champion", good).body, "{}");
  EXPECT_EQ(
      Call("RegistryService/GetChannel", {{"name", "models/churn/channels/champion"}})["version"],
      "models/churn/versions/" + good);
  EXPECT_EQ(SetAlias("churn", "challenger", bad).body, "{}");  // no channel of that name
  // Served once, so it stays; and so do its aliases.
  const Json gone = {{"name", "churn"}, {"version", good}};
  EXPECT_EQ(Send("DELETE", "/model-versions/delete", gone).status, 400);
  EXPECT_EQ(Get("/registered-models/alias?name=churn&alias=champion").status, 200);
}

TEST_F(MlflowRegistryTest, MistakesHaveTheTextsThatClientsKnow) {
  Post("/registered-models/create", {{"name", "m"}});
  Register("m", "4");
  const MlflowReply model = Get("/registered-models/get?name=X");
  EXPECT_EQ(model.status, 404);
  EXPECT_EQ(model.code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(model.message(), "Registered Model with name=X not found");
  EXPECT_THAT(Get("/model-versions/get?name=m&version=9").message(),
              HasSubstr("Model Version (name=m, version=9) not found"));
  EXPECT_THAT(Get("/model-versions/get?name=m&version=x").message(),
              HasSubstr("Parameter 'version' must be an integer"));
  EXPECT_THAT(
      Post("/model-versions/set-tag", {{"name", "m"}, {"version", 1}, {"key", "k"}, {"value", "v"}})
          .message(),
      HasSubstr("Invalid value 1 for parameter 'version' supplied"));
  EXPECT_EQ(Get("/registered-models/alias?name=m&alias=none").status, 400);
  EXPECT_EQ(Get("/registered-models/alias?name=m&alias=none").message(),
            "Registered model alias none not found.");
  EXPECT_EQ(SetAlias("m", "v1", "1").code(), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(SetAlias("m", "Latest", "1").code(), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(SetAlias("m", "a", "7").code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(SetAlias("X", "a", "1").code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(Send("DELETE", "/registered-models/alias", {{"name", "m"}, {"alias", "none"}}).body,
            "{}");
  EXPECT_EQ(Move("m", "1", "Prod").code(), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(Post("/model-versions/create", {{"name", "X"}, {"source", "models:/m/1"}}).code(),
            "RESOURCE_DOES_NOT_EXIST");
  EXPECT_THAT(Post("/model-versions/create", {{"name", "m"}, {"source", "/tmp/m"}}).message(),
              HasSubstr("To use a local path as a model version"));
  EXPECT_EQ(Post("/model-versions/create",
                 {{"name", "m"}, {"source", "runs:/" + LogModel("4") + "/nothing"}})
                .code(),
            "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(Post("/registered-models/rename", {{"name", "m"}, {"new_name", "n"}}).status, 501);
  EXPECT_EQ(Post("/registered-models/rename", {{"name", "m"}, {"new_name", "m"}}).status, 200);
}

}  // namespace
}  // namespace cairn
