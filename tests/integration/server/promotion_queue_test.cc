// Promotions that come together, over real sockets: they take turns and hold up nobody else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::Eventually;
using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;
using v1::Decision;

class PromotionQueueTest : public ::testing::Test {
 protected:
  static constexpr const char* kQueuedChannel = "models/m/channels/production";
  static constexpr int kVersions = 20;
  static constexpr int kChecks = 12;
  static constexpr int kPromotions = 100;
  using Result = absl::StatusOr<Decision>;

  void Start(const std::vector<std::string>& flags = {}) {
    server_ = std::make_unique<ServerProcess>(folder_ / "store", flags);
    ASSERT_TRUE(server_->Start());
    client::ConnectOptions options;
    options.address = server_->grpc_address();
    options.backoff.max_attempts = 1;  // what one call is told
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
  }

  // A policy of twelve gates, and versions that all pass it.
  void Fill() {
    std::string metrics = "  metrics:\n";
    std::string gates = "  gates:\n";
    for (int i = 0; i < kChecks; ++i) {
      metrics += fmt::format("    m{}: {{direction: higher}}\n", i);
      gates += fmt::format("    - {{id: g{0}, metric: m{0}, pass: '>= {0}'}}\n", i);
    }
    v1::ApplyPolicyRequest apply;
    apply.set_source(
        "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: p}\nspec:\n"
        "  target: {model: m, channel: production}\n  evidence: {trust: reported}\n" +
        metrics + gates + "  choose: {order: [{metric: m0}]}\n");
    ASSERT_THAT(client_->promotion().ApplyPolicy(apply), IsOk());
    dataset_ = PutDataset();
    client::Uploader uploader(*client_);
    const auto files = uploader.Upload({client::UploadItem::Bytes("model.bin", "model")});
    ASSERT_THAT(files, IsOk());
    for (int i = 0; i < kVersions; ++i) ASSERT_THAT(Register(files->front(), i), IsOk());
  }

  std::string PutDataset() {
    client::Uploader uploader(*client_);
    const auto files = uploader.Upload({client::UploadItem::Bytes("data.csv", "data")});
    EXPECT_THAT(files, IsOk());
    v1::CreateDatasetVersionRequest request;
    request.set_parent("datasets/d");
    *request.mutable_dataset_version()->add_files() = files->front();
    return client_->datasets().CreateDatasetVersion(request)->name();
  }

  absl::Status Register(const v1::ArtifactFile& file, int number) {
    v1::CreateModelVersionRequest request;
    request.set_parent("models/m");
    *request.mutable_model_version()->add_files() = file;
    request.mutable_model_version()->set_evaluation_space("space");
    request.mutable_model_version()->set_feature_schema("schema");
    auto& evaluation = *request.add_evaluations();
    evaluation.set_dataset_version(dataset_);
    for (int i = 0; i < kChecks; ++i) {
      auto* value = evaluation.add_values();
      value->set_metric(fmt::format("m{}", i));
      value->set_value(i + number);
    }
    return client_->registry().CreateModelVersion(request).status();
  }

  // Begins so many promotions of the one channel at the same time.
  void PromoteTogether() {
    results_.assign(kPromotions, absl::UnknownError("not answered"));
    for (Result& result : results_) {
      callers_.emplace_back([this, &result] {
        v1::PromoteRequest request;
        request.set_name(kQueuedChannel);
        result = client_->promotion().Promote(request);
      });
    }
  }

  void Join() {
    for (std::thread& caller : callers_) caller.join();
    callers_.clear();
  }

  int Count(Decision::Outcome outcome) const {
    int count = 0;
    for (const Result& result : results_) count += result.ok() && result->outcome() == outcome;
    return count;
  }

  int64_t Gauge(const std::string& name) const {
    const std::string text = testing::HttpGet(server_->http_address(), "/metrics");
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + name.size() + 2);
  }

  int64_t Epoch() {
    v1::GetChannelRequest request;
    request.set_name(kQueuedChannel);
    const auto channel = client_->registry().GetChannel(request);
    EXPECT_THAT(channel, IsOk());
    return channel.ok() ? channel->epoch() : -1;
  }

  const TempFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<client::Client> client_;
  std::string dataset_;
  std::vector<Result> results_;
  std::vector<std::thread> callers_;
};

TEST_F(PromotionQueueTest, AHundredOfOneChannelTakeTurnsAndOtherCallsStayAnswered) {
  Start();
  Fill();
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  const std::string run = client_->tracking().CreateRun(create)->name();
  PromoteTogether();
  for (int i = 0; i < 50; ++i) {
    v1::GetRunRequest get;
    get.set_name(run);
    EXPECT_THAT(client_->tracking().GetRun(get), IsOk());
  }
  Join();
  for (const Result& result : results_) EXPECT_THAT(result, IsOk()) << "nobody lost a race";
  EXPECT_EQ(Count(Decision::PROMOTED), 1);
  EXPECT_EQ(Count(Decision::NO_CHANGE), kPromotions - 1);
  EXPECT_EQ(Epoch(), 1);
  EXPECT_EQ(Gauge("cairn_promotion_wait_seconds_count"), kPromotions);
  EXPECT_EQ(Gauge("cairn_promotions_waiting"), 0);
  EXPECT_EQ(Gauge("cairn_promotion_channels"), 0);
}

TEST_F(PromotionQueueTest, AStopServesThoseWhoWait) {
  Start({"--drain-millis", "60000"});
  Fill();
  PromoteTogether();
  EXPECT_TRUE(Eventually([this] { return Gauge("cairn_promotions_waiting") > 5; },
                         {.pause = std::chrono::milliseconds(1)}));
  EXPECT_EQ(server_->Stop(), 0);
  Join();
  for (const Result& result : results_) {
    if (result.ok()) continue;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable)
        << "only one that came too late is not served: " << result.status();
  }
  EXPECT_EQ(Count(Decision::PROMOTED), 1);
  EXPECT_GT(Count(Decision::NO_CHANGE), 0);
}

TEST_F(PromotionQueueTest, AStopWithoutTimeTellsThoseWhoWaitAndLosesNothing) {
  Start({"--drain-millis", "0"});
  Fill();
  PromoteTogether();
  EXPECT_TRUE(Eventually([this] { return Gauge("cairn_promotions_waiting") > 5; },
                         {.pause = std::chrono::milliseconds(1)}));
  EXPECT_EQ(server_->Stop(), 0);
  Join();
  int told = 0;
  for (const Result& result : results_) {
    if (result.ok()) continue;
    ++told;
    EXPECT_THAT(result.status().code(),
                ::testing::AnyOf(absl::StatusCode::kUnavailable, absl::StatusCode::kCancelled))
        << result.status();
  }
  EXPECT_GT(told, 0);
  const int promoted = Count(Decision::PROMOTED);
  Start();
  EXPECT_GE(Epoch(), promoted) << "what was answered is there";
}

}  // namespace
}  // namespace cairn
