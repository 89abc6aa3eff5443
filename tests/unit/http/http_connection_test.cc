#include "lib/http/http_connection.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "lib/base/errors.h"
#include "lib/http/http_server.h"
#include "tests/testing/status_matchers.h"

namespace cairn::http {
namespace {

using testing::IsOk;
using testing::StatusIs;

// Says who asked (the client's port tells connections apart), what came, and as much as is wanted.
std::unique_ptr<HttpServer> StartTeller() {
  std::vector<Route> routes = {
      {"GET", "/peer", "test.read", [](const Request& r) { return TextResponse(r.peer); }},
      {"GET", "/many", "test.read",
       [](const Request& r) {
         return TextResponse(std::string(std::stoul(*r.Query("bytes")), 'x'));
       }},
      {"POST", "/back", "test.read", [](const Request& r) { return TextResponse(r.body); }}};
  return *HttpServer::Start({}, *Router::Create(std::move(routes)));
}

HttpConnection ConnectionTo(const HttpServer& server, ConnectionOptions options = {}) {
  return HttpConnection({"127.0.0.1", std::to_string(server.port())}, options);
}

TEST(HttpConnectionTest, OneConnectionCarriesManyRequests) {
  const auto server = StartTeller();
  HttpConnection connection = ConnectionTo(*server);
  std::set<std::string> peers;
  for (int i = 0; i < 3; ++i) {
    const auto answer = connection.Ask({.target = "/peer"});
    ASSERT_THAT(answer, IsOk());
    peers.insert(answer->body);
  }
  EXPECT_EQ(peers.size(), 1u);
  const auto back = connection.Ask({.method = "POST",
                                    .target = "/back",
                                    .headers = {{"Content-Type", "application/json"}},
                                    .body = "{}"});
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->body, "{}");
  EXPECT_EQ(connection.Ask({.target = "/nowhere"})->status, 404);
}

TEST(HttpConnectionTest, ABodyIsStreamedPartByPart) {
  const auto server = StartTeller();
  HttpConnection connection = ConnectionTo(*server, {.max_body_bytes = 1000});
  size_t bytes = 0;
  size_t parts = 0;
  const auto answer =
      connection.Fetch({.target = "/many?bytes=4000000"}, [&](std::string_view part) {
        bytes += part.size();
        ++parts;
        return absl::OkStatus();
      });
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(bytes, 4'000'000u);
  EXPECT_GT(parts, 4u);
  EXPECT_TRUE(answer->body.empty());
}

TEST(HttpConnectionTest, WhatIsHeldIsBounded) {
  const auto server = StartTeller();
  HttpConnection connection = ConnectionTo(*server, {.max_body_bytes = 1000});
  EXPECT_TRUE(
      HasReason(connection.Ask({.target = "/many?bytes=1001"}).status(), ErrorReason::TOO_LARGE));
  EXPECT_EQ(connection.Ask({.target = "/many?bytes=1000"})->body.size(), 1000u);
}

TEST(HttpConnectionTest, AnErrorOfTheSinkEndsTheExchange) {
  const auto server = StartTeller();
  HttpConnection connection = ConnectionTo(*server);
  EXPECT_THAT(connection.Fetch({.target = "/many?bytes=4000000"},
                               [](std::string_view) { return absl::DataLossError("full"); }),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(connection.Ask({.target = "/peer"}), IsOk());
}

TEST(HttpConnectionTest, NobodyAnswers) {
  HttpConnection connection = ConnectionTo(*StartTeller());  // gone again
  EXPECT_TRUE(HasReason(connection.Ask({.target = "/"}).status(), ErrorReason::SERVER_UNREACHABLE));
}

}  // namespace
}  // namespace cairn::http
