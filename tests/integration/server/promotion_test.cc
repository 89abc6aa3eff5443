// Promotion over real sockets: the shipped policy, repetition and races.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;

constexpr const char* kChannel = "models/customer-segments/channels/production";

struct Quality {
  int k;
  double silhouette;
  double davies_bouldin;
  double min_cluster_share;
};

class PromotionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
    dataset_ = PutDataset("customers");
    const auto source = ReadFile(CAIRN_SOURCE_DIR "/tests/fixtures/policies/reported.yaml");
    ASSERT_THAT(source, IsOk());
    v1::ApplyPolicyRequest apply;
    apply.set_source(*source);
    const auto applied = client_->promotion().ApplyPolicy(apply);
    ASSERT_THAT(applied, IsOk());
    EXPECT_EQ(applied->change(), v1::ApplyPolicyResponse::CREATED);
  }

  std::vector<v1::ArtifactFile> Put(const std::string& path, const std::string& bytes) {
    client::Uploader uploader(*client_);
    const auto files = uploader.Upload({client::UploadItem::Bytes(path, bytes)});
    EXPECT_THAT(files, IsOk());
    return *files;
  }

  std::string PutDataset(const std::string& bytes) {
    v1::CreateDatasetVersionRequest request;
    request.set_parent("datasets/retail-features");
    for (const auto& file : Put("features.csv", bytes)) {
      *request.mutable_dataset_version()->add_files() = file;
    }
    const auto version = client_->datasets().CreateDatasetVersion(request);
    EXPECT_THAT(version, IsOk());
    return version->name();
  }

  std::string Register(const Quality& quality) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    (*create.mutable_run()->mutable_params())["k"] = std::to_string(quality.k);
    create.mutable_run()->add_inputs()->set_dataset_version(dataset_);
    const auto run = client_->tracking().CreateRun(create);
    EXPECT_THAT(run, IsOk());
    v1::FinishRunRequest finish;
    finish.set_name(run->name());
    EXPECT_THAT(client_->tracking().FinishRun(finish), IsOk());
    v1::CreateModelVersionRequest request;
    request.set_parent("models/customer-segments");
    auto& version = *request.mutable_model_version();
    version.set_run(run->name());
    version.set_evaluation_space("space");
    version.set_feature_schema("schema");
    for (const auto& file : Put("model.bin", "model " + run->uid())) *version.add_files() = file;
    auto& evaluation = *request.add_evaluations();
    evaluation.set_dataset_version(dataset_);
    const auto add = [&](const char* metric, double value) {
      auto* measured = evaluation.add_values();
      measured->set_metric(metric);
      measured->set_value(value);
    };
    add("silhouette", quality.silhouette);
    add("davies_bouldin", quality.davies_bouldin);
    add("min_cluster_share", quality.min_cluster_share);
    const auto created = client_->registry().CreateModelVersion(request);
    EXPECT_THAT(created, IsOk());
    return created->name();
  }

  absl::StatusOr<v1::Decision> Promote(bool dry_run = false) {
    v1::PromoteRequest request;
    request.set_name(kChannel);
    request.set_validate_only(dry_run);
    return client_->promotion().Promote(request);
  }

  int DecisionCount() {
    v1::ListDecisionsRequest request;
    request.set_parent(kChannel);
    return client_->promotion().ListDecisions(request)->decisions_size();
  }

  v1::Channel Channel() {
    v1::GetChannelRequest request;
    request.set_name(kChannel);
    return *client_->registry().GetChannel(request);
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<client::Client> client_;
  std::string dataset_;
};

TEST_F(PromotionTest, ADustSegmentIsRefusedByTheNameOfTheGate) {
  const std::string trap = Register({2, 0.857, 0.92, 0.0057});
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), v1::Decision::REFUSED);
  EXPECT_EQ(decision->verdict(), v1::FAIL);
  std::set<std::string> failed;
  for (const auto& check : decision->candidates(0).checks()) {
    if (check.verdict() == v1::FAIL) failed.insert(check.id());
  }
  EXPECT_EQ(failed, (std::set<std::string>{"business-k", "no-dust-segments"}));
  EXPECT_EQ(Channel().epoch(), 0);
  EXPECT_EQ(Channel().version(), "");
}

TEST_F(PromotionTest, AGoodModelBecomesProductionAndRepeatingMovesNothing) {
  Register({2, 0.857, 0.92, 0.0057});
  const std::string good = Register({4, 0.26, 1.2, 0.1});
  EXPECT_FALSE(Promote(/*dry_run=*/true)->committed());
  EXPECT_EQ(DecisionCount(), 0);

  const auto first = Promote();
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->outcome(), v1::Decision::PROMOTED);
  EXPECT_EQ(first->chosen_version(), good);
  EXPECT_EQ(Channel().version(), good);
  EXPECT_EQ(Channel().epoch(), 1);
  EXPECT_EQ(Channel().decision(), first->name());

  const auto second = Promote();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->outcome(), v1::Decision::NO_CHANGE);
  EXPECT_EQ(DecisionCount(), 2);
  for (int i = 0; i < 3; ++i) {
    const auto again = Promote();
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->name(), second->name());
  }
  EXPECT_EQ(DecisionCount(), 2);
  EXPECT_EQ(Channel().epoch(), 1);
  EXPECT_EQ(second->previous_audit_sha256(), "");
  EXPECT_EQ(first->previous_audit_sha256(), "");
}

TEST_F(PromotionTest, OfRacingPromotionsExactlyOneMovesTheChannel) {
  const std::string good = Register({4, 0.26, 1.2, 0.1});
  constexpr int kRacers = 8;
  std::vector<absl::StatusOr<v1::Decision>> results(kRacers, absl::UnknownError("not run"));
  std::vector<std::thread> racers;
  for (auto& result : results) racers.emplace_back([&] { result = Promote(); });
  for (std::thread& racer : racers) racer.join();
  int promoted = 0;
  for (const auto& result : results) {
    if (result.ok()) {
      promoted += result->outcome() == v1::Decision::PROMOTED ? 1 : 0;
      continue;
    }
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kAborted));
    EXPECT_EQ(ReasonOf(result.status()), "EPOCH_MISMATCH");
    EXPECT_EQ(MetadataOf(result.status(), "currentEpoch"), "1");
    EXPECT_EQ(MetadataOf(result.status(), "version"), good);
  }
  EXPECT_EQ(promoted, 1);
  EXPECT_EQ(Channel().epoch(), 1);
}

TEST_F(PromotionTest, AnExpectedEpochThatIsGoneIsAbortedAndNamesTheDecision) {
  Register({4, 0.26, 1.2, 0.1});
  const auto first = Promote();
  ASSERT_THAT(first, IsOk());
  v1::PromoteRequest request;
  request.set_name(kChannel);
  request.set_expected_epoch(0);
  const auto late = client_->promotion().Promote(request);
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(MetadataOf(late.status(), "decision"), first->name());
}

TEST_F(PromotionTest, LineageLeadsFromTheDataToTheChannel) {
  const std::string good = Register({4, 0.26, 1.2, 0.1});
  ASSERT_THAT(Promote(), IsOk());
  v1::GetLineageRequest request;
  request.set_name(dataset_);
  request.set_direction(v1::GetLineageRequest::DOWNSTREAM);
  const auto lineage = client_->datasets().GetLineage(request);
  ASSERT_THAT(lineage, IsOk());
  std::set<std::string> names;
  for (const auto& node : lineage->nodes()) names.insert(node.name());
  EXPECT_TRUE(names.count(good));
  EXPECT_TRUE(names.count(kChannel));
}

TEST_F(PromotionTest, AnUnknownFieldInAPolicyIsRefusedWithItsPlace) {
  v1::ApplyPolicyRequest apply;
  apply.set_source(
      "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata:\n  name: p\nspec:\n  gatez: []\n");
  const auto applied = client_->promotion().ApplyPolicy(apply);
  EXPECT_THAT(applied, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(applied.status()), "POLICY_INVALID");
  EXPECT_EQ(MetadataOf(applied.status(), "line"), "6");
  EXPECT_EQ(MetadataOf(applied.status(), "column"), "3");
}

TEST_F(PromotionTest, WhatWasServedReadsBackAfterARestart) {
  struct Seen {
    v1::Channel channel;
    int64_t unix_nanos = 0;
  };
  std::vector<Seen> seen;
  for (int i = 0; i < 3; ++i) {
    Register({4, 0.26 + 0.05 * i, 1.2, 0.1});
    ASSERT_EQ(Promote()->outcome(), v1::Decision::PROMOTED);
    seen.push_back({Channel(), SystemClock().NowUnixNanos()});
  }
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_TRUE(server_.Start());
  client::ConnectOptions options;
  options.address = server_.grpc_address();
  const auto again = client::Client::Connect(options);
  ASSERT_THAT(again, IsOk());
  for (const Seen& then : seen) {
    v1::GetChannelRequest request;
    request.set_name(kChannel);
    // The etag is the revision in quotes, to the base of 36.
    const std::string& etag = then.channel.etag();
    request.set_as_of_revision(std::stoll(etag.substr(1), nullptr, 36));
    const auto by_revision = (*again)->registry().GetChannel(request);
    ASSERT_THAT(by_revision, IsOk());
    EXPECT_EQ(by_revision->SerializeAsString(), then.channel.SerializeAsString());
    request.clear_as_of_revision();
    *request.mutable_as_of_time() = ToTimestamp(then.unix_nanos);
    const auto by_time = (*again)->registry().GetChannel(request);
    ASSERT_THAT(by_time, IsOk());
    EXPECT_EQ(by_time->SerializeAsString(), then.channel.SerializeAsString());
  }
}

}  // namespace
}  // namespace cairn
