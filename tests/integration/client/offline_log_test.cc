// Offline logs against the real server: whoever is killed, every point is stored once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/metric_writer.h"
#include "tests/integration/client/run_fixture.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using client::MetricWriter;
using client::MetricWriterOptions;
using std::chrono::milliseconds;
using testing::IsOk;
using testing::ProgramPath;

class OfflineLogTest : public RunFixture {
 protected:
  std::unique_ptr<MetricWriter> StartWriter(client::Client& client) const {
    auto writer = MetricWriter::Start(
        client.transport(),
        {.run = run_, .batch_points = 10, .patience = milliseconds(0), .offline_log = log_});
    EXPECT_THAT(writer, IsOk());
    return writer.ok() ? *std::move(writer) : nullptr;
  }

  static void Log(MetricWriter& writer, int64_t from, int64_t to) {
    for (int64_t step = from; step < to; ++step) {
      ASSERT_THAT(writer.Log("loss", step, static_cast<double>(step) / 3, 1000 + step), IsOk());
    }
  }

  // The points that the server has: how many were logged, and their steps in order. The
  // count of the summary counts a batch that was taken twice twice.
  void ExpectExactly(int64_t points) const {
    const auto client = Connect();
    v1::GetRunRequest get;
    get.set_name(run_);
    const auto run = client->tracking().GetRun(get);
    ASSERT_THAT(run, IsOk());
    ASSERT_EQ(run->metrics_size(), points == 0 ? 0 : 1);
    if (points == 0) return;
    EXPECT_EQ(run->metrics(0).point_count(), points);
    EXPECT_EQ(run->metrics(0).latest().step(), points - 1);
    v1::ReadMetricsRequest read;
    read.set_run(run_);
    read.set_key("loss");
    int64_t next = 0;
    const absl::Status status = client->tracking().ReadMetrics(read, [&](const auto& part) {
      for (int i = 0; i < part.steps_size(); ++i, ++next) {
        EXPECT_EQ(part.steps(i), next);
        EXPECT_EQ(part.times_unix_millis(i), 1000 + next);
        EXPECT_EQ(part.values(i), static_cast<double>(next) / 3);
      }
      return !HasFailure();
    });
    ASSERT_THAT(status, IsOk());
    EXPECT_EQ(next, points);
  }

  const std::string log_ = folder_ / "metrics.log";
};

TEST_F(OfflineLogTest, AServerKilledInTheMiddleGetsEveryPointOnceByReplay) {
  {
    const auto client = Connect();
    const auto writer = StartWriter(*client);
    Log(*writer, 0, 5000);
    ASSERT_TRUE(testing::Eventually([&] { return writer->acknowledged_points() >= 1000; }));
    server_.Kill();
    Log(*writer, 5000, 8000);
    ASSERT_THAT(writer->Finish(), IsOk());
    EXPECT_EQ(writer->acknowledged_points() + writer->waiting_points(), 8000);
    EXPECT_GT(writer->waiting_points(), 0);
  }
  ASSERT_TRUE(server_.Start());
  const auto client = Connect();
  const auto replayed = client::ReplayMetricLog(client->transport(), log_);
  ASSERT_THAT(replayed, IsOk());
  EXPECT_FALSE(std::filesystem::exists(log_));
  ExpectExactly(8000);
}

TEST_F(OfflineLogTest, AServerKilledDuringTheReplayGetsTheRestByTheNext) {
  server_.Kill();
  {
    const auto client = Connect();
    Log(*StartWriter(*client), 0, 60'000);
  }
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(server_.Start());
    const auto client = Connect();
    client::ReplayOptions options{.patience = milliseconds(0)};
    options.on_progress = [this, round](int64_t acknowledged, int64_t) {
      if (acknowledged > 5000 * (round + 1) && server_.pid() > 0) ::kill(server_.pid(), SIGKILL);
    };
    const auto replayed = client::ReplayMetricLog(client->transport(), log_, options);
    if (replayed.ok()) break;  // it was quicker than the signal
    EXPECT_TRUE(std::filesystem::exists(log_));
    server_.Kill();
  }
  server_.Kill();
  ASSERT_TRUE(server_.Start());
  if (std::filesystem::exists(log_)) {
    const auto client = Connect();
    const auto replayed = client::ReplayMetricLog(client->transport(), log_);
    ASSERT_THAT(replayed, IsOk());
  }
  ExpectExactly(60'000);
}

TEST_F(OfflineLogTest, TheNextProcessSendsWhatTheLastOneLeftAndThenItsOwn) {
  server_.Kill();
  {
    const auto client = Connect();
    Log(*StartWriter(*client), 0, 1005);
  }
  ASSERT_TRUE(server_.Start());
  const auto client = Connect();
  auto writer = MetricWriter::Start(client->transport(), {.run = run_, .offline_log = log_});
  ASSERT_THAT(writer, IsOk());
  Log(**writer, 1005, 2000);
  ASSERT_THAT((*writer)->Finish(), IsOk());
  EXPECT_FALSE(std::filesystem::exists(log_));
  ExpectExactly(2000);
}

// Runs mlctl and kills it once it has written `bytes` of its log; false if it ended before.
bool RunAndKill(const std::vector<std::string>& arguments, const std::string& log, int64_t bytes) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) return false;
  int status = 0;
  const bool ended = testing::Eventually(
      [&] {
        struct stat info {};
        if (::stat(log.c_str(), &info) == 0 && info.st_size >= bytes) ::kill(pid, SIGKILL);
        return ::waitpid(pid, &status, WNOHANG) != 0;
      },
      {.pause = std::chrono::microseconds(50)});  // a run writes its log in milliseconds
  return ended && WIFSIGNALED(status);
}

TEST_F(OfflineLogTest, AProcessKilledInTheMiddleLosesNoBatchAndDoublesNone) {
  std::string lines;
  for (int64_t step = 0; step < 400'000; ++step) {
    // A third as the shortest text that reads back as the same number.
    char line[128];
    std::snprintf(line, sizeof(line),
                  "{\"key\":\"loss\",\"step\":%lld,\"value\":%.17g,\"time\":%lld}\n",
                  static_cast<long long>(step), static_cast<double>(step) / 3,
                  1000 + static_cast<long long>(step));
    lines += line;
  }
  ASSERT_THAT(WriteFileAtomically(folder_ / "metrics.jsonl", lines), IsOk());
  ASSERT_TRUE(
      RunAndKill({ProgramPath("mlctl"), "log", "metrics", run_, "-q", "--server",
                  server_.grpc_address(), "-f", folder_ / "metrics.jsonl", "--offline-log", log_},
                 log_, 200'000));
  const auto client = Connect();
  ASSERT_TRUE(std::filesystem::exists(log_));
  const auto replayed = client::ReplayMetricLog(client->transport(), log_);
  ASSERT_THAT(replayed, IsOk());
  v1::GetRunRequest get;
  get.set_name(run_);
  const auto run = client->tracking().GetRun(get);
  ASSERT_TRUE(run.ok() && run->metrics_size() == 1);
  EXPECT_GT(run->metrics(0).point_count(), 5000);
  EXPECT_LT(run->metrics(0).point_count(), 400'000);
  ExpectExactly(run->metrics(0).point_count());
}

}  // namespace
}  // namespace cairn
