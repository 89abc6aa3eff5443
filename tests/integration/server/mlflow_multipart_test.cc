// Files of MLflow's clients in parts, by URLs that the real server signs for itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kArtifacts = "/api/2.0/mlflow-artifacts";

// Text that no two places share.
std::string LinesOf(char letter, int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += fmt::format("{}{:09d}\n", letter, i * 7919 % 1'000'003);
  return text;
}

std::string HeaderValue(const MlflowReply& reply, const std::string& name) {
  const size_t at = reply.headers.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 4;
  return reply.headers.substr(begin, reply.headers.find("\r\n", begin) - begin);
}

// A server, a run, and an upload in parts as the client makes it.
class MlflowMultipartTest : public ::testing::Test {
 protected:
  explicit MlflowMultipartTest(std::vector<std::string> flags = {})
      : server_(folder_ / "store", std::move(flags)) {}

  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    run_ = Post("/api/2.0/mlflow/runs/create", {{"experiment_id", "0"}})
               .json()["run"]["info"]
               .value("run_id", "");
    ASSERT_EQ(run_.size(), 32u);
  }

  MlflowReply Send(const std::string& verb, const std::string& target, const std::string& body,
                   const std::string& headers = "") const {
    return Ask(server_.http_address(), verb, target, body, headers + caller_);
  }
  MlflowReply Post(const std::string& target, const Json& body) const {
    return Send("POST", target, body.dump(), "Content-Type: application/json\r\n");
  }
  std::string Root() const { return "0/" + run_ + "/artifacts"; }
  MlflowReply Step(const std::string& step, const Json& body,
                   const std::string& directory = "") const {
    return Post(fmt::format("{}/mpu/{}/{}{}", kArtifacts, step, Root(), directory), body);
  }
  Json Create(int parts, const std::string& path = "tmp/big.bin") const {
    const MlflowReply made = Step("create", {{"path", path}, {"num_parts", parts}});
    EXPECT_EQ(made.status, 200) << made.body;
    return made.json();
  }
  // The target of a URL, which leads to this server.
  std::string TargetOf(const std::string& url) const {
    const std::string base = "http://localhost/";
    EXPECT_EQ(url.find(base), 0u) << url;
    return url.substr(base.size() - 1);
  }
  std::string PartTarget(const Json& upload, int number) const {
    return TargetOf(upload["credentials"][number - 1].value("url", ""));
  }
  // As the client sends it: nothing says who he is.
  MlflowReply PutPart(const Json& upload, int number, const std::string& body) const {
    return Ask(server_.http_address(), "PUT", PartTarget(upload, number), body, "");
  }
  Json PartOf(int number, const MlflowReply& sent) const {
    return {{"part_number", number}, {"etag", HeaderValue(sent, "ETag")}, {"url", "unused"}};
  }
  static Json Ending(const Json& upload, const Json& parts) {
    return {{"path", "tmp/big.bin"}, {"upload_id", upload["upload_id"]}, {"parts", parts}};
  }
  MlflowReply Get(const std::string& path) const {
    return Send("GET", fmt::format("{}/artifacts/{}/{}", kArtifacts, Root(), path), "");
  }

  const TempFolder folder_;
  ServerProcess server_;
  std::string caller_;  // a whole header
  std::string run_;
};

TEST_F(MlflowMultipartTest, PartsInAnyOrderBecomeOneFile) {
  const std::string one = LinesOf('a', 100'000);  // cut into several chunks
  const std::string two = LinesOf('b', 100'000);
  const std::string three = "end";
  const Json upload = Create(3);
  ASSERT_EQ(upload["credentials"].size(), 3u);
  EXPECT_EQ(upload["credentials"][2]["part_number"], 3);
  EXPECT_EQ(upload["credentials"][2]["headers"], Json::object());
  const MlflowReply last = PutPart(upload, 3, three);
  ASSERT_EQ(last.status, 200) << last.body;
  EXPECT_EQ(PutPart(upload, 1, "to be replaced").status, 200);
  MlflowReply second;
  std::thread beside([&] { second = PutPart(upload, 2, two); });
  const MlflowReply first = PutPart(upload, 1, one);
  beside.join();
  EXPECT_EQ(Get("big.bin").status, 404);
  const Json ending = Ending(upload, {PartOf(2, second), PartOf(3, last), PartOf(1, first)});
  const MlflowReply done = Step("complete", ending);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json(), Json::object());
  EXPECT_TRUE(Get("big.bin").body == one + two + three);
  // Twice, and what comes behind it.
  EXPECT_EQ(Step("complete", ending).status, 200);
  EXPECT_EQ(PutPart(upload, 1, "late").status, 400);
  EXPECT_EQ(Step("abort", ending).status, 200);
  EXPECT_TRUE(Get("big.bin").body == one + two + three);
  Json other = ending;
  other["parts"][0]["etag"] = "\"0\"";
  EXPECT_EQ(Step("complete", other).status, 400);
}

TEST_F(MlflowMultipartTest, WhatIsNotWholeIsNoFile) {
  const Json upload = Create(2);
  const Json one = PartOf(1, PutPart(upload, 1, "one"));
  EXPECT_EQ(PutPart(upload, 2, "").status, 400);
  Json two = one;
  two["part_number"] = 2;
  for (const auto& [parts, message] :
       std::vector<std::pair<Json, std::string>>{{Json::array({one, two}), "did not come"},
                                                 {Json::array({one}), "has 2 parts"},
                                                 {Json::array({one, one}), "there twice"}}) {
    const MlflowReply refused = Step("complete", Ending(upload, parts));
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_THAT(refused.message(), HasSubstr(message));
  }
  ASSERT_EQ(PutPart(upload, 2, "two").status, 200);
  const MlflowReply wrong = Step("complete", Ending(upload, Json::array({one, two})));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.message(), HasSubstr("ETag"));
  EXPECT_EQ(Get("big.bin").status, 404);

  EXPECT_EQ(Step("abort", Ending(upload, Json::array())).status, 200);
  EXPECT_EQ(PutPart(upload, 1, "one").status, 404);
  EXPECT_EQ(Step("complete", Ending(upload, Json::array({one, two}))).status, 404);
  EXPECT_EQ(Step("abort", Ending(upload, Json::array())).status, 200);
}

TEST_F(MlflowMultipartTest, TwoUploadsToOnePathAreTwoFilesOneAfterTheOther) {
  const Json a = Create(1);
  const Json b = Create(1);
  const Json part_a = PartOf(1, PutPart(a, 1, "from a"));
  const Json part_b = PartOf(1, PutPart(b, 1, "from b"));
  EXPECT_EQ(Step("complete", Ending(b, Json::array({part_b}))).status, 200);
  EXPECT_EQ(Get("big.bin").body, "from b");
  EXPECT_EQ(Step("complete", Ending(a, Json::array({part_a}))).status, 200);
  EXPECT_EQ(Get("big.bin").body, "from a");
}

TEST_F(MlflowMultipartTest, AUrlIsGoodForItsPartOnly) {
  const Json upload = Create(2);
  const std::string target = PartTarget(upload, 1);
  const std::string other = PartTarget(Create(2), 1);
  const auto put = [&](std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return Ask(server_.http_address(), "PUT", text, "x", "");
  };
  const size_t signature = target.find("signature=");
  for (const MlflowReply& refused :
       {put(target, "/1?", "/2?"), put(target, "/1?", "/01?"),
        put(target, "expires=1", "expires=2"),
        put(target, target.substr(signature), other.substr(other.find("signature="))),
        put(target, target.substr(signature), "signature="),
        put(target, target.substr(target.find('?')), "")}) {
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_EQ(refused.code(), "PERMISSION_DENIED");
    EXPECT_THAT(refused.message(), HasSubstr("signature"));
  }
  EXPECT_EQ(put(target, upload["upload_id"], std::string(32, 'a')).status, 404);
  EXPECT_EQ(Ask(server_.http_address(), "PUT", target, "x", "").status, 200);
  // An upload is completed where it was begun.
  Json elsewhere = Ending(upload, Json::array());
  elsewhere["path"] = "other.bin";
  EXPECT_EQ(Step("complete", elsewhere).status, 404);
  EXPECT_EQ(Step("complete", Ending(upload, Json::array()), "/folder").status, 404);
}

TEST_F(MlflowMultipartTest, WhatCreateRefuses) {
  for (const int parts : {-1, 10'001}) {
    const MlflowReply refused = Step("create", {{"path", "a"}, {"num_parts", parts}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.message(), HasSubstr("from 1 to 10000"));
  }
  const MlflowReply empty = Step("create", {{"path", "a"}, {"num_parts", 0}});
  EXPECT_EQ(empty.status, 501);
  EXPECT_EQ(
      empty.message().find("Multipart upload is not supported for the current artifact repository"),
      0u);
  EXPECT_EQ(Step("create", {{"num_parts", 1}}).status, 400);
  EXPECT_EQ(Step("create", {{"path", "a/.."}, {"num_parts", 1}}).status, 400);
  EXPECT_EQ(Step("create", {{"path", "a"}, {"num_parts", 1}}, "/%2e%2e").status, 400);
  EXPECT_EQ(Post(fmt::format("{}/mpu/create/0/{}/artifacts", kArtifacts, std::string(32, 'a')),
                 {{"path", "a"}, {"num_parts", 1}})
                .status,
            404);
  EXPECT_EQ(Step("create", {{"path", "a"}, {"num_parts", 10'000}}).json()["credentials"].size(),
            10'000u);
}

TEST_F(MlflowMultipartTest, ARestartEndsWhatWasUnderWay) {
  const Json upload = Create(1);
  const Json part = PartOf(1, PutPart(upload, 1, "one"));
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_TRUE(server_.Start());
  const MlflowReply late = PutPart(upload, 1, "one");
  EXPECT_EQ(late.status, 404);
  EXPECT_THAT(late.message(), HasSubstr("last start"));
  EXPECT_THAT(Step("complete", Ending(upload, Json::array({part}))).message(),
              HasSubstr("last start"));
}

TEST_F(MlflowMultipartTest, OtherStoresHaveNoUrlsHere) {
  for (const char* kind : {"upload", "download"}) {
    EXPECT_EQ(Post(fmt::format("/api/2.0/mlflow/artifacts/presigned-{}-url", kind),
                   {{"run_id", run_}, {"path", "a"}})
                  .status,
              400);
  }
}

class MlflowShortUploadTest : public MlflowMultipartTest {
 protected:
  MlflowShortUploadTest() : MlflowMultipartTest({"--blob-lease", "1s"}) {}
};

TEST_F(MlflowShortUploadTest, EndsWithTheLeaseOfItsParts) {
  const Json upload = Create(1);
  ASSERT_EQ(PutPart(upload, 1, "x").status, 200);
  EXPECT_TRUE(testing::Eventually([&] { return PutPart(upload, 1, "x").status == 404; }));
  EXPECT_EQ(Step("complete", Ending(upload, Json::array())).status, 404);
}

// Of a server that asks who calls: a URL has the rights of who asked for it, as long as he has
// them.
class MlflowMultipartCallersTest : public ::testing::Test {
 protected:
  MlflowMultipartCallersTest() : server_(folder_ / "store", {"--auth"}) {
    const ProgramResult made = testing::RunProgram(
        {testing::ProgramPath("cairnd"), "init", "--data-dir", folder_ / "store"});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    const size_t last = made.output.rfind('\n', made.output.size() - 2);
    admin_ = made.output.substr(last + 1, made.output.size() - last - 2);
    EXPECT_TRUE(server_.Start());
  }

  MlflowReply As(const std::string& token, const std::string& verb, const std::string& target,
                 const std::string& body) const {
    const std::string who = token.empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", token);
    return Ask(server_.http_address(), verb, target, body,
               who + "Content-Type: application/json\r\n");
  }
  // A token of a new principal; its name is kept in `name`.
  std::string TokenWith(const std::string& principal, const std::string& role, std::string* name) {
    const Json made = As(admin_, "POST", "/cairn.v1.AuthService/CreateToken",
                         Json{{"token", {{"principal", principal}}}}.dump())
                          .json();
    const Json binding = {
        {"member", "principal:" + principal}, {"role", role}, {"resource", "experiments/0"}};
    EXPECT_EQ(As(admin_, "POST", "/cairn.v1.AuthService/SetRoleBinding",
                 Json{{"roleBinding", binding}}.dump())
                  .status,
              200);
    *name = made["token"].value("name", "");
    return made.value("text", "");
  }

  const TempFolder folder_;
  ServerProcess server_;
  std::string admin_;
};

TEST_F(MlflowMultipartCallersTest, AUrlHasTheRightsOfWhoAskedForIt) {
  std::string name;
  std::string unused;
  const std::string writer = TokenWith("ada", "LOGGER", &name);
  const std::string other = TokenWith("bob", "LOGGER", &unused);
  const std::string reader = TokenWith("eve", "READER", &unused);
  const std::string run =
      As(admin_, "POST", "/api/2.0/mlflow/runs/create", R"({"experiment_id": "0"})")
          .json()["run"]["info"]
          .value("run_id", "");
  ASSERT_EQ(run.size(), 32u);
  const std::string place = "0/" + run + "/artifacts";
  const auto step = [&](const std::string& token, const std::string& which, const Json& body) {
    return As(token, "POST", fmt::format("{}/mpu/{}/{}", kArtifacts, which, place), body.dump());
  };
  const Json begin = {{"path", "a"}, {"num_parts", 2}};
  EXPECT_EQ(step("", "create", begin).status, 401);
  EXPECT_EQ(step(reader, "create", begin).status, 403);
  const MlflowReply made = step(writer, "create", begin);
  ASSERT_EQ(made.status, 200) << made.body;
  const Json upload = made.json();
  Json parts;
  for (int number = 1; number <= 2; ++number) {
    const std::string url = upload["credentials"][number - 1].value("url", "");
    const MlflowReply sent = Ask(server_.http_address(), "PUT", url.substr(url.find("/api/")),
                                 fmt::format("part {};", number), "");
    ASSERT_EQ(sent.status, 200) << sent.body;
    parts.push_back({{"part_number", number}, {"etag", HeaderValue(sent, "ETag")}});
  }
  const Json ending = {{"path", "a"}, {"upload_id", upload["upload_id"]}, {"parts", parts}};
  EXPECT_EQ(step("", "complete", ending).status, 401);
  EXPECT_EQ(step(other, "complete", ending).status, 404);
  EXPECT_EQ(step(other, "abort", ending).status, 200);  // of nothing
  EXPECT_EQ(step(writer, "complete", ending).status, 200);

  const Json second = step(writer, "create", begin).json();
  const std::string part = second["credentials"][0].value("url", "");
  ASSERT_EQ(
      As(admin_, "POST", "/cairn.v1.AuthService/RevokeToken", Json{{"name", name}}.dump()).status,
      200);
  EXPECT_EQ(Ask(server_.http_address(), "PUT", part.substr(part.find("/api/")), "x", "").status,
            401);
}

}  // namespace
}  // namespace cairn
