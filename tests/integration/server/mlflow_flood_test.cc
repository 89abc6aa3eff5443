// Clients that are silent or send one byte at a time, at MLflow's routes: what they cost the server
// and the others.
//
// CAIRN_FLOOD_SECONDS=60 CAIRN_SLOW_CONNECTIONS=10000 are the long forms.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "tests/integration/server/connections.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using testing::FloodConnection;
using testing::PeakResidentBytes;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;
using std::chrono::steady_clock;

int NumberOf(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

class MlflowFloodTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    const MlflowReply made = Ask(server_.http_address(), "POST", "/api/2.0/mlflow/runs/create",
                                 R"({"experiment_id":"0"})");
    ASSERT_EQ(made.status, 200) << made.body;
    run_ = made.json()["run"]["info"]["run_id"];
  }

  // One third says nothing, one third is in the middle of a header and one in the middle of a body;
  // each sends a byte now and then, and comes again when it is closed.
  void Drip() {
    const std::string head = "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: localhost\r\n";
    const std::string begun[] = {"", head,
                                 head +
                                     "Content-Type: application/json\r\n"
                                     "Content-Length: 60000\r\n\r\n{"};
    std::vector<std::unique_ptr<FloodConnection>> all;
    for (size_t at = 0; !over_; at = (at + 1) % static_cast<size_t>(count_)) {
      const size_t kind = at % 3;
      if (at % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (at >= all.size()) {
        all.push_back(Open(begun[kind]));
        opened_ = static_cast<int>(all.size());
      } else if (kind != 0 && !all[at]->Send("x")) {
        ++closed_;
        all[at].reset();
        all[at] = Open(begun[kind]);
      }
    }
  }

  std::unique_ptr<FloodConnection> Open(const std::string& begun) const {
    auto connection = std::make_unique<FloodConnection>(server_.http_address());
    connection->Send(begun);
    return connection;
  }

  MlflowReply LogMetric(int step) const {
    const Json body{
        {"run_id", run_}, {"key", "m"}, {"value", step}, {"timestamp", 1}, {"step", step}};
    return Ask(server_.http_address(), "POST", "/api/2.0/mlflow/runs/log-metric", body.dump());
  }

  const int count_ = NumberOf("CAIRN_SLOW_CONNECTIONS", 2000);
  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::string run_;
  std::atomic<bool> over_{false};
  std::atomic<int> opened_{0};
  std::atomic<int> closed_{0};
};

TEST_F(MlflowFloodTest, ManyThatAreSilentOrSlowKeepNobodyOut) {
  std::thread drips([this] { Drip(); });
  const bool all_there = testing::Eventually([&] { return opened_ == count_; });
  const auto end = steady_clock::now() + std::chrono::seconds(NumberOf("CAIRN_FLOOD_SECONDS", 2));
  std::vector<double> millis;
  for (int step = 0; steady_clock::now() < end; ++step) {
    const auto begin = steady_clock::now();
    const MlflowReply reply = LogMetric(step);
    millis.push_back(
        std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  over_ = true;
  drips.join();
  std::sort(millis.begin(), millis.end());
  fmt::print("{} slow, {} closed, {} logged, p99 {:.1f} ms, peak {} MiB\n", count_, closed_.load(),
             millis.size(), millis[millis.size() * 99 / 100],
             PeakResidentBytes(server_.pid()) >> 20);
  EXPECT_TRUE(all_there);
  EXPECT_LE(PeakResidentBytes(server_.pid()) >> 20, 400);
}

}  // namespace
}  // namespace cairn
