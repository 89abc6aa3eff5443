#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "lib/http/http_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/http/raw_client.h"

namespace cairn::http {
namespace {

using std::chrono::milliseconds;
using testing::IsOk;
using testing::StatusIs;

constexpr milliseconds kLong{20'000};

std::vector<Route> EchoRoutes() {
  return {{"GET", "/echo/{text}", "test.read",
           [](const Request& r) { return TextResponse(std::string(r.Param("text"))); }},
          {"POST", "/echo", "test.write", [](const Request& r) { return JsonResponse(r.body); }}};
}

std::unique_ptr<HttpServer> StartServer(HttpServerOptions options = {},
                                        std::vector<Route> routes = EchoRoutes()) {
  auto server = HttpServer::Start(std::move(options), *Router::Create(std::move(routes)));
  EXPECT_THAT(server, IsOk());
  return *std::move(server);
}

TEST(HttpServerTest, PicksAFreePortAndNamesIt) {
  const auto server = StartServer();
  EXPECT_GT(server->port(), 0);
  EXPECT_EQ(server->address(), "127.0.0.1:" + std::to_string(server->port()));
}

TEST(HttpServerTest, KeepsTheConnectionForFurtherRequests) {
  const auto server = StartServer();
  RawClient client(server->port());
  for (const char* text : {"one", "two", "three"}) {
    const auto response = client.Exchange(Get(std::string("/echo/") + text));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, text);
    EXPECT_NE(FindHeader(response->headers, "Date"), nullptr);
  }
  EXPECT_EQ(server->connections(), 1u);
}

TEST(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  const auto server = StartServer();
  RawClient client(server->port());
  client.Send("GET /echo/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read()->body, "x");
  bool clean = false;
  EXPECT_EQ(client.ReadToEnd(&clean), "");
  EXPECT_TRUE(clean);
}

TEST(HttpServerTest, Http10ClosesUnlessKeepAliveIsAsked) {
  const auto server = StartServer();
  RawClient plain(server->port());
  plain.Send("GET /echo/x HTTP/1.0\r\n\r\n");
  EXPECT_EQ(plain.Read()->body, "x");
  EXPECT_EQ(plain.ReadToEnd(), "");
  RawClient kept(server->port());
  const std::string request = "GET /echo/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(*FindHeader(kept.Exchange(request)->headers, "Connection"), "keep-alive");
  EXPECT_EQ(kept.Exchange(request)->body, "x");
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  const auto server = StartServer();
  RawClient client(server->port());
  client.Send(Get("/echo/1") + Post("/echo", "[2]") + Get("/missing") + Get("/echo/4"));
  EXPECT_EQ(client.Read()->body, "1");
  EXPECT_EQ(client.Read()->body, "[2]");
  EXPECT_EQ(client.Read()->status, 404);
  EXPECT_EQ(client.Read()->body, "4");
}

TEST(HttpServerTest, HeadGivesTheLengthAndNoBody) {
  const auto server = StartServer();
  RawClient client(server->port());
  client.Send("HEAD /echo/12345 HTTP/1.1\r\nHost: localhost\r\n\r\n" + Get("/echo/next"));
  const auto head = client.Read(/*has_body=*/false);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(*FindHeader(head->headers, "Content-Length"), "5");
  EXPECT_EQ(client.Read()->body, "next");
}

TEST(HttpServerTest, ReadsChunkedBodies) {
  const auto server = StartServer();
  RawClient client(server->port());
  const auto response = client.Exchange(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n");
  EXPECT_EQ(response->body, "[1,2]");
}

TEST(HttpServerTest, ReadsALongBodyToItsEndAndNotBeyond) {
  const auto server = StartServer();
  RawClient client(server->port());
  std::string body(3'000'000, ' ');  // more than is read of one before others have their turn
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  const std::string both = Post("/echo", body) + Get("/echo/next");
  for (const size_t piece : {both.size(), size_t{100'001}, size_t{4'099}}) {
    for (size_t at = 0; at < both.size(); at += piece) {
      ASSERT_TRUE(client.Send(std::string_view(both).substr(at, piece)));
    }
    const auto echo = client.Read();
    ASSERT_TRUE(echo.has_value());
    EXPECT_TRUE(echo->body == body);
    EXPECT_EQ(client.Read()->body, "next");
  }
}

TEST(HttpServerTest, TellsAWaitingClientToContinue) {
  const auto server = StartServer();
  RawClient client(server->port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.Read()->status, 100);
  EXPECT_EQ(client.Exchange("{}")->body, "{}");
}

TEST(HttpServerTest, NoContentHasNoLength) {
  const auto server = StartServer({}, {{"GET", "/none", "test.read", [](const Request&) {
                                          return Response{204, {}, ""};
                                        }}});
  RawClient client(server->port());
  const auto response = client.Exchange(Get("/none"));
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(FindHeader(response->headers, "Content-Length"), nullptr);
}

// Looks for the accepted end of `client` among this process' descriptors.
bool AcceptedSocketHasNoDelay(const RawClient& client) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer = {};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (ntohs(peer.sin_port) != client.local_port()) continue;
    int no_delay = 0;
    size = sizeof(no_delay);
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
    return no_delay != 0;
  }
  return false;
}

TEST(HttpServerTest, SetsTcpNoDelay) {
  const auto server = StartServer();
  RawClient client(server->port());
  ASSERT_TRUE(client.Exchange(Get("/echo/x")).has_value());
  EXPECT_TRUE(AcceptedSocketHasNoDelay(client));
}

TEST(HttpServerTest, ObserverHearsOfEveryAnswer) {
  Mutex mutex;
  CondVar heard;
  std::vector<RequestRecord> records;
  HttpServerOptions options;
  options.observe = [&](const RequestRecord& record) {
    MutexLock lock(&mutex);
    records.push_back(record);
    heard.SignalAll();
  };
  const auto server = StartServer(std::move(options));
  RawClient client(server->port());
  client.Exchange(Post("/echo", "[1]"));
  client.Exchange("nonsense\r\n\r\n");
  MutexLock lock(&mutex);
  while (records.size() < 2) heard.Wait(&mutex);
  EXPECT_EQ(records[0].method, "POST");
  EXPECT_EQ(records[0].pattern, "/echo");
  EXPECT_EQ(records[0].request_bytes, 3u);
  EXPECT_EQ(records[0].response_bytes, 3u);
  EXPECT_EQ(records[1].status, 400);
}

TEST(HttpServerTest, ServesManyClientsOnSeveralThreads) {
  HttpServerOptions options;
  options.threads = 3;
  const auto server = StartServer(std::move(options));
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 6; ++c) {
    clients.push_back(std::async(std::launch::async, [port = server->port(), c] {
      RawClient client(port);
      int good = 0;
      for (int i = 0; i < 50; ++i) {
        const std::string text = std::to_string(c * 1000 + i);
        const auto response = client.Exchange(Get("/echo/" + text));
        if (response && response->body == text) ++good;
      }
      return good;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 50);
}

TEST(HttpServerTest, AnyFragmentationGivesTheSameAnswers) {
  const auto server = StartServer();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string stream = Get("/echo/a") + Post("/echo", "[1,2,3]") + Get("/echo/b");
  for (int round = 0; round < 20; ++round) {
    RawClient client(server->port());
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = 1 + random() % 40;
      ASSERT_TRUE(client.Send(std::string_view(stream).substr(at, size)));
      at += size;
    }
    EXPECT_EQ(client.Read()->body, "a");
    EXPECT_EQ(client.Read()->body, "[1,2,3]");
    EXPECT_EQ(client.Read()->body, "b");
  }
}

TEST(HttpServerTest, RandomBytesNeverStopTheServer) {
  const auto server = StartServer();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string valid = Post("/echo", "[1]");
  for (int round = 0; round < 100; ++round) {
    std::string bytes = valid;
    for (unsigned flips = 1 + random() % 8; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    }
    RawClient client(server->port());
    client.Send(bytes);
    client.FinishSending();
    client.ReadToEnd();
  }
  RawClient client(server->port());
  EXPECT_EQ(client.Exchange(Get("/echo/alive"))->body, "alive");
}

TEST(HttpServerStartTest, RefusesABadAddress) {
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", ":0", "127.0.0.1:x", "127.0.0.1:70000",
                              "::1:0", "127.0.0.1:-1"}) {
    HttpServerOptions options;
    options.address = address;
    EXPECT_THAT(HttpServer::Start(options, *Router::Create({})),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << address;
  }
}

TEST(HttpServerStartTest, RefusesAPortThatIsTaken) {
  const auto first = StartServer();
  HttpServerOptions options;
  options.address = first->address();
  const auto second = HttpServer::Start(options, *Router::Create({}));
  ASSERT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(second.status().message()), ::testing::HasSubstr(first->address()));
}

TEST(HttpServerStopTest, ClosesIdleConnectionsAndListensNoMore) {
  auto server = StartServer();
  RawClient client(server->port());
  client.Exchange(Get("/echo/x"));
  server->Stop(kLong);
  bool clean = false;
  EXPECT_EQ(client.ReadToEnd(&clean), "");
  EXPECT_TRUE(clean);
  EXPECT_FALSE(RawClient(server->port()).connected());
  EXPECT_EQ(server->connections(), 0u);
}

TEST(HttpServerStopTest, FinishesARequestThatHasBegun) {
  std::promise<void> entered;
  std::promise<void> release;
  const std::vector<Route> routes = {{"GET", "/wait", "test.read",
                                      [&](const Request&) {
                                        entered.set_value();
                                        release.get_future().wait();
                                        return TextResponse("done");
                                      }},
                                     EchoRoutes()[0]};
  HttpServerOptions options;
  options.threads = 2;
  auto server = StartServer(std::move(options), routes);
  RawClient idle(server->port());
  idle.Exchange(Get("/echo/x"));
  RawClient busy(server->port());
  busy.Send(Get("/wait"));
  entered.get_future().wait();
  std::thread stopper([&] { server->Stop(kLong); });
  EXPECT_EQ(idle.ReadToEnd(), "");  // so stopping has begun
  release.set_value();
  const auto response = busy.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(*FindHeader(response->headers, "Connection"), "close");
  EXPECT_EQ(busy.ReadToEnd(), "");
  stopper.join();
}

TEST(HttpServerStopTest, CutsWhatIsLeftAfterTheDeadline) {
  auto server = StartServer();
  RawClient client(server->port());
  client.Exchange(Get("/echo/x"));
  client.Send("GET /echo/half HTTP/1.1\r\n");
  server->Stop(milliseconds(0));
  EXPECT_EQ(client.ReadToEnd(), "");
  server->Stop(kLong);  // a second time does nothing
}

}  // namespace
}  // namespace cairn::http
