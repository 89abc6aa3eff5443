// What was acknowledged is there after the server was killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/ids.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/tally.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;

std::unique_ptr<client::Client> Connect(const ServerProcess& server) {
  client::ConnectOptions options;
  options.address = server.grpc_address();
  auto connected = client::Client::Connect(options);
  EXPECT_THAT(connected, IsOk());
  return *std::move(connected);
}

// What one writer was told is durable.
struct Acknowledged {
  std::vector<std::string> runs;                 // names
  std::map<std::string, int64_t> points;         // run name → points of "loss"
  std::map<std::string, std::string> artifacts;  // run name → content
};

// Logs run after run until a call fails.
Acknowledged WriteUntilItFails(client::Client& client, int writer, testing::Tally& runs) {
  Acknowledged done;
  for (int i = 0;; ++i) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    (*create.mutable_run()->mutable_params())["writer"] = std::to_string(writer);
    const auto run = client.tracking().CreateRun(create);
    if (!run.ok()) return done;
    done.runs.push_back(run->name());
    runs.Add();

    v1::LogBatchRequest batch;
    batch.set_run(run->name());
    auto* loss = batch.add_metrics();
    loss->set_key("loss");
    for (int step = 0; step < 10; ++step) {
      loss->add_steps(step);
      loss->add_values(1.0 / (1 + step));
    }
    if (!client.tracking().LogBatch(batch).ok()) return done;
    done.points[run->name()] = 10;

    const std::string content =
        "model " + run->name() + std::string(static_cast<size_t>(i % 7) * 20'000, 'x');
    if (!client::UploadArtifacts(client, run->name(),
                                 {client::UploadItem::Bytes("model/m.bin", content)})
             .ok()) {
      return done;
    }
    done.artifacts[run->name()] = content;
  }
}

void ExpectThere(client::Client& client, const Acknowledged& done) {
  for (const std::string& name : done.runs) {
    v1::GetRunRequest get;
    get.set_name(name);
    const auto run = client.tracking().GetRun(get);
    ASSERT_THAT(run, IsOk()) << name;
    if (done.points.count(name) == 0) continue;
    ASSERT_EQ(run->metrics_size(), 1) << name;
    EXPECT_EQ(run->metrics(0).point_count(), 10);
    int64_t points = 0;
    v1::ReadMetricsRequest read;
    read.set_run(name);
    read.set_key("loss");
    ASSERT_THAT(client.tracking().ReadMetrics(read,
                                              [&](const auto& part) {
                                                points += part.values_size();
                                                return true;
                                              }),
                IsOk());
    EXPECT_EQ(points, 10) << name;
  }
  for (const auto& [name, content] : done.artifacts) {
    const auto files = client.artifacts().ListAllArtifacts(name);
    ASSERT_THAT(files, IsOk());
    ASSERT_EQ(files->size(), 1u) << name;
    const auto digest = client::FromWire((*files)[0].digest());
    ASSERT_THAT(digest, IsOk());
    const auto bytes = client.artifacts().ReadBlobToString(*digest);
    ASSERT_THAT(bytes, IsOk());
    EXPECT_EQ(*bytes, content) << name;
  }
}

TEST(DurabilityTest, EverythingAcknowledgedSurvivesKillsUnderLoad) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  constexpr int kWriters = 8;
  std::vector<Acknowledged> all;
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    ASSERT_TRUE(server.Start());
    testing::Tally runs;
    std::vector<Acknowledged> done(kWriters);
    std::vector<std::thread> writers;
    const auto client = Connect(server);
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back(
          [&, w] { done[static_cast<size_t>(w)] = WriteUntilItFails(*client, w, runs); });
    }
    runs.WaitFor(40 * (round + 1));
    server.Kill();
    client->Cancel();
    for (std::thread& writer : writers) writer.join();
    all.insert(all.end(), done.begin(), done.end());

    ASSERT_TRUE(server.Start());
    const auto again = Connect(server);
    for (const Acknowledged& acknowledged : all) ExpectThere(*again, acknowledged);
    EXPECT_EQ(server.Stop(), 0);
  }
}

TEST(DurabilityTest, ARepeatedRequestGetsTheFirstAnswerAlsoAfterARestart) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  create.set_request_id(SystemIds().NewUuid4());
  const auto first = Connect(server)->tracking().CreateRun(create);
  ASSERT_THAT(first, IsOk());
  server.Kill();
  ASSERT_TRUE(server.Start());
  const auto client = Connect(server);
  const auto second = client->tracking().CreateRun(create);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->name(), first->name());
  EXPECT_EQ(second->etag(), first->etag());
  v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  const auto runs = client->tracking().ListRuns(list);
  ASSERT_THAT(runs, IsOk());
  EXPECT_EQ(runs->runs_size(), 1);
}

TEST(DurabilityTest, AMetricBatchSentTwiceIsStoredOnce) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  const auto client = Connect(server);
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  const auto run = client->tracking().CreateRun(create);
  ASSERT_THAT(run, IsOk());
  v1::LogMetricsRequest batch;
  batch.set_run(run->name());
  batch.set_batch_number(1);
  batch.set_writer_id(SystemIds().NewUuid4());
  auto* columns = batch.add_metrics();
  columns->set_key("loss");
  columns->add_steps(1);
  columns->add_values(0.5);
  for (int i = 0; i < 2; ++i) {
    const auto answer = client->tracking().LogMetrics({batch});
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->acknowledged_batch_number(), 1);
  }
  v1::GetRunRequest get;
  get.set_name(run->name());
  const auto after = client->tracking().GetRun(get);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->metrics(0).point_count(), 1);
}

// The steps of a curve.
std::vector<int64_t> StepsOf(client::Client& client, const std::string& run,
                             const std::string& metric) {
  std::vector<int64_t> steps;
  v1::ReadMetricsRequest read;
  read.set_run(run);
  read.set_key(metric);
  const auto add = [&](const v1::MetricColumns& part) {
    steps.insert(steps.end(), part.steps().begin(), part.steps().end());
    return true;
  };
  EXPECT_THAT(client.tracking().ReadMetrics(read, add), IsOk());
  return steps;
}

TEST(DurabilityTest, ManyMetricsAtOnceAreThereForEveryReaderAfterAKill) {
  constexpr int kMetrics = 1000;
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  auto client = Connect(server);
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  const auto run = client->tracking().CreateRun(create);
  ASSERT_THAT(run, IsOk());
  // Enough for the compactor to spread some of them while others wait.
  constexpr int kSteps = 60;
  for (int step = 0; step < kSteps; ++step) {
    v1::LogBatchRequest batch;
    batch.set_run(run->name());
    for (int i = 0; i < kMetrics; ++i) {
      auto* columns = batch.add_metrics();
      columns->set_key("layer/" + std::to_string(i));
      columns->add_steps(step);
      columns->add_values(i + step);
    }
    ASSERT_THAT(client->tracking().LogBatch(batch), IsOk());
  }
  for (int round = 0; round < 2; ++round) {
    v1::GetRunRequest get;
    get.set_name(run->name());
    const auto after = client->tracking().GetRun(get);
    ASSERT_THAT(after, IsOk());
    ASSERT_EQ(after->metrics_size(), kMetrics);
    for (const auto& metric : after->metrics()) {
      ASSERT_EQ(metric.point_count(), kSteps) << metric.key();
      ASSERT_EQ(metric.latest().step(), kSteps - 1);
      ASSERT_EQ(metric.max() - metric.min(), kSteps - 1);
    }
    const auto steps = StepsOf(*client, run->name(), "layer/7");
    ASSERT_EQ(steps.size(), static_cast<size_t>(kSteps));
    EXPECT_EQ(steps.back(), kSteps - 1);
    v1::SearchRunsRequest search;
    search.set_filter("metrics.`layer/999` = 1058 AND metrics_min.`layer/0` = 0");
    const auto found = client->tracking().SearchRuns(search);
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->runs_size(), 1);
    server.Kill();
    ASSERT_TRUE(server.Start());
    client = Connect(server);
  }
}

}  // namespace
}  // namespace cairn
