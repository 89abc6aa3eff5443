// Webhooks over real sockets: the routes of MLflow's clients, and a receiver that is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/hmac.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/receiver.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Receiver;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kSecret = "a secret of webhooks";
const std::vector<std::string> kOpen = {"--webhook-allow-http", "--webhook-allow-private"};

Json EventsOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json events = Json::array();
  for (const auto& [entity, action] : pairs) {
    events.push_back({{"entity", entity}, {"action", action}});
  }
  return events;
}

const Json kAllEvents = EventsOf({{"REGISTERED_MODEL", "CREATED"},
                                  {"MODEL_VERSION", "CREATED"},
                                  {"MODEL_VERSION_TAG", "SET"},
                                  {"MODEL_VERSION_TAG", "DELETED"},
                                  {"MODEL_VERSION_ALIAS", "CREATED"},
                                  {"MODEL_VERSION_ALIAS", "DELETED"}});

class WebhooksTest : public ::testing::Test {
 protected:
  explicit WebhooksTest(const std::vector<std::string>& flags = kOpen)
      : server_(folder_ / "store", flags) {}

  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  MlflowReply Send(const std::string& verb, const std::string& path, const Json& body) const {
    return Ask(server_.http_address(), verb, "/api/2.0/mlflow" + path,
               body.is_null() ? "" : body.dump());
  }
  MlflowReply Post(const std::string& path, const Json& body) const {
    return Send("POST", path, body);
  }
  MlflowReply Get(const std::string& path) const { return Send("GET", path, nullptr); }

  static Json Wanted(const std::string& url, const Json& events = kAllEvents) {
    return {{"name", "to-chat"}, {"url", url}, {"events", events}, {"secret", kSecret}};
  }
  static std::string UrlOf(const Receiver& receiver) {
    return fmt::format("http://127.0.0.1:{}/hook?a=b", receiver.port());
  }
  // The id of a webhook.
  std::string Make(const Json& wanted) const {
    const MlflowReply made = Post("/webhooks", wanted);
    EXPECT_EQ(made.status, 200) << made.body;
    return made.status == 200 ? made.json()["webhook"].value("webhook_id", "") : "";
  }
  // A call of Cairn's own API.
  Json Call(const std::string& method, const Json& request) const {
    const MlflowReply reply =
        Ask(server_.http_address(), "POST", "/cairn.v1." + method, request.dump());
    EXPECT_EQ(reply.status, 200) << method << ": " << reply.body;
    return reply.json();
  }
  // The id of a run that ended well, with a file below `model/`.
  std::string LogModel() const {
    const Json run = Call("TrackingService/CreateRun", {{"parent", "experiments/0"}});
    const Json digest = {{"sha256", Sha256Hex("bytes")}, {"sizeBytes", "5"}};
    Call("ArtifactService/BatchUpdateBlobs",
         {{"entries", {{{"digest", digest}, {"data", Base64UrlEncode("bytes")}}}}});
    Call("ArtifactService/LogArtifacts",
         {{"run", run["name"]}, {"files", {{{"path", "model/MLmodel"}, {"digest", digest}}}}});
    Call("TrackingService/FinishRun", {{"name", run["name"]}, {"state", "SUCCEEDED"}});
    return run.value("uid", "");
  }
  void CreateVersion(const std::string& name, const std::string& run,
                     const Json& tags = Json::array()) const {
    const MlflowReply made = Post(
        "/model-versions/create",
        {{"name", name}, {"source", "runs:/" + run + "/model"}, {"run_id", run}, {"tags", tags}});
    EXPECT_EQ(made.status, 200) << made.body;
  }
  void CreateModel(const std::string& name) const {
    EXPECT_EQ(Post("/registered-models/create", {{"name", name}}).status, 200);
  }

  const TempFolder folder_;
  ServerProcess server_;
};

void ExpectSigned(const Receiver::Received& message) {
  const std::string signed_text = fmt::format("{}.{}.{}", message.Header("X-MLflow-Delivery-Id"),
                                              message.Header("X-MLflow-Timestamp"), message.body);
  EXPECT_EQ(message.Header("X-MLflow-Signature"),
            "v1," + absl::Base64Escape(HmacSha256(kSecret, signed_text)));
}

// "entity.action" of each, in order.
std::vector<std::string> TopicsOf(const std::vector<Receiver::Received>& messages) {
  std::vector<std::string> topics;
  for (const auto& message : messages) {
    const Json body = Json::parse(message.body);
    topics.push_back(body.value("entity", "") + "." + body.value("action", ""));
  }
  return topics;
}

TEST_F(WebhooksTest, AReceiverIsToldOfTheRegistryInOrderAndSigned) {
  Receiver receiver;
  Make(Wanted(UrlOf(receiver)));
  const Json tags = {{{"key", "team"}, {"value", "a"}}};
  ASSERT_EQ(Post("/registered-models/create",
                 {{"name", "churn"}, {"description", "who \"leaves\""}, {"tags", tags}})
                .status,
            200);
  const std::string run = LogModel();
  CreateVersion("churn", run, tags);
  const Json tag = {{"name", "churn"}, {"version", "1"}, {"key", "seen"}, {"value", "yes"}};
  EXPECT_EQ(Post("/model-versions/set-tag", tag).status, 200);
  EXPECT_EQ(Send("DELETE", "/model-versions/delete-tag", tag).status, 200);
  const Json alias = {{"name", "churn"}, {"alias", "champion"}, {"version", "1"}};
  EXPECT_EQ(Post("/registered-models/alias", alias).status, 200);
  EXPECT_EQ(Send("DELETE", "/registered-models/alias", alias).status, 200);

  const auto told = receiver.Wait(6);
  ASSERT_THAT(TopicsOf(told),
              ::testing::ElementsAre("registered_model.created", "model_version.created",
                                     "model_version_tag.set", "model_version_tag.deleted",
                                     "model_version_alias.created", "model_version_alias.deleted"));
  for (const auto& message : told) ExpectSigned(message);
  EXPECT_THAT(told[0].head, HasSubstr("POST /hook?a=b HTTP/1.1"));
  EXPECT_EQ(told[0].Header("Content-Type"), "application/json");
  const auto data = [&told](size_t i) { return Json::parse(told[i].body)["data"]; };
  EXPECT_EQ(
      data(0),
      Json({{"name", "churn"}, {"description", "who \"leaves\""}, {"tags", {{"team", "a"}}}}));
  EXPECT_EQ(data(1), Json({{"name", "churn"},
                           {"version", "1"},
                           {"source", "runs:/" + run + "/model"},
                           {"run_id", run},
                           {"description", nullptr},
                           {"tags", {{"team", "a"}}}}));
  EXPECT_EQ(data(2), Json(tag));
  EXPECT_EQ(data(3), Json({{"name", "churn"}, {"version", "1"}, {"key", "seen"}}));
  EXPECT_EQ(data(4), Json(alias));
  EXPECT_EQ(data(5), Json({{"name", "churn"}, {"alias", "champion"}}));
}

TEST_F(WebhooksTest, PromptsAreToldAsPrompts) {
  Receiver receiver;
  const Json events = EventsOf({{"PROMPT", "CREATED"},
                                {"PROMPT_VERSION", "CREATED"},
                                {"PROMPT_VERSION_TAG", "SET"},
                                {"PROMPT_ALIAS", "CREATED"},
                                {"REGISTERED_MODEL", "CREATED"},
                                {"MODEL_VERSION", "CREATED"}});
  Make(Wanted(UrlOf(receiver), events));
  const Json mark = {{"key", "mlflow.prompt.is_prompt"}, {"value", "true"}};
  ASSERT_EQ(Post("/registered-models/create", {{"name", "hello"}, {"tags", {mark}}}).status, 200);
  const std::string text = "Hello {{name}}! " + std::string(20'000, 'x');
  const Json text_tag = {{"key", "mlflow.prompt.text"}, {"value", text}};
  ASSERT_EQ(Post("/model-versions/create",
                 {{"name", "hello"}, {"source", "dummy-source"}, {"tags", {mark, text_tag}}})
                .status,
            200);
  const Json tag = {{"name", "hello"}, {"version", "1"}, {"key", "tone"}, {"value", "kind"}};
  ASSERT_EQ(Post("/model-versions/set-tag", tag).status, 200);
  ASSERT_EQ(
      Post("/registered-models/alias", {{"name", "hello"}, {"alias", "live"}, {"version", "1"}})
          .status,
      200);
  const auto told = receiver.Wait(4);
  ASSERT_THAT(TopicsOf(told),
              ::testing::ElementsAre("prompt.created", "prompt_version.created",
                                     "prompt_version_tag.set", "prompt_alias.created"));
  EXPECT_EQ(Json::parse(told[1].body)["data"], Json({{"name", "hello"},
                                                     {"version", "1"},
                                                     {"template", text},
                                                     {"description", nullptr},
                                                     {"tags", Json::object()}}));
}

TEST_F(WebhooksTest, OnlyWhatIsWantedAndOnlyWhileActiveIsTold) {
  Receiver receiver;
  CreateModel("before");
  const std::string id = Make(Wanted(UrlOf(receiver), EventsOf({{"REGISTERED_MODEL", "CREATED"}})));
  CreateModel("first");
  ASSERT_EQ(receiver.Wait(1).size(), 1U);
  CreateVersion("first", LogModel());
  EXPECT_EQ(Send("PATCH", "/webhooks/" + id, {{"status", "DISABLED"}}).status, 200);
  CreateModel("unheard");
  EXPECT_EQ(Send("PATCH", "/webhooks/" + id, {{"status", "ACTIVE"}}).status, 200);
  CreateModel("second");
  const auto told = receiver.Wait(2);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(Json::parse(told[0].body)["data"]["name"], "first");
  EXPECT_EQ(Json::parse(told[1].body)["data"]["name"], "second");
}

TEST_F(WebhooksTest, WhatAKilledServerOwesComesAfterItsRestart) {
  int port = 0;
  std::string id;
  {
    Receiver receiver;
    port = receiver.port();
    id = Make(Wanted(UrlOf(receiver)));
    CreateModel("told");
    ASSERT_EQ(receiver.Wait(1).size(), 1U);
  }
  CreateModel("owed");
  CreateVersion("owed", LogModel());
  server_.Kill();
  ASSERT_TRUE(server_.Start());
  CreateModel("new");
  Receiver receiver(port);
  const auto told = receiver.Wait(3);
  // The last message before the kill may come twice; its id is then the same.
  std::vector<std::string> names;
  for (const auto& message : told) {
    ExpectSigned(message);
    EXPECT_THAT(message.Header("X-MLflow-Delivery-Id"), HasSubstr(id));
    const Json body = Json::parse(message.body);
    const std::string name = body["data"].value("name", "");
    if (name != "told") names.push_back(name + "." + body.value("entity", ""));
  }
  if (names.size() < told.size()) receiver.Wait(told.size() + 1);
  EXPECT_THAT(names, ::testing::ElementsAre("owed.registered_model", "owed.model_version",
                                            "new.registered_model"));
}

TEST_F(WebhooksTest, AFailureIsTriedAgainAndARefusalIsPassedOver) {
  Receiver receiver;
  Make(Wanted(UrlOf(receiver), EventsOf({{"REGISTERED_MODEL", "CREATED"}})));
  receiver.Answer("503 Service Unavailable\r\n");
  CreateModel("a");
  ASSERT_GE(receiver.Wait(1).size(), 1U);
  receiver.Answer("200 OK\r\n");
  const auto again = receiver.Wait(2);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].body, again[1].body);
  EXPECT_EQ(again[0].Header("X-MLflow-Delivery-Id"), again[1].Header("X-MLflow-Delivery-Id"));
  receiver.Answer("400 Bad Request\r\n");
  CreateModel("b");
  ASSERT_EQ(receiver.Wait(3).size(), 3U);
  receiver.Answer("200 OK\r\n");
  CreateModel("c");
  const auto told = receiver.Wait(4);
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(Json::parse(told[3].body)["data"]["name"], "c");
}

TEST_F(WebhooksTest, AnswersHaveNoSecretAndNoBodyOfTheReceiver) {
  Receiver receiver;
  const MlflowReply made = Post("/webhooks", Wanted(UrlOf(receiver)));
  const std::string path = "/webhooks/" + made.json()["webhook"].value("webhook_id", "");
  const MlflowReply tested = Post(path + "/test", Json::object());
  for (const MlflowReply& reply :
       {made, Get(path), Get("/webhooks"), Send("PATCH", path, {{"description", "x"}}), tested}) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.headers + reply.body, Not(HasSubstr("secret")));
  }
  EXPECT_EQ(tested.json()["result"], Json({{"success", true}, {"response_status", 200}}));
  ExpectSigned(receiver.Wait(1)[0]);
}

TEST_F(WebhooksTest, ATestSaysWhatFailedAndFollowsNoRedirection) {
  Receiver receiver;
  Receiver other;
  const std::string id = Make(Wanted(UrlOf(receiver)));
  receiver.Answer(fmt::format("302 Found\r\nLocation: {}\r\n", UrlOf(other)));
  const Json event = {{"event", {{"entity", "MODEL_VERSION_TAG"}, {"action", "DELETED"}}}};
  EXPECT_EQ(Post("/webhooks/" + id + "/test", event).json()["result"],
            Json({{"success", false}, {"response_status", 302}}));
  EXPECT_THAT(TopicsOf(receiver.Wait(1)), ::testing::ElementsAre("model_version_tag.deleted"));
  EXPECT_THAT(other.Wait(1, std::chrono::seconds(0)), IsEmpty());
  EXPECT_EQ(Send("PATCH", "/webhooks/" + id, {{"url", "http://127.0.0.1:1/"}}).status, 200);
  const Json failed = Post("/webhooks/" + id + "/test", Json::object()).json()["result"];
  EXPECT_EQ(failed.value("success", true), false);
  EXPECT_THAT(failed.value("error_message", ""), HasSubstr("127.0.0.1:1 cannot be reached"));
}

TEST_F(WebhooksTest, ListsArePagedAndWhatIsGoneIsNotFound) {
  const Json wanted = Wanted("https://example.org/");
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(Make(wanted));
  std::vector<std::string> listed;
  std::string token;
  do {
    const Json page = Get("/webhooks?max_results=2&page_token=" + token).json();
    for (const Json& webhook : page["webhooks"]) listed.push_back(webhook["webhook_id"]);
    token = page.value("next_page_token", "");
  } while (!token.empty());
  EXPECT_THAT(listed, ::testing::UnorderedElementsAreArray(ids));
  EXPECT_EQ(Send("DELETE", "/webhooks/" + ids[0], nullptr).status, 200);
  EXPECT_EQ(Get("/webhooks/" + ids[0]).code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(Post("/webhooks/" + ids[0] + "/test", Json::object()).status, 404);
  EXPECT_EQ(
      Ask(server_.http_address(), "GET", "/ajax-api/2.0/mlflow/webhooks/" + ids[1], "").status,
      200);
}

TEST_F(WebhooksTest, WhatIsWrongIsRefusedWithItsField) {
  Json wanted = Wanted("https://example.org/");
  for (const auto& [field, value] : std::vector<std::pair<std::string, Json>>{
           {"name", "-a"},
           {"name", ""},
           {"url", "file:///etc/passwd"},
           {"url", "https://a:b@example.org/"},
           {"events", Json::array()},
           {"events", EventsOf({{"REGISTERED_MODEL", "SET"}})},
           {"events", EventsOf({{"PROMPT_TAG", "SET"}})},
           {"status", "ASLEEP"}}) {
    Json bad = wanted;
    bad[field] = value;
    const MlflowReply refused = Post("/webhooks", bad);
    EXPECT_EQ(refused.code(), "INVALID_PARAMETER_VALUE") << refused.body;
    EXPECT_THAT(refused.message(), HasSubstr(field));
  }
}

class ClosedWebhooksTest : public WebhooksTest {
 protected:
  ClosedWebhooksTest() : WebhooksTest(std::vector<std::string>()) {}
};

TEST_F(ClosedWebhooksTest, PlainAndPrivateReceiversAreRefused) {
  for (const char* url :
       {"http://example.org/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/x",
        "https://169.254.169.254/latest", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/", "https://127.1/", "https://2130706433/"}) {
    const MlflowReply refused = Post("/webhooks", Wanted(url));
    EXPECT_EQ(refused.status, 400) << url;
    EXPECT_EQ(refused.code(), "INVALID_PARAMETER_VALUE") << url;
    EXPECT_THAT(refused.message(), HasSubstr("url")) << url;
  }
}

// What was allowed when it was made is not sent to by a server that allows it no more.
TEST_F(WebhooksTest, EachMessageIsCheckedAgain) {
  Receiver receiver;
  const std::string id = Make(Wanted(UrlOf(receiver)));
  server_.Stop();
  ServerProcess closed(folder_ / "store");
  ASSERT_TRUE(closed.Start());
  const MlflowReply tested =
      Ask(closed.http_address(), "POST", "/api/2.0/mlflow/webhooks/" + id + "/test", "{}");
  EXPECT_EQ(tested.json()["result"].value("success", true), false) << tested.body;
  EXPECT_THAT(tested.body, HasSubstr("--webhook-allow"));
  EXPECT_EQ(Ask(closed.http_address(), "POST", "/api/2.0/mlflow/registered-models/create",
                R"({"name":"m"})")
                .status,
            200);
  EXPECT_THAT(receiver.Wait(1, std::chrono::seconds(2)), IsEmpty());
}

}  // namespace
}  // namespace cairn
