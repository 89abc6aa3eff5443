// SIGKILL at random moments under 16 writers, again and again: what was acknowledged is there
// after each start, and starts do not become longer than what they have to read.
//
// CAIRN_KILLS (10): how often. Figures are printed; from 300 on the 99th percentile is checked.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/tracking.grpc.pb.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kWriters = 16;
constexpr int kLongForm = 300;
constexpr int64_t kLongestStartMillis = 1000;
constexpr const char* kParam = "param";

int Kills() {
  const char* kills = ::getenv("CAIRN_KILLS");
  return kills == nullptr ? 10 : std::max(1, ::atoi(kills));
}

std::unique_ptr<v1::TrackingService::Stub> Connect(const ServerProcess& server) {
  return v1::TrackingService::NewStub(
      grpc::CreateChannel(server.grpc_address(), grpc::InsecureChannelCredentials()));
}

// A run that was acknowledged, and whether its param was.
struct KnownRun {
  std::string name;
  bool logged = false;
};

// Makes runs until the server is gone, noting what it acknowledged.
void WriteUntilKilled(v1::TrackingService::Stub& stub, std::vector<KnownRun>& known) {
  while (true) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    v1::Run run;
    grpc::ClientContext creating;
    if (!stub.CreateRun(&creating, create, &run).ok()) return;
    known.push_back({run.name()});
    v1::LogBatchRequest log;
    log.set_run(run.name());
    (*log.mutable_params())[kParam] = run.name();
    v1::LogBatchResponse logged;
    grpc::ClientContext logging;
    if (!stub.LogBatch(&logging, log, &logged).ok()) return;
    known.back().logged = true;
  }
}

void ExpectRuns(v1::TrackingService::Stub& stub, const std::vector<KnownRun>& runs, size_t from) {
  for (size_t i = from; i < runs.size(); ++i) {
    v1::GetRunRequest request;
    request.set_name(runs[i].name);
    v1::Run run;
    grpc::ClientContext context;
    const grpc::Status status = stub.GetRun(&context, request, &run);
    ASSERT_THAT(status, IsOk()) << runs[i].name;
    if (!runs[i].logged) continue;
    const auto param = run.params().find(kParam);
    ASSERT_TRUE(param != run.params().end() && param->second == runs[i].name) << runs[i].name;
  }
}

int64_t Percentile(std::vector<int64_t> millis, size_t percent) {
  std::sort(millis.begin(), millis.end());
  return millis[(millis.size() - 1) * percent / 100];
}

// A server that is killed while it is written to.
class Drill {
 public:
  Drill() : server_(folder_ / "store") {}

  void Start() {
    const auto begin = SteadyClock::now();
    ASSERT_TRUE(server_.Start());
    start_millis_.push_back(
        std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin).count());
  }

  void WriteAndKill() {
    std::array<std::vector<KnownRun>, kWriters> known;
    std::vector<std::thread> writers;
    for (std::vector<KnownRun>& of_one : known) {
      writers.emplace_back([this, &of_one] { WriteUntilKilled(*Connect(server_), of_one); });
    }
    // Not a wait for anything: the moment of the kill is what is drawn.
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random_() % 300));
    server_.Kill();
    for (std::thread& writer : writers) writer.join();
    checked_ = runs_.size();
    for (const auto& of_one : known) runs_.insert(runs_.end(), of_one.begin(), of_one.end());
  }

  void ExpectWhatIsNew() { ExpectRuns(*Connect(server_), runs_, checked_); }

  void ExpectAll(int kills) {
    ExpectRuns(*Connect(server_), runs_, 0);
    grpc::ClientContext context;
    v1::CountRunsRequest request;
    request.add_parents("experiments/0");
    v1::CountRunsResponse response;
    ASSERT_THAT(Connect(server_)->CountRuns(&context, request, &response), IsOk());
    const auto known = static_cast<int64_t>(runs_.size());
    EXPECT_GE(response.run_count(), known);
    // Each writer may have had one that nobody answered.
    EXPECT_LE(response.run_count(), known + kills * static_cast<int64_t>(kWriters));
  }

  void Report(int kills) const {
    const int64_t p99 = Percentile(start_millis_, 99);
    std::cout << "kills=" << kills << " runs=" << runs_.size()
              << " start_ms p50=" << Percentile(start_millis_, 50) << " p99=" << p99
              << " max=" << Percentile(start_millis_, 100) << std::endl;
    if (kills >= kLongForm) {
      EXPECT_LE(p99, kLongestStartMillis);
    }
  }

 private:
  const TempFolder folder_;
  ServerProcess server_;
  std::mt19937_64 random_{1};
  std::vector<KnownRun> runs_;
  size_t checked_ = 0;
  std::vector<int64_t> start_millis_;
};

TEST(KillDrill, EverythingAcknowledgedUnderSixteenWritersIsThereAfterEachStart) {
  Drill drill;
  ASSERT_NO_FATAL_FAILURE(drill.Start());
  for (int kill = 0; kill < Kills(); ++kill) {
    SCOPED_TRACE(kill);
    drill.WriteAndKill();
    ASSERT_NO_FATAL_FAILURE(drill.Start());
    ASSERT_NO_FATAL_FAILURE(drill.ExpectWhatIsNew());
  }
  drill.ExpectAll(Kills());
  drill.Report(Kills());
}

}  // namespace
}  // namespace cairn
