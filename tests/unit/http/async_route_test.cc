// Handlers that answer later: from other threads, not at all, and after the connection is gone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
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

using testing::IsOk;
using testing::StatusIs;

// Requests that came and were not answered.
class Desk {
 public:
  struct Waiting {
    Request request;
    Responder responder;
  };
  void Take(Request request, Responder responder) {
    MutexLock lock(&mutex_);
    waiting_.push_back({std::move(request), std::move(responder)});
    changed_.SignalAll();
  }
  Waiting Next() {
    MutexLock lock(&mutex_);
    while (waiting_.empty()) changed_.Wait(&mutex_);
    Waiting next = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return next;
  }
  bool empty() {
    MutexLock lock(&mutex_);
    return waiting_.empty();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<Waiting> waiting_ CAIRN_GUARDED_BY(mutex_);
};

Route Later(std::string method, std::string pattern, AsyncHandler handler) {
  Route route{std::move(method), std::move(pattern), "test.read", nullptr};
  route.async = std::move(handler);
  return route;
}

class AsyncRouteTest : public ::testing::Test {
 protected:
  AsyncRouteTest() {
    std::vector<Route> routes;
    routes.push_back(
        {"GET", "/quick", "test.read", [](const Request&) { return TextResponse("quick"); }});
    routes.push_back(Later("GET", "/later/{who}", [this](Request request, Responder responder) {
      desk_.Take(std::move(request), std::move(responder));
    }));
    Route large = Later("POST", "/large", [this](Request request, Responder responder) {
      desk_.Take(std::move(request), std::move(responder));
    });
    large.max_body_bytes = 1000;
    routes.push_back(std::move(large));
    routes.push_back(Later("GET", "/never", [](const Request&, const Responder&) {}));
    routes.push_back(Later("GET", "/throws", [](const Request&, const Responder&) {
      throw std::runtime_error("secret");
    }));
    routes.push_back(Later("GET", "/twice", [](const Request&, const Responder& responder) {
      responder.Answer(TextResponse("first"));
      responder.Answer(TextResponse("second"));
    }));
    HttpServerOptions options;
    options.limits.max_body_bytes = 100;
    options.limits.max_large_bytes = 1500;
    server_ = *HttpServer::Start(std::move(options), *Router::Create(std::move(routes)));
  }

  Desk desk_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(AsyncRouteTest, IsAnsweredFromAnotherThreadWhileOthersAreServed) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(Get("/later/ann")));
  const Desk::Waiting waiting = desk_.Next();
  EXPECT_EQ(waiting.request.Param("who"), "ann");
  RawClient other(server_->port());
  EXPECT_EQ(other.Exchange(Get("/quick"))->body, "quick");
  std::thread([&waiting] { waiting.responder.Answer(TextResponse("late")); }).join();
  const auto response = client.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "late");
  EXPECT_NE(FindHeader(response->headers, "X-Content-Type-Options"), nullptr);
  EXPECT_EQ(client.Exchange(Get("/quick"))->body, "quick");  // the connection goes on
}

TEST_F(AsyncRouteTest, AConnectionThatSendsAheadComesOneRequestAtATime) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(Get("/later/1") + Get("/later/2")));
  const Desk::Waiting first = desk_.Next();
  RawClient other(server_->port());
  ASSERT_TRUE(other.Exchange(Get("/quick")).has_value());
  EXPECT_TRUE(desk_.empty());
  first.responder.Answer(TextResponse("one"));
  EXPECT_EQ(client.Read()->body, "one");
  desk_.Next().responder.Answer(TextResponse("two"));
  EXPECT_EQ(client.Read()->body, "two");
}

TEST_F(AsyncRouteTest, TheFirstAnswerCounts) {
  RawClient client(server_->port());
  EXPECT_EQ(client.Exchange(Get("/twice"))->body, "first");
  EXPECT_EQ(client.Exchange(Get("/quick"))->body, "quick");
}

TEST_F(AsyncRouteTest, WithoutAnAnswerOrByAnExceptionItIsA500ThatTellsNothing) {
  RawClient client(server_->port());
  EXPECT_EQ(client.Exchange(Get("/never"))->status, 500);
  const auto thrown = client.Exchange(Get("/throws"));
  ASSERT_TRUE(thrown.has_value());
  EXPECT_EQ(thrown->status, 500);
  EXPECT_EQ(thrown->body.find("secret"), std::string::npos);
}

TEST_F(AsyncRouteTest, WhatAnAnswerHoldsIsLetGoOnceItIsWritten) {
  const auto held = std::make_shared<int>(1);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(Get("/later/ann")));
  Response response = TextResponse("late");
  response.held = held;
  desk_.Next().responder.Answer(std::move(response));
  EXPECT_EQ(client.Read()->body, "late");
  ASSERT_TRUE(client.Exchange(Get("/quick")).has_value());  // begins after the write has ended
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(AsyncRouteTest, AStopWaitsForTheAnswerAndDropsNone) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(Get("/later/last")));
  const Desk::Waiting waiting = desk_.Next();
  EXPECT_FALSE(waiting.responder.gone());
  std::thread stop([this] { server_->Stop(std::chrono::seconds(20)); });
  waiting.responder.Answer(TextResponse("late"));
  const auto response = client.Read();
  stop.join();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "late");
}

TEST_F(AsyncRouteTest, AfterTheDrainTheConnectionIsGoneAndTheAnswerIsDropped) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(Get("/later/last")));
  std::optional<Desk::Waiting> waiting = desk_.Next();
  std::thread stop([this] { server_->Stop(std::chrono::milliseconds(1)); });
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(waiting->responder.gone());
  waiting->responder.Answer(TextResponse("late"));
  stop.join();
  waiting.reset();  // after the server
}

TEST_F(AsyncRouteTest, OnlyARouteThatSaysSoTakesALargeBody) {
  RawClient large(server_->port());
  ASSERT_TRUE(large.Send(Post("/large", std::string(1000, '1'))));
  desk_.Next().responder.Answer(TextResponse("taken"));
  EXPECT_EQ(large.Read()->status, 200);
  EXPECT_EQ(RawClient(server_->port()).Exchange(Post("/large", std::string(1001, '1')))->status,
            413);
  EXPECT_EQ(RawClient(server_->port()).Exchange(Post("/quick", std::string(101, '1')))->status,
            413);
  EXPECT_EQ(RawClient(server_->port()).Exchange(Post("/quick", std::string(100, '1')))->status,
            405);
}

TEST_F(AsyncRouteTest, LargeBodiesAreBoundedTogetherUntilTheyAreAnswered) {
  const std::string request = Post("/large", std::string(800, '1'));
  RawClient first(server_->port());
  ASSERT_TRUE(first.Send(request));
  const Desk::Waiting waiting = desk_.Next();
  const auto refused = RawClient(server_->port()).Exchange(request);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503);
  EXPECT_NE(FindHeader(refused->headers, "Retry-After"), nullptr);
  waiting.responder.Answer(TextResponse("taken"));
  EXPECT_EQ(first.Read()->status, 200);
  RawClient second(server_->port());
  ASSERT_TRUE(second.Send(request));
  desk_.Next().responder.Answer(TextResponse("taken"));
  EXPECT_EQ(second.Read()->status, 200);
}

TEST(AsyncRouterTest, ARouteHasExactlyOneHandler) {
  const Handler now = [](const Request&) { return TextResponse("now"); };
  Route both{"GET", "/", "test.read", now};
  both.async = [](const Request&, const Responder&) {};
  EXPECT_THAT(Router::Create({both}), StatusIs(absl::StatusCode::kInvalidArgument));
  Route slow = both;
  slow.handler = nullptr;
  EXPECT_THAT(Router::Create({slow}), IsOk());
  slow.slow = true;
  EXPECT_THAT(Router::Create({slow}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::http
