// What slow handlers may keep waiting, and what not.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "lib/http/http_server.h"
#include "lib/http/shared_text.h"
#include "tests/testing/eventually.h"
#include "tests/unit/http/raw_client.h"

namespace cairn::http {
namespace {

using std::chrono::steady_clock;

// A slow handler that waits until it is let go, and notes whom it served.
class Gate {
 public:
  Response Serve(const Request& request) {
    MutexLock lock(&mutex_);
    served_.emplace_back(request.Param("who"));
    changed_.SignalAll();
    while (!open_) changed_.Wait(&mutex_);
    return TextResponse("slow");
  }
  void Open() {
    MutexLock lock(&mutex_);
    open_ = true;
    changed_.SignalAll();
  }
  void WaitUntilEntered() {
    MutexLock lock(&mutex_);
    while (served_.empty()) changed_.Wait(&mutex_);
  }
  std::vector<std::string> served() {
    MutexLock lock(&mutex_);
    return served_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ CAIRN_GUARDED_BY(mutex_) = false;
  std::vector<std::string> served_ CAIRN_GUARDED_BY(mutex_);
};

class SlowRouteTest : public ::testing::Test {
 protected:
  SlowRouteTest() {
    std::vector<Route> routes;
    routes.push_back(
        {"GET", "/quick", "test.read", [](const Request&) { return TextResponse("quick"); }});
    Route slow{"GET", "/slow/{who}", "test.read",
               [this](const Request& request) { return gate_.Serve(request); }};
    slow.slow = true;
    routes.push_back(std::move(slow));
    server_ = *HttpServer::Start({}, *Router::Create(std::move(routes)));
  }
  // Lets go whatever a failed test left waiting.
  ~SlowRouteTest() override { gate_.Open(); }

  // Until so many requests are with the worker.
  bool WaitFor(std::size_t waiting) {
    return testing::Eventually([&] { return server_->waiting() == waiting; });
  }

  Gate gate_;
  std::unique_ptr<HttpServer> server_;
};

std::string Times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST_F(SlowRouteTest, QuickRequestsAreAnsweredWhileSlowOnesWait) {
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 50; ++i) {
    crowd.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(crowd.back()->Send(Times(10, Get("/slow/crowd"))));
  }
  ASSERT_TRUE(WaitFor(50));
  gate_.WaitUntilEntered();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Exchange(Get("/quick"));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->body, "quick");
  }
  EXPECT_EQ(gate_.served().size(), 1u);  // all the others still wait
  gate_.Open();
  for (const auto& waiting : crowd) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(waiting->Read()->body, "slow");
  }
}

TEST_F(SlowRouteTest, AConnectionThatSendsAheadComesOneRequestAtATime) {
  RawClient greedy(server_->port());
  ASSERT_TRUE(greedy.Send(Times(100, Get("/slow/greedy"))));
  gate_.WaitUntilEntered();
  RawClient modest(server_->port());
  ASSERT_TRUE(modest.Send(Get("/slow/modest")));
  ASSERT_TRUE(WaitFor(2));  // of the hundred one, and the other
  gate_.Open();
  ASSERT_TRUE(modest.Read().has_value());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(greedy.Read().has_value());
  const auto served = gate_.served();
  ASSERT_EQ(served.size(), 101u);
  EXPECT_EQ(served[1], "modest");
}

TEST_F(SlowRouteTest, AStopWaitsForTheHandlerAndDropsNoAnswer) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(Get("/slow/last")));
  gate_.WaitUntilEntered();
  std::thread stop([this] { server_->Stop(std::chrono::seconds(20)); });
  gate_.Open();
  const auto response = client.Read();
  stop.join();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "slow");
  EXPECT_EQ(server_->waiting(), 0u);
}

TEST(SharedTextTest, IsMadeOnceForAllWhoAskedBeforeItsMakingBegan) {
  int made = 0;
  SharedText text([&made] { return std::to_string(++made); });
  const auto early = steady_clock::now();
  for (int i = 0; i < 600; ++i) EXPECT_EQ(*text.Get(early), "1");
  EXPECT_EQ(made, 1);
}

TEST(SharedTextTest, IsNeverOlderThanTheRequest) {
  int made = 0;
  SharedText text([&made] { return std::to_string(++made); });
  EXPECT_EQ(*text.Get(steady_clock::now()), "1");
  const auto later = steady_clock::now() + std::chrono::nanoseconds(1);
  EXPECT_EQ(*text.Get(later), "2");
}

}  // namespace
}  // namespace cairn::http
