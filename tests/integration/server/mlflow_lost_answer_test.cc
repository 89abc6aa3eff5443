// Clients whose answer got lost and who ask again, as MLflow's do by themselves: over real sockets.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/integration/server/connections.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using testing::FloodConnection;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kCreate = "/api/2.0/mlflow/runs/create";

std::string BodyOf(const std::string& name) {
  return Json{{"experiment_id", "0"}, {"start_time", 1700000000000}, {"run_name", name}}.dump();
}

class MlflowLostAnswerTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  // Sends the request and leaves without a look at the answer.
  void SendAndLeave(const std::string& path, const std::string& body) const {
    const FloodConnection connection(server_.http_address());
    ASSERT_TRUE(connection.Send("POST " + path +
                                " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                "Content-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body));
  }

  // The connection that asks is the only one left.
  bool OthersAreGone() const {
    return testing::Eventually([&] {
      return testing::HttpGet(server_.http_address(), "/metrics")
                 .find("\ncairn_http_connections 1\n") != std::string::npos;
    });
  }

  std::string Create(const std::string& name) const {
    const MlflowReply reply = Ask(server_.http_address(), "POST", kCreate, BodyOf(name));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.status == 200 ? reply.json()["run"]["info"]["run_id"].get<std::string>() : "";
  }

  std::set<std::string> RunsNamed(const std::string& name) const {
    const Json search{{"experiment_ids", {"0"}},
                      {"filter", "attributes.run_name = '" + name + "'"}};
    const MlflowReply reply =
        Ask(server_.http_address(), "POST", "/api/2.0/mlflow/runs/search", search.dump());
    EXPECT_EQ(reply.status, 200) << reply.body;
    std::set<std::string> ids;
    for (const Json& run : reply.json().value("runs", Json::array())) {
      ids.insert(run["info"]["run_id"].get<std::string>());
    }
    return ids;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

TEST_F(MlflowLostAnswerTest, IsAnsweredAgainWithoutASecondRun) {
  for (int i = 0; i < 40; ++i) {
    const std::string name = "lost-" + std::to_string(i);
    SendAndLeave(kCreate, BodyOf(name));
    ASSERT_TRUE(OthersAreGone());
    const std::string id = Create(name);
    EXPECT_EQ(RunsNamed(name), std::set<std::string>{id}) << name;
  }
}

TEST_F(MlflowLostAnswerTest, EqualRequestsWhoseAnswersArrivedAreRunsOfTheirOwn) {
  const std::string first = Create("twin");
  const std::string second = Create("twin");
  EXPECT_NE(first, second);
  EXPECT_EQ(RunsNamed("twin"), (std::set<std::string>{first, second}));
}

TEST_F(MlflowLostAnswerTest, OfAnExperimentIsNoExperimentThatExistsAlready) {
  const std::string body = R"({"name":"asked twice"})";
  SendAndLeave("/api/2.0/mlflow/experiments/create", body);
  ASSERT_TRUE(OthersAreGone());
  const MlflowReply again =
      Ask(server_.http_address(), "POST", "/api/2.0/mlflow/experiments/create", body);
  EXPECT_EQ(again.status, 200) << again.body;
  const MlflowReply third =
      Ask(server_.http_address(), "POST", "/api/2.0/mlflow/experiments/create", body);
  EXPECT_EQ(third.code(), "RESOURCE_ALREADY_EXISTS") << third.body;
}

}  // namespace
}  // namespace cairn
