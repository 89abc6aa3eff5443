// What MLflow's routes refuse, over a real socket of the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kSearch = "/api/2.0/mlflow/experiments/search";
constexpr const char* kHost = "Host: localhost\r\n";

int StatusOf(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

int AnswersIn(const std::string& text) {
  int count = 0;
  for (size_t at = 0; (at = text.find("HTTP/1.1 ", at)) != std::string::npos; ++at) ++count;
  return count;
}

// `path` with each % encoded again, `times` times.
std::string EncodedAgain(std::string path, int times) {
  for (int i = 0; i < times; ++i) {
    for (size_t at = 0; (at = path.find('%', at)) != std::string::npos; at += 3) {
      path.replace(at, 1, "%25");
    }
  }
  return path;
}

class MlflowSecurityTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  std::string Exchange(const std::string& text) const {
    return testing::HttpExchange(server_.http_address(), text);
  }
  std::string Send(const std::string& verb, const std::string& target, const std::string& body,
                   const std::string& headers) const {
    return Exchange(verb + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + headers +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

TEST_F(MlflowSecurityTest, PathsAreDecodedToAnyDepth) {
  const std::string json = std::string(kHost) + "Content-Type: application/json\r\n";
  const std::string made =
      Send("POST", "/api/2.0/mlflow/runs/create", R"({"experiment_id": "0"})", json);
  const size_t body = made.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos);
  const std::string run = Json::parse(made.substr(body))["run"]["info"]["run_id"];
  const std::string root = "0/" + run + "/artifacts";
  for (const std::string path : {"%2e%2e%2fa", "%5ca", "a%00b", "%2fetc", "file%3aa", "C%3a%2fa"}) {
    for (const int depth : {1, 2, 5, 10, 11, 15}) {
      const std::string deep = EncodedAgain(path, depth);
      const std::string file = fmt::format("/api/2.0/mlflow-artifacts/artifacts/{}/{}", root, deep);
      for (const char* verb : {"GET", "PUT", "DELETE"}) {
        EXPECT_EQ(StatusOf(Send(verb, file, "", kHost)), 400) << verb << " " << deep;
      }
      for (const std::string& target :
           {fmt::format("/api/2.0/mlflow-artifacts/artifacts?path={}/{}", root, deep),
            fmt::format("/api/2.0/mlflow/artifacts/list?run_id={}&path={}", run, deep),
            fmt::format("/get-artifact?run_id={}&path={}", run, deep)}) {
        EXPECT_EQ(StatusOf(Send("GET", target, "", kHost)), 400) << target;
      }
    }
  }
}

TEST_F(MlflowSecurityTest, OtherSitesAreRefused) {
  const std::string target = std::string(kSearch) + "?max_results=1";
  EXPECT_EQ(StatusOf(Send("GET", target, "", kHost)), 200);
  for (const std::string headers :
       {"Host: evil.example\r\n", "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n", "Host: localhost.evil.example\r\n"}) {
    const std::string answer = Send("GET", target, "", headers);
    EXPECT_EQ(StatusOf(answer) / 100, 4) << headers << answer;
    EXPECT_THAT(answer, Not(HasSubstr("experiments\""))) << headers;
    EXPECT_THAT(answer, Not(HasSubstr("Access-Control-Allow"))) << headers;
  }
}

// A second request that the bytes might hide is never answered.
TEST_F(MlflowSecurityTest, FramingThatTwoReadersMightReadDifferentlyIsRefused) {
  const std::string hidden = std::string("GET /version HTTP/1.1\r\n") + kHost + "\r\n";
  for (const std::string headers : {
           "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
           "Transfer-Encoding: gzip, chunked, identity\r\n",
           "Transfer-Encoding: chunked, identity\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Content-Length: 0\r\nContent-Length: 5\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 99999999999999999999999\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length : 0\r\n",
       }) {
    const std::string answer =
        Exchange(fmt::format("POST {} HTTP/1.1\r\n{}Content-Type: application/json\r\n"
                             "{}\r\n0\r\n\r\n{}",
                             kSearch, kHost, headers, hidden));
    EXPECT_GE(StatusOf(answer), 400) << headers << answer;
    EXPECT_EQ(AnswersIn(answer), 1) << headers << answer;
  }
  for (const std::string chunks : {"zz\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "3\r\nabcdX"}) {
    const std::string answer =
        Exchange(fmt::format("POST {} HTTP/1.1\r\n{}Content-Type: application/json\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n{}{}",
                             kSearch, kHost, chunks, hidden));
    EXPECT_EQ(StatusOf(answer) / 100, 4) << chunks << answer;
    EXPECT_EQ(AnswersIn(answer), 1) << chunks << answer;
  }
}

TEST_F(MlflowSecurityTest, ErrorsAreNoPages) {
  const std::string answer =
      Send("GET", "/api/2.0/mlflow/runs/get?run_id=<script>1</script>", "", kHost);
  EXPECT_EQ(StatusOf(answer) / 100, 4);
  EXPECT_THAT(answer, Not(HasSubstr("text/html")));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
}

}  // namespace
}  // namespace cairn
