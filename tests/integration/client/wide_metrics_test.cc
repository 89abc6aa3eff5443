// More metrics than a message may have, against the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/metric_writer.h"
#include "tests/integration/client/run_fixture.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using client::MetricWriter;
using testing::IsOk;
using testing::ProgramPath;

constexpr int kMetrics = 2500;

class WideMetricsTest : public RunFixture {
 protected:
  // Every metric has one point.
  void ExpectAllThere() const {
    v1::GetRunRequest get;
    get.set_name(run_);
    const auto run = Connect()->tracking().GetRun(get);
    ASSERT_THAT(run, IsOk());
    ASSERT_EQ(run->metrics_size(), kMetrics);
    for (const auto& metric : run->metrics()) EXPECT_EQ(metric.point_count(), 1) << metric.key();
  }

  static void LogAll(MetricWriter& writer) {
    for (int metric = 0; metric < kMetrics; ++metric) {
      const absl::Status logged = writer.Log(fmt::format("m{:04}", metric), 0, metric);
      ASSERT_THAT(logged, IsOk());
    }
  }
};

TEST_F(WideMetricsTest, TheWriterSendsThemInSeveralBatches) {
  const auto client = Connect();
  auto writer = MetricWriter::Start(
      client->transport(),
      {.run = run_, .batch_points = 100'000, .flush_interval = std::chrono::hours(1)});
  ASSERT_THAT(writer, IsOk());
  LogAll(**writer);
  const absl::Status finished = (*writer)->Finish();
  ASSERT_THAT(finished, IsOk());
  ExpectAllThere();
}

TEST_F(WideMetricsTest, AnOfflineLogOfThemCanBeReplayed) {
  server_.Kill();
  const std::string log = folder_ / "metrics.log";
  {
    const auto client = Connect();
    auto writer =
        MetricWriter::Start(client->transport(), {.run = run_,
                                                  .batch_points = 100'000,
                                                  .flush_interval = std::chrono::hours(1),
                                                  .patience = std::chrono::milliseconds(0),
                                                  .offline_log = log});
    ASSERT_THAT(writer, IsOk());
    LogAll(**writer);
    ASSERT_THAT((*writer)->Finish(), IsOk());
  }
  ASSERT_TRUE(server_.Start());
  const auto client = Connect();
  const auto replayed = client::ReplayMetricLog(client->transport(), log);
  ASSERT_THAT(replayed, IsOk());
  EXPECT_EQ(replayed->points, kMetrics);
  EXPECT_FALSE(std::filesystem::exists(log));
  ExpectAllThere();
}

TEST_F(WideMetricsTest, MlctlLogsAFileOfThem) {
  std::string lines;
  for (int metric = 0; metric < kMetrics; ++metric) lines += fmt::format("m{:04}=0.5\n", metric);
  const std::string file = folder_ / "metrics.txt";
  ASSERT_THAT(WriteFileAtomically(file, lines), IsOk());
  const auto result = testing::RunProgram({ProgramPath("mlctl"), "--server", server_.grpc_address(),
                                           "log", "metric", run_, "@" + file});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  ExpectAllThere();
}

}  // namespace
}  // namespace cairn
