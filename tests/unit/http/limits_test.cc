#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "lib/http/http_server.h"
#include "lib/http/responder.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/http/raw_client.h"

namespace cairn::http {
namespace {

using std::chrono::milliseconds;
using testing::IsOk;

// Small limits, so that the rare paths are the ones that run.
HttpServerOptions SmallLimits() {
  HttpServerOptions options;
  options.limits.max_header_bytes = 512;
  options.limits.max_body_bytes = 64;
  return options;
}

std::unique_ptr<HttpServer> StartLimited(HttpServerOptions options) {
  std::vector<Route> routes = {
      {"GET", "/", "test.read", [](const Request&) { return TextResponse("root"); }},
      {"POST", "/echo", "test.write", [](const Request& r) { return JsonResponse(r.body); }},
      {"GET", "/large", "test.read",
       [](const Request&) { return TextResponse(std::string(64 << 20, 'x')); }}};
  auto server = HttpServer::Start(std::move(options), *Router::Create(std::move(routes)));
  EXPECT_THAT(server, IsOk());
  return *std::move(server);
}

// The answer to `request`, after which the server must have closed.
int StatusThenClose(int port, std::string_view request) {
  RawClient client(port);
  client.Send(request);
  const auto response = client.Read();
  if (!response) return 0;
  EXPECT_EQ(*FindHeader(response->headers, "Connection"), "close");
  EXPECT_EQ(*FindHeader(response->headers, "X-Content-Type-Options"), "nosniff");
  client.FinishSending();
  bool clean = false;
  EXPECT_EQ(client.ReadToEnd(&clean), "");
  EXPECT_TRUE(clean);
  return response->status;
}

TEST(HttpLimitsTest, BodyOfExactlyTheLimitIsRead) {
  const auto server = StartLimited(SmallLimits());
  RawClient client(server->port());
  EXPECT_EQ(client.Exchange(Post("/echo", std::string(64, '1')))->status, 200);
}

TEST(HttpLimitsTest, BodyOverTheLimitIs413BeforeItIsSent) {
  const auto server = StartLimited(SmallLimits());
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  EXPECT_EQ(StatusThenClose(server->port(), head + "Content-Length: 65\r\n\r\n"), 413);
  EXPECT_EQ(StatusThenClose(server->port(), head + "Content-Length: 4000000000\r\n\r\n"), 413);
}

TEST(HttpLimitsTest, ClientThatSendsALargeBodyAnywayStillReadsThe413) {
  const auto server = StartLimited(SmallLimits());
  EXPECT_EQ(StatusThenClose(server->port(), Post("/echo", std::string(200'000, '1'))), 413);
}

TEST(HttpLimitsTest, ChunkedBodyOverTheLimitIs413) {
  const auto server = StartLimited(SmallLimits());
  std::string request =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i) request += "10\r\n0123456789abcdef\r\n";
  EXPECT_EQ(StatusThenClose(server->port(), request), 413);
}

TEST(HttpLimitsTest, AHeaderThatSaysOneThingMayNotBeThereTwice) {
  const auto server = StartLimited(SmallLimits());
  const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  for (const char* twice :
       {"Authorization: Bearer a\r\nauthorization: Bearer b\r\n", "HOST: localhost\r\n",
        "Content-Type: text/plain\r\nContent-Type: application/json\r\n",
        "Content-Encoding: gzip\r\nContent-Encoding: identity\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n"}) {
    EXPECT_EQ(StatusThenClose(server->port(), head + twice + "\r\n"), 400) << twice;
  }
  EXPECT_EQ(RawClient(server->port())
                .Exchange(head + "Accept: text/plain\r\nAccept: text/html\r\n\r\n")
                ->status,
            200);
}

TEST(HttpLimitsTest, AGateKeepsConnectionsOutAndHasTheirPlacesBack) {
  HttpServerOptions options = SmallLimits();
  const auto places = std::make_shared<int>(0);
  // Runs and lets go on the server's one thread.
  options.gate = [places](const sockaddr_storage&) -> std::shared_ptr<void> {
    if (*places == 1) return nullptr;
    ++*places;
    return {places.get(), [places](void*) { --*places; }};
  };
  const auto server = StartLimited(std::move(options));
  auto first = std::make_unique<RawClient>(server->port());
  EXPECT_EQ(first->Exchange(Get("/"))->status, 200);
  RawClient second(server->port());
  second.Send(Get("/"));
  EXPECT_EQ(second.ReadToEnd(), "");
  first->Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  first->ReadToEnd();
  first.reset();
  std::optional<Response> third;
  for (int i = 0; i < 1000 && !third.has_value(); ++i) {
    RawClient client(server->port());
    client.Send(Get("/"));
    third = client.Read();
  }
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->status, 200);
}

TEST(HttpLimitsTest, ARoutesDeadlineCountsWhileItsBodyArrives) {
  Route route{"POST", "/late", "test.write", [](const Request&) { return TextResponse("never"); }};
  route.deadline = [](const Request& head) { return head.began; };
  route.refuse = [](const Request&, const absl::Status& why) {
    return TextResponse("refused: " + std::string(why.message()));
  };
  const auto server = HttpServer::Start(SmallLimits(), *Router::Create({route}));
  ASSERT_TRUE(server.ok());
  RawClient client((*server)->port());
  client.Send(
      "POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\n123");
  const auto refused = client.Read();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->body, "refused: the deadline of the call is over");
}

TEST(HttpLimitsTest, OneCallersLargeBodiesHaveAShareOfTheirRoom) {
  HttpServerOptions options = SmallLimits();
  options.limits.max_large_bytes = 200;
  options.limits.max_large_share = 100;
  Route route{"POST", "/large", "test.write", [](const Request&) { return TextResponse("taken"); }};
  route.max_body_bytes = 100;
  route.admit = [](const Request& head) -> absl::StatusOr<std::string> {
    return *head.Header("From");
  };
  const auto server = HttpServer::Start(std::move(options), *Router::Create({route}));
  ASSERT_TRUE(server.ok());
  const auto head = [](const std::string& from) {
    return "POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nFrom: " +
           from + "\r\nContent-Length: 80\r\nExpect: 100-continue\r\n\r\n";
  };
  RawClient slow((*server)->port());
  slow.Send(head("ann"));
  EXPECT_EQ(slow.Read(/*has_body=*/false)->status, 100);  // its room is kept
  RawClient same((*server)->port());
  same.Send(head("ann"));
  EXPECT_EQ(same.Read()->status, 503);
  RawClient other((*server)->port());
  other.Send(head("bob"));
  EXPECT_EQ(other.Read(/*has_body=*/false)->status, 100);
  other.Send(std::string(80, '1'));
  EXPECT_EQ(other.Read()->body, "taken");
}

TEST(HttpLimitsTest, AStopAnswersWhatHasNotArrived) {
  const auto server = StartLimited(SmallLimits());
  RawClient body(server->port());
  body.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(body.Read(/*has_body=*/false)->status, 100);
  body.Send("123");
  std::thread stopper([&server] { server->Stop(milliseconds(4'000)); });
  const auto answer = body.Read();
  body.FinishSending();
  bool clean = false;
  EXPECT_EQ(body.ReadToEnd(&clean), "");
  stopper.join();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 503);
  EXPECT_NE(answer->body.find("the server stops"), std::string::npos);
  EXPECT_TRUE(clean);
}

TEST(HttpLimitsTest, HeadersOverTheLimitAre431) {
  const auto server = StartLimited(SmallLimits());
  const std::string large(600, 'x');
  EXPECT_EQ(StatusThenClose(server->port(), "GET /" + large), 431);
  EXPECT_EQ(StatusThenClose(server->port(),
                            "GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + large + "\r\n\r\n"),
            431);
}

class BadMessageTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadMessageTest, Is400AndTheConnectionEnds) {
  const auto server = StartLimited({});
  EXPECT_EQ(StatusThenClose(server->port(), GetParam()), 400);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, BadMessageTest,
    ::testing::Values("nonsense\r\n\r\n", "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
                      "GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                      "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
                      "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
                      // Lines that go on with the one before.
                      "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n 2\r\n\r\n",
                      "GET / HTTP/1.1\r\nHost: localhost\r\nX-A:\r\n\t2\r\nX-B: 3\r\n\r\n",
                      "GET / HTTP/1.1\r\n X-A: 1\r\nHost: localhost\r\n\r\n",
                      "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n \r\n\r\n",
                      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
                      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                      // Two lengths, or a length and chunks: the way requests are smuggled.
                      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
                      "Content-Length: 2\r\n\r\n1",
                      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                      "Content-Length: 1\r\n\r\n0\r\n\r\n",
                      "POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                      "Transfer-Encoding: chunked\r\n\r\nzz\r\n"));

TEST(HttpLimitsTest, UnknownExpectationIs417) {
  const auto server = StartLimited({});
  EXPECT_EQ(StatusThenClose(server->port(),
                            "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\n\r\n"),
            417);
}

TEST(HttpLimitsTest, RequestThatDoesNotArriveInTimeIs408) {
  HttpServerOptions options;
  options.limits.read_timeout = milliseconds(50);
  const auto server = StartLimited(std::move(options));
  EXPECT_EQ(StatusThenClose(server->port(), "GET / HT"), 408);
  EXPECT_EQ(StatusThenClose(server->port(),
                            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1"),
            408);
}

TEST(HttpLimitsTest, IdleConnectionIsClosedSilently) {
  HttpServerOptions options;
  options.limits.idle_timeout = milliseconds(50);
  const auto server = StartLimited(std::move(options));
  RawClient never_spoke(server->port());
  bool clean = false;
  EXPECT_EQ(never_spoke.ReadToEnd(&clean), "");
  EXPECT_TRUE(clean);
  RawClient spoke(server->port());
  EXPECT_EQ(spoke.Exchange(Get("/"))->body, "root");
  EXPECT_EQ(spoke.ReadToEnd(), "");
}

TEST(HttpLimitsTest, ClientThatDoesNotReadIsCut) {
  HttpServerOptions options;
  options.limits.write_timeout = milliseconds(50);
  const auto server = StartLimited(std::move(options));
  RawClient client(server->port());
  client.Send(Get("/large"));
  // The server can only be rid of this connection by giving it up.
  server->Stop(milliseconds(20'000));
  EXPECT_LT(client.ReadToEnd().size(), std::size_t{64} << 20);
}

// A server for one connection at a time, with a route that answers when it is told to.
class CrowdedTest : public ::testing::Test {
 protected:
  CrowdedTest() {
    Route hold{"GET", "/hold", "test.read", nullptr};
    hold.async = [this](const Request&, const Responder& responder) {
      const MutexLock lock(&mutex_);
      held_.push_back(responder);
    };
    Route root{"GET", "/", "test.read", [](const Request&) { return TextResponse("root"); }};
    Route echo{"POST", "/echo", "test.write",
               [](const Request& r) { return JsonResponse(r.body); }};
    HttpServerOptions options;
    options.limits.max_connections = 1;
    auto server = HttpServer::Start(std::move(options), *Router::Create({hold, root, echo}));
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  size_t Held() {
    const MutexLock lock(&mutex_);
    return held_.size();
  }

  Mutex mutex_;
  std::vector<Responder> held_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(CrowdedTest, WhoComesOnTopOfThoseWithARequestGets503) {
  RawClient first(server_->port());
  first.Send(Get("/hold"));
  ASSERT_TRUE(testing::Eventually([&] { return Held() == 1; }));
  RawClient second(server_->port());
  const auto refused = second.Read();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(*FindHeader(refused->headers, "Retry-After"), "1");
  held_[0].Answer(TextResponse("at last"));
  EXPECT_EQ(first.Read()->body, "at last");
}

TEST_F(CrowdedTest, WhoHasNoWholeRequestGivesWay) {
  for (const std::string_view begun :
       {"", "GET / HTT",
        "POST /echo HTTP/1.1\r\nContent-Type: application/json\r\nHost: "
        "localhost\r\nContent-Length: 9\r\n\r\n1"}) {
    RawClient first(server_->port());
    EXPECT_EQ(first.Exchange(Get("/"))->body, "root");
    first.Send(begun);
    RawClient second(server_->port());
    EXPECT_EQ(second.Exchange(Get("/"))->body, "root") << begun;
    EXPECT_EQ(first.ReadToEnd(), "") << begun;
  }
}

TEST(HttpLimitsTest, PeerThatGoesAwayInTheMiddleIsForgotten) {
  const auto server = StartLimited({});
  {
    RawClient client(server->port());
    client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1");
  }
  RawClient next(server->port());
  EXPECT_EQ(next.Exchange(Get("/"))->body, "root");
}

}  // namespace
}  // namespace cairn::http
