#include "lib/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "lib/base/errors.h"
#include "lib/http/http_server.h"
#include "tests/testing/status_matchers.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

HostPort At(int port) { return {"127.0.0.1", std::to_string(port)}; }

std::unique_ptr<HttpServer> StartEcho() {
  std::vector<Route> routes = {{"GET", "/echo/{text}", "test.read",
                                [](const Request& r) {
                                  const std::string* const times = r.Query("times");
                                  std::string body;
                                  for (int i = 0; i < std::stoi(times == nullptr ? "1" : *times);
                                       ++i)
                                    body += r.Param("text");
                                  return TextResponse(body);
                                }},
                               {"GET", "/host", "test.read",
                                [](const Request& r) { return TextResponse(*r.Header("Host")); }}};
  return *HttpServer::Start({}, *Router::Create(std::move(routes)));
}

// Answers the first connection with these bytes, whatever it says; then closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, bytes = std::move(bytes)] {
      const int fd = ::accept(listener_, nullptr, nullptr);
      char request[4096];
      EXPECT_GT(::recv(fd, request, sizeof(request), 0), 0);
      EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes.size()));
      ::close(fd);
    });
  }
  ~OneAnswer() {
    thread_.join();
    ::close(listener_);
  }
  int port() const { return port_; }

 private:
  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

TEST(HttpClientTest, TheAnswerComesWithStatusHeadersAndBody) {
  const auto server = StartEcho();
  const auto answer = Get(At(server->port()), "/echo/a%20b?times=3");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "a ba ba b");
  EXPECT_EQ(*FindHeader(answer->headers, "content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(Get(At(server->port()), "/host")->body, "127.0.0.1:" + std::to_string(server->port()));
}

TEST(HttpClientTest, AnErrorOfTheServerIsAnAnswer) {
  const auto server = StartEcho();
  const auto answer = Get(At(server->port()), "/nowhere");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, 404);
}

TEST(HttpClientTest, ABodyOfMegabytesComesWholeAndOneAboveTheBoundDoesNot) {
  const auto server = StartEcho();
  const auto whole = Get(At(server->port()), "/echo/0123456789?times=400000");
  ASSERT_THAT(whole, IsOk());
  EXPECT_EQ(whole->body.size(), 4'000'000u);
  const auto refused = Get(At(server->port()), "/echo/x?times=1001", {.max_body_bytes = 1000});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_TRUE(HasReason(refused.status(), ErrorReason::TOO_LARGE));
  EXPECT_THAT(Get(At(server->port()), "/echo/x?times=1000", {.max_body_bytes = 1000}), IsOk());
}

TEST(HttpClientTest, APortThatNobodyListensAtIsUnavailable) {
  int port = StartEcho()->port();  // free again
  const auto answer = Get(At(port), "/requests?limit=1");
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(HasReason(answer.status(), ErrorReason::SERVER_UNREACHABLE));
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("nobody answers at 127.0.0.1:"));
  EXPECT_EQ(MetadataOf(answer.status(), "url"),
            "http://127.0.0.1:" + std::to_string(port) + "/requests?limit=1");
}

TEST(HttpClientTest, AServerThatIsSilentIsLeftWhenTheTimeIsOver) {
  // Connections are taken by the system and by nobody else.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const auto answer =
      Get(At(ntohs(address.sin_port)), "/", {.timeout = std::chrono::milliseconds(30)});
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kDeadlineExceeded));
  ::close(listener);
}

TEST(HttpClientTest, APortWithTlsIsRecognisedByItsAlert) {
  const OneAnswer tls(std::string("\x15\x03\x03\x00\x02\x02\x46", 7));
  const auto answer = Get(At(tls.port()), "/");
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(HasReason(answer.status(), ErrorReason::TLS_REQUIRED)) << answer.status();
}

TEST(HttpClientTest, WhatIsNoHttpIsSaidToBeNone) {
  const OneAnswer other("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  const auto answer = Get(At(other.port()), "/");
  EXPECT_TRUE(HasReason(answer.status(), ErrorReason::REQUEST_MALFORMED)) << answer.status();
}

TEST(HttpClientTest, AConnectionThatEndsEarlyIsUnavailable) {
  const OneAnswer nothing("");
  EXPECT_THAT(Get(At(nothing.port()), "/"), StatusIs(absl::StatusCode::kUnavailable));
  const OneAnswer half("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!");
  EXPECT_THAT(Get(At(half.port()), "/"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(HttpAddressTest, HostAndPortWithOrWithoutTheScheme) {
  for (const char* text : {"localhost:8080", "http://localhost:8080", "http://localhost:8080/"}) {
    const auto server = ParseHttpAddress("address", text);
    ASSERT_THAT(server, IsOk()) << text;
    EXPECT_EQ(server->ToString(), "localhost:8080");
  }
  EXPECT_EQ(ParseHttpAddress("address", "http://[::1]:8080")->ToString(), "[::1]:8080");
}

TEST(HttpAddressTest, OtherTextsAreRefusedByTheirField) {
  for (const char* text : {"", "localhost", "localhost:http", "http://localhost", "::1:80",
                           "http://localhost:80/requests", "me@localhost:80", "ftp://a:80"}) {
    const auto server = ParseHttpAddress("address", text);
    EXPECT_THAT(server, StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    EXPECT_EQ(MetadataOf(server.status(), "field"), "address") << text;
  }
  EXPECT_TRUE(HasReason(ParseHttpAddress("address", "https://localhost:80").status(),
                        ErrorReason::TLS_NOT_SPOKEN));
}

}  // namespace
}  // namespace cairn::http
