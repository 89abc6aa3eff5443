// Stores of every released format open in this build and hold what was put in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "lib/client/client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

class StoreFixtureTest : public ::testing::TestWithParam<const char*> {};

TEST_P(StoreFixtureTest, OpensWithEverythingInIt) {
  const TempFolder folder;
  const std::string archive = std::string(CAIRN_SOURCE_DIR "/tests/fixtures/") + GetParam();
  const auto unpacked =
      RunProgram({"/usr/bin/env", "tar", "--zstd", "-xf", archive, "-C", folder.path()});
  ASSERT_EQ(unpacked.exit_code, 0) << unpacked.output;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  client::ConnectOptions options;
  options.address = server.grpc_address();
  const auto client = *client::Client::Connect(options);

  const auto found = client->tracking().SearchRuns({});
  ASSERT_THAT(found, IsOk());
  ASSERT_EQ(found->runs_size(), 1);
  const v1::Run& run = found->runs(0);
  EXPECT_EQ(run.state(), v1::Run::SUCCEEDED);
  EXPECT_EQ(run.params().at("k"), "4");
  EXPECT_EQ(run.tags().at("kind"), "fixture");
  std::map<std::string, v1::MetricSummary> metrics;
  for (const auto& metric : run.metrics()) metrics[metric.key()] = metric;
  EXPECT_EQ(metrics["silhouette"].latest().value(), 0.31);
  EXPECT_EQ(metrics["silhouette"].point_count(), 2);

  v1::GetModelVersionRequest get;
  get.set_name("models/customer-segments/aliases/champion");
  const auto version = client->registry().GetModelVersion(get);
  ASSERT_THAT(version, IsOk());
  const auto digest = client::FromWire(version->files(0).digest());
  ASSERT_THAT(digest, IsOk());
  EXPECT_EQ(*client->artifacts().ReadBlobToString(*digest), std::string(100'000, 'm'));

  v1::ListEvaluationsRequest list;
  list.set_parent(version->name());
  const auto measured = client->evaluations().ListEvaluations(list);
  ASSERT_THAT(measured, IsOk());
  ASSERT_EQ(measured->evaluations_size(), 1);
  const v1::Evaluation& evaluation = measured->evaluations(0);
  EXPECT_EQ(evaluation.source(), v1::Evaluation::REPORTED);
  EXPECT_EQ(evaluation.dataset_version(), "datasets/retail-features/versions/1");
  EXPECT_EQ(evaluation.version_sha256(), version->sha256());
  std::map<std::string, double> values;
  for (const auto& value : evaluation.values()) values[value.metric()] = value.value();
  EXPECT_EQ(values,
            (std::map<std::string, double>{
                {"silhouette", 0.31}, {"davies_bouldin", 1.2}, {"min_cluster_share", 0.1}}));

  v1::GetChannelRequest channel;
  channel.set_name("models/customer-segments/channels/production");
  EXPECT_EQ(client->registry().GetChannel(channel)->version(), version->name());
  v1::PromoteRequest promote;
  promote.set_name(channel.name());
  const auto decision = client->promotion().Promote(promote);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), v1::Decision::NO_CHANGE);
  EXPECT_EQ(server.Stop(), 0);

  // What was migrated is not migrated again.
  ServerProcess again(folder / "store");
  ASSERT_TRUE(again.Start());
  options.address = again.grpc_address();
  const auto later = *client::Client::Connect(options);
  EXPECT_EQ(later->evaluations().ListEvaluations(list)->evaluations_size(), 1);
  EXPECT_EQ(later->registry().GetModelVersion(get)->etag(), version->etag());
  EXPECT_EQ(again.Stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, StoreFixtureTest, ::testing::Values("store-format-1.tar.zst"),
                         [](const auto&) { return std::string("Format1"); });

}  // namespace
}  // namespace cairn
