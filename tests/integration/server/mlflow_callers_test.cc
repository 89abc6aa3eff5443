// Who may what over MLflow's routes, when the server asks for tokens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kMlflowApi = "/api/2.0/mlflow";

std::string FileOf(const std::string& run) {
  return fmt::format("/api/2.0/mlflow-artifacts/artifacts/0/{}/artifacts/a.txt", run);
}

std::string PresignedOf(const std::string& run) {
  return fmt::format("/api/2.0/mlflow-artifacts/presigned/0/{}/artifacts/a.txt", run);
}

class MlflowCallersTest : public ::testing::Test {
 protected:
  MlflowCallersTest() : server_(folder_ / "store", {"--auth"}) {
    const ProgramResult made = testing::RunProgram(
        {testing::ProgramPath("cairnd"), "init", "--data-dir", folder_ / "store"});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    const size_t last = made.output.rfind('\n', made.output.size() - 2);
    admin_ = Bearer(made.output.substr(last + 1, made.output.size() - last - 2));
    EXPECT_TRUE(server_.Start());
  }

  static std::string Bearer(const std::string& token) { return "Bearer " + token; }
  // What a client sends for MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
  static std::string Basic(const std::string& token) {
    return "Basic " + Base64UrlEncode("anybody:" + token);
  }

  MlflowReply Send(const std::string& verb, const std::string& target, const std::string& caller,
                   const std::string& body = "") const {
    const std::string who = caller.empty() ? "" : fmt::format("Authorization: {}\r\n", caller);
    return Ask(server_.http_address(), verb, target, body,
               who + "Content-Type: application/json\r\n");
  }
  MlflowReply Post(const std::string& path, const std::string& caller, const Json& body) const {
    return Send("POST", kMlflowApi + path, caller, body.dump());
  }
  MlflowReply Get(const std::string& path, const std::string& caller) const {
    return Send("GET", kMlflowApi + path, caller);
  }

  // A token of a new principal with a role at a resource.
  std::string TokenWith(const std::string& principal, const std::string& role,
                        const std::string& resource) const {
    const MlflowReply made = Send("POST", "/cairn.v1.AuthService/CreateToken", admin_,
                                  Json{{"token", {{"principal", principal}}}}.dump());
    EXPECT_EQ(made.status, 200) << made.body;
    const Json binding = {
        {"member", "principal:" + principal}, {"role", role}, {"resource", resource}};
    const MlflowReply bound = Send("POST", "/cairn.v1.AuthService/SetRoleBinding", admin_,
                                   Json{{"roleBinding", binding}}.dump());
    EXPECT_EQ(bound.status, 200) << bound.body;
    return made.json().value("text", "");
  }

  // Revokes all tokens of a principal.
  void RevokeTokensOf(const std::string& principal) const {
    const Json tokens =
        Send("POST", "/cairn.v1.AuthService/ListTokens", admin_, "{}").json()["tokens"];
    for (const Json& token : tokens) {
      if (token["principal"] != principal) continue;
      const MlflowReply revoked = Send("POST", "/cairn.v1.AuthService/RevokeToken", admin_,
                                       Json{{"name", token["name"]}}.dump());
      EXPECT_EQ(revoked.status, 200) << revoked.body;
    }
  }
  // The binding of TokenWith.
  void UnbindAll(const std::string& principal) const {
    const Json bindings =
        Send("POST", "/cairn.v1.AuthService/ListRoleBindings", admin_, "{}").json()["roleBindings"];
    for (const Json& binding : bindings) {
      if (binding["member"] != "principal:" + principal) continue;
      const MlflowReply gone = Send("POST", "/cairn.v1.AuthService/DeleteRoleBinding", admin_,
                                    Json{{"name", binding["name"]}}.dump());
      EXPECT_EQ(gone.status, 200) << gone.body;
    }
  }
  // What a presigned URL that a caller asked for has behind the server's address; or "".
  std::string SignedFor(const std::string& caller, const std::string& run) const {
    const MlflowReply made = Send("GET", PresignedOf(run), caller);
    const std::string url = made.json().value("url", "");
    const size_t path = url.find("/api/");
    return path == std::string::npos ? "" : url.substr(path);
  }

  std::string NewExperiment(const std::string& name) const {
    return Post("/experiments/create", admin_, {{"name", name}}).json()["experiment_id"];
  }
  std::string NewRun(const std::string& experiment) const {
    const MlflowReply made = Post("/runs/create", admin_, {{"experiment_id", experiment}});
    EXPECT_EQ(made.status, 200) << made.body;
    const Json answer = made.json();
    return answer["run"]["info"]["run_id"];
  }

  const TempFolder folder_;
  ServerProcess server_;
  std::string admin_;
};

TEST_F(MlflowCallersTest, EveryKindOfRouteAsksForAToken) {
  const std::string run = NewRun("0");
  const std::string file = FileOf(run);
  const std::vector<std::pair<std::string, std::string>> routes = {
      {"POST", std::string(kMlflowApi) + "/experiments/search"},
      {"GET", std::string(kMlflowApi) + "/experiments/get?experiment_id=0"},
      {"POST", std::string(kMlflowApi) + "/runs/create"},
      {"POST", std::string(kMlflowApi) + "/runs/log-batch"},
      {"PATCH", std::string(kMlflowApi) + "/registered-models/update"},
      {"DELETE", std::string(kMlflowApi) + "/registered-models/alias"},
      {"GET", "/ajax-api/2.0/mlflow/runs/get?run_id=" + run},
      {"GET", std::string(kMlflowApi) + "/artifacts/list?run_id=" + run},
      {"GET", "/get-artifact?path=a.txt&run_id=" + run},
      {"PUT", file},
      {"GET", file},
      {"DELETE", file},
      {"GET", PresignedOf(run)},
  };
  for (const auto& [verb, target] : routes) {
    for (const std::string& caller : {std::string(), Bearer("cairn_00000000_wrong"),
                                      Basic("cairn_00000000_wrong"), std::string("Digest x")}) {
      const MlflowReply answer = Send(verb, target, caller, "{}");
      EXPECT_EQ(answer.status, 401) << verb << ' ' << target << ' ' << caller;
      EXPECT_EQ(answer.code(), "UNAUTHENTICATED") << answer.body;
      EXPECT_THAT(answer.headers, HasSubstr("WWW-Authenticate:")) << target;
    }
  }
}

TEST_F(MlflowCallersTest, AReaderReadsAndWritesNothing) {
  const std::string run = NewRun("0");
  const std::string token = TokenWith("reader", "READER", "*");
  const std::string file = FileOf(run);
  for (const std::string& reader : {Bearer(token), Basic(token)}) {
    EXPECT_EQ(Get("/runs/get?run_id=" + run, reader).status, 200);
    EXPECT_EQ(Post("/runs/search", reader, {{"experiment_ids", {"0"}}}).status, 200);
    for (const MlflowReply& refused :
         {Post("/runs/create", reader, {{"experiment_id", "0"}}),
          Post("/runs/log-metric", reader,
               {{"run_id", run}, {"key", "m"}, {"value", 1}, {"timestamp", 1}}),
          Post("/runs/set-tag", reader, {{"run_id", run}, {"key", "t"}, {"value", "v"}}),
          Post("/runs/delete", reader, {{"run_id", run}}),
          Post("/experiments/create", reader, {{"name", "mine"}}),
          Post("/registered-models/create", reader, {{"name", "mine"}}),
          Send("PUT", file, reader, "bytes"), Send("DELETE", file, reader)}) {
      EXPECT_EQ(refused.status, 403) << refused.body;
      EXPECT_EQ(refused.code(), "PERMISSION_DENIED") << refused.body;
    }
  }
  const Json after = Get("/runs/get?run_id=" + run, admin_).json();
  EXPECT_FALSE(after["run"]["data"].contains("metrics")) << after;
  EXPECT_EQ(Send("GET", file, admin_).status, 404);
}

TEST_F(MlflowCallersTest, WebhooksAreForAdministrators) {
  const std::string wide = Bearer(TokenWith("ann", "APPROVER", "*"));
  const Json wanted = {{"name", "a"},
                       {"url", "https://example.org/"},
                       {"events", {{{"entity", "MODEL_VERSION"}, {"action", "CREATED"}}}}};
  const MlflowReply made = Post("/webhooks", admin_, wanted);
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string path =
      std::string("/webhooks/") + made.json()["webhook"].value("webhook_id", "");
  const auto all = [&](const std::string& caller) {
    return std::vector<int>{Post("/webhooks", caller, wanted).status,
                            Get("/webhooks", caller).status,
                            Get(path, caller).status,
                            Send("PATCH", kMlflowApi + path, caller, "{}").status,
                            Post(path + "/test", caller, Json::object()).status,
                            Send("DELETE", kMlflowApi + path, caller).status};
  };
  EXPECT_THAT(all(wide), ::testing::Each(403));
  EXPECT_THAT(all(""), ::testing::Each(401));
  EXPECT_EQ(Get(path, admin_).status, 200);
}

TEST_F(MlflowCallersTest, WhatOneMayNotReadIsNotTold) {
  const std::string own = NewExperiment("own");
  const std::string secret = NewExperiment("secret-project");
  const std::string own_run = NewRun(own);
  const std::string secret_run = NewRun(secret);
  const std::string caller = Bearer(TokenWith("guest", "LOGGER", "experiments/" + own));
  const MlflowReply found = Post("/experiments/search", caller, {{"max_results", 100}});
  EXPECT_EQ(found.status, 200) << found.body;
  EXPECT_THAT(found.body, HasSubstr("own"));
  EXPECT_EQ(Get("/runs/get?run_id=" + own_run, caller).status, 200);
  const MlflowReply runs = Post("/runs/search", caller, {{"experiment_ids", {own, secret}}});
  const MlflowReply none = Get("/runs/get?run_id=" + std::string(32, 'a'), caller);
  const MlflowReply hidden = Get("/runs/get?run_id=" + secret_run, caller);
  EXPECT_EQ(hidden.status, none.status);
  EXPECT_EQ(hidden.code(), none.code());
  for (const MlflowReply& answer :
       {found, runs, hidden, Get("/experiments/get?experiment_id=" + secret, caller),
        Get("/experiments/get-by-name?experiment_name=secret-project", caller),
        Send("GET", "/get-artifact?path=a&run_id=" + secret_run, caller)}) {
    EXPECT_THAT(answer.body, Not(HasSubstr("\"secret-project\""))) << answer.status;
    EXPECT_THAT(answer.body, Not(HasSubstr("/" + secret_run))) << answer.status;
  }
  const MlflowReply logged =
      Post("/runs/set-tag", caller, {{"run_id", secret_run}, {"key", "t"}, {"value", "v"}});
  EXPECT_EQ(logged.status, none.status) << logged.body;
}

TEST_F(MlflowCallersTest, APresignedUrlNeedsNoTokenAndGoesWithIt) {
  const std::string run = NewRun("0");
  ASSERT_EQ(Send("PUT", FileOf(run), admin_, "bytes").status, 200);
  const std::string target = SignedFor(Bearer(TokenWith("reader", "READER", "*")), run);
  ASSERT_NE(target, "");
  EXPECT_EQ(Send("GET", target, "").body, "bytes");
  // What else a request says of its caller is not looked at.
  EXPECT_EQ(Send("GET", target, Bearer("cairn_00000000_wrong")).body, "bytes");
  RevokeTokensOf("reader");
  const MlflowReply refused = Send("GET", target, "");
  EXPECT_EQ(refused.status, 401) << refused.body;
  EXPECT_NE(Send("GET", target, admin_).body, "bytes");
}

TEST_F(MlflowCallersTest, APresignedUrlMayNoMoreThanItsCaller) {
  const std::string secret = NewRun("0");
  ASSERT_EQ(Send("PUT", FileOf(secret), admin_, "bytes").status, 200);
  const std::string own = NewExperiment("own");
  EXPECT_EQ(SignedFor(Bearer(TokenWith("guest", "LOGGER", "experiments/" + own)), secret), "");
  const std::string target = SignedFor(Bearer(TokenWith("reader", "READER", "*")), secret);
  ASSERT_EQ(Send("GET", target, "").body, "bytes");
  UnbindAll("reader");
  const MlflowReply refused = Send("GET", target, "");
  EXPECT_TRUE(refused.status == 403 || refused.status == 404) << refused.status << refused.body;
}

}  // namespace
}  // namespace cairn
