// Policies and promotions: what is stored, what races, what is chained.

#include "server/registry/promotion.h"

#include <future>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "cairn/internal/audit.pb.h"
#include "cairn/internal/records.pb.h"
#include "lib/audit/verifier.h"
#include "lib/base/files.h"
#include "lib/base/resource_names.h"
#include "lib/base/thread_pool.h"
#include "lib/promotion/policy_parser.h"
#include "server/audit/audit_log.h"
#include "server/audit/auditor.h"
#include "server/registry/policies.h"
#include "server/registry/policy_cache.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::registry {
namespace {

using absl::StatusCode;
using testing::IsOk;
using v1::ApplyPolicyResponse;
using v1::Decision;

constexpr const char* kModel = "customer-segments";
constexpr const char* kChannel = "models/customer-segments/channels/production";

struct Quality {
  int k;
  double silhouette;
  double davies_bouldin;
  double min_cluster_share;
};

constexpr Quality kGood = {4, 0.26, 1.2, 0.1};
constexpr Quality kBetter = {5, 0.36, 1.1, 0.1};
constexpr Quality kDust = {2, 0.857, 0.92, 0.0057};

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class PolicyTest : public UseCaseTest {
 protected:
  static std::string ReportedPolicy() {
    return *ReadFile(CAIRN_SOURCE_DIR "/tests/fixtures/policies/reported.yaml");
  }

  absl::StatusOr<ApplyPolicyResponse> ApplyPolicy(const std::string& source) {
    v1::ApplyPolicyRequest request;
    request.set_source(source);
    return Apply<ApplyPolicyResponse>(PlanApplyPolicy(*Now(), request, NextTime()));
  }

  v1::Channel Channel() {
    v1::GetChannelRequest request;
    request.set_name(kChannel);
    const auto channel = GetChannel(*Now(), request);
    EXPECT_THAT(channel, IsOk());
    return channel.ok() ? *channel : v1::Channel();
  }
};

class PromotionTest : public PolicyTest {
 protected:
  PromotionTest() {
    EXPECT_THAT(ApplyPolicy(ReportedPolicy()), IsOk());
    dataset_ = PutDataset("retail-features", "customers");
  }

  // A version of a run that stands as told.
  std::string Register(const Quality& quality, v1::Run::State state = v1::Run::SUCCEEDED) {
    v1::ModelVersion version;
    version.set_run(CreateRun({{"k", std::to_string(quality.k)}}, dataset_).name());
    if (state != v1::Run::RUNNING) Finish(version.run(), state);
    version.set_evaluation_space("space");
    version.set_feature_schema("schema");
    *version.add_files() = PutFile("model.bin", "model of " + version.run());
    v1::Evaluation evaluation;
    evaluation.set_dataset_version(dataset_);
    const auto add = [&](const char* metric, double value) {
      auto* measured = evaluation.add_values();
      measured->set_metric(metric);
      measured->set_value(value);
    };
    add("silhouette", quality.silhouette);
    add("davies_bouldin", quality.davies_bouldin);
    add("min_cluster_share", quality.min_cluster_share);
    const auto created = CreateModelVersion(kModel, version, "", evaluation);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  void Finish(const std::string& run, v1::Run::State state) {
    v1::FinishRunRequest request;
    request.set_name(run);
    request.set_state(state);
    EXPECT_THAT(Apply<v1::Run>(tracking::PlanFinishRun(*Now(), request, Facts())), IsOk());
  }

  static v1::PromoteRequest Request() {
    v1::PromoteRequest request;
    request.set_name(kChannel);
    return request;
  }

  // One plan, as the first of its call.
  absl::StatusOr<storage::Plan> Plan(const storage::Snapshot& snapshot,
                                     const v1::PromoteRequest& request = Request()) {
    std::optional<int64_t> first_epoch;
    return PlanPromote(snapshot, request, NextTime(), first_epoch);
  }

  absl::StatusOr<Decision> Promote(const v1::PromoteRequest& request = Request()) {
    return Apply<Decision>(Plan(*Now(), request));
  }

  int DecisionCount() {
    v1::ListDecisionsRequest request;
    request.set_parent(kChannel);
    return ListDecisions(*Now(), request)->decisions_size();
  }

  template <typename Record>
  storage::Stored<Record> Read(const storage::Key& key) {
    const auto stored = storage::ReadRecord<Record>(*Now(), key);
    EXPECT_TRUE(stored.ok() && stored->has_value());
    return stored.ok() && stored->has_value() ? **stored : storage::Stored<Record>();
  }

  // Verifies all of the audit as an export of it is, and counts its decisions.
  void VerifyAuditChain(int expected_decisions) {
    const auto auditor = audit::Auditor::Open(*store_, "");
    ASSERT_THAT(auditor, IsOk());
    audit::Export parts(store_->GetSnapshot(), auditor->get());
    audit::Verifier verifier((*auditor)->verifier());
    ASSERT_THAT(parts.ForEach([&](v1::AuditPart part) { return verifier.Take(std::move(part)); }),
                IsOk());
    const auto found = verifier.Finish();
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->decisions, expected_decisions);
  }

  std::string dataset_;
};

TEST_F(PolicyTest, TheSameRuleIsUnchangedHoweverItIsWritten) {
  const auto created = ApplyPolicy(ReportedPolicy());
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->change(), ApplyPolicyResponse::CREATED);
  EXPECT_EQ(created->policy().revision(), 1);
  EXPECT_EQ(Channel().policy(), "policies/customer-segments");
  EXPECT_EQ(Channel().epoch(), 0);
  const storage::Revision before = Revision();
  EXPECT_EQ(ApplyPolicy("# a remark\n" + ReportedPolicy())->change(),
            ApplyPolicyResponse::UNCHANGED);
  v1::RenderPolicyRequest render;
  render.set_source(ReportedPolicy());
  EXPECT_EQ(ApplyPolicy(RenderPolicy(render)->rendered())->change(),
            ApplyPolicyResponse::UNCHANGED);
  EXPECT_EQ(Revision(), before);
  const auto changed = ApplyPolicy(Replaced(ReportedPolicy(), ">= 0.02", ">= 0.03"));
  EXPECT_EQ(changed->change(), ApplyPolicyResponse::CONFIGURED);
  EXPECT_EQ(changed->policy().revision(), 2);
  EXPECT_NE(changed->policy().sha256(), created->policy().sha256());
}

TEST_F(PolicyTest, AChannelHasOnePolicy) {
  ASSERT_THAT(ApplyPolicy(ReportedPolicy()), IsOk());
  const std::string other = Replaced(ReportedPolicy(), "name: customer-segments", "name: other");
  const auto refused = ApplyPolicy(other);
  ExpectError(refused.status(), StatusCode::kAlreadyExists, "CHANNEL_GOVERNED");
  EXPECT_EQ(MetadataOf(refused.status(), "policy"), "customer-segments");
  EXPECT_EQ(MetadataOf(refused.status(), "channel"), kChannel);
  EXPECT_EQ(ListPolicies(*Now(), {})->policies_size(), 1);
  // A policy that moves away leaves its channel to others.
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "channel: production", "channel: staging")),
              IsOk());
  EXPECT_EQ(Channel().policy(), "");
  EXPECT_EQ(ApplyPolicy(other)->change(), ApplyPolicyResponse::CREATED);
  EXPECT_EQ(Channel().policy(), "policies/other");
}

TEST_F(PolicyTest, AnUnknownFieldIsRefusedWithItsPlaceAndNothingIsStored) {
  const storage::Revision before = Revision();
  const auto refused =
      ApplyPolicy(Replaced(ReportedPolicy(), "  mode: enforce", "  mood: enforce"));
  ExpectError(refused.status(), StatusCode::kInvalidArgument, "POLICY_INVALID");
  EXPECT_EQ(MetadataOf(refused.status(), "line"), "14");
  EXPECT_EQ(MetadataOf(refused.status(), "column"), "3");
  EXPECT_EQ(Revision(), before);
}

TEST_F(PolicyTest, AMetricNobodyKnowsIsRefused) {
  ExpectError(
      ApplyPolicy(Replaced(ReportedPolicy(), "metric: silhouette", "metric: silhouet")).status(),
      StatusCode::kInvalidArgument, "POLICY_INVALID");
}

TEST_F(PolicyTest, WithoutAPolicyNothingIsPromoted) {
  v1::PromoteRequest request;
  request.set_name(kChannel);
  std::optional<int64_t> epoch;
  ExpectError(PlanPromote(*Now(), request, kStart, epoch).status(), StatusCode::kNotFound,
              "MODEL_NOT_FOUND");
  v1::CreateModelRequest create;
  create.mutable_model()->set_display_name("customer-segments");
  ASSERT_THAT(Apply<v1::Model>(PlanCreateModel(*Now(), create, kStart)), IsOk());
  ExpectError(PlanPromote(*Now(), request, kStart, epoch).status(), StatusCode::kFailedPrecondition,
              "CHANNEL_UNGOVERNED");
}

TEST_F(PromotionTest, HeadDecisionAuditAndEventsAreOneCommit) {
  const std::string good = Register(kGood);
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::PROMOTED);
  EXPECT_EQ(decision->verdict(), v1::PASS);
  EXPECT_TRUE(decision->committed());
  EXPECT_EQ(decision->epoch_seen(), 0);
  EXPECT_EQ(decision->epoch(), 1);

  const v1::Channel channel = Channel();
  EXPECT_EQ(channel.version(), good);
  EXPECT_EQ(channel.epoch(), 1);
  EXPECT_EQ(channel.decision(), decision->name());
  v1::GetModelVersionRequest get;
  get.set_name(good);
  EXPECT_EQ(channel.version_sha256(), GetModelVersion(*Now(), get)->sha256());

  const storage::Revision at = Revision();
  const std::string id = decision->name().substr(decision->name().rfind('/') + 1);
  EXPECT_EQ(id.size(), 64u);
  const auto stored =
      Read<internal::DecisionRecord>(storage::DecisionKey(kModel, "production", id));
  EXPECT_EQ(stored.mod_revision, at);
  EXPECT_EQ(Read<internal::ChannelRecord>(storage::ChannelKey(kModel, "production")).mod_revision,
            at);
  EXPECT_EQ(Read<internal::AuditEndRecord>(storage::AuditEndKey()).mod_revision, at);
  std::set<cairn::v1::Event::Kind> kinds;
  ASSERT_THAT(store_->ScanEvents(at,
                                 [&](const storage::StoredEvent& event) {
                                   kinds.insert(event.event.kind);
                                   return true;
                                 }),
              IsOk());
  EXPECT_EQ(kinds, (std::set<cairn::v1::Event::Kind>{cairn::v1::Event::CHANNEL_MOVED,
                                                     cairn::v1::Event::DECISION_MADE}));
  VerifyAuditChain(1);
}

TEST_F(PromotionTest, ADustSegmentIsRefusedByNameAndMovesNothing) {
  Register(kDust);
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::REFUSED);
  EXPECT_EQ(decision->verdict(), v1::FAIL);
  std::set<std::string> failed;
  for (const auto& check : decision->candidates(0).checks()) {
    if (check.verdict() != v1::FAIL) continue;
    failed.insert(check.id());
    EXPECT_GT(check.line(), 0) << check.id();
  }
  EXPECT_TRUE(failed.count("no-dust-segments"));
  EXPECT_EQ(Channel().epoch(), 0);
  EXPECT_EQ(Channel().version(), "");
  VerifyAuditChain(1);
}

TEST_F(PromotionTest, RepeatingStoresOneNoChangeAndThenReturnsIt) {
  Register(kDust);
  Register(kGood);
  const auto first = Promote();
  const auto second = Promote();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(second->epoch(), 1);
  const storage::Revision before = Revision();
  for (int i = 0; i < 3; ++i) {
    const auto again = Promote();
    EXPECT_EQ(again->name(), second->name());
    EXPECT_EQ(again->SerializeAsString(), second->SerializeAsString());
  }
  EXPECT_EQ(Revision(), before);
  EXPECT_EQ(DecisionCount(), 2);
  VerifyAuditChain(2);
}

TEST_F(PromotionTest, ABetterVersionTakesOverAndLineageFollowsTheHead) {
  const std::string good = Register(kGood);
  ASSERT_THAT(Promote(), IsOk());
  const std::string better = Register(kBetter);
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::PROMOTED);
  EXPECT_EQ(decision->previous_version(), good);
  EXPECT_EQ(Channel().version(), better);
  EXPECT_EQ(Channel().epoch(), 2);
  v1::GetLineageRequest lineage;
  lineage.set_direction(v1::GetLineageRequest::DOWNSTREAM);
  lineage.set_name(better);
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 2);
  lineage.set_name(good);
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 1);
  lineage.set_name(kChannel);
  lineage.set_direction(v1::GetLineageRequest::UPSTREAM);
  // Channel, version, run and data set.
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 4);
  VerifyAuditChain(2);
}

TEST_F(PromotionTest, ADryRunSaysTheSameAndStoresNothing) {
  Register(kGood);
  v1::PromoteRequest request = Request();
  request.set_validate_only(true);
  const storage::Revision before = Revision();
  const auto dry = Promote(request);
  ASSERT_THAT(dry, IsOk());
  EXPECT_FALSE(dry->committed());
  EXPECT_EQ(Revision(), before);
  EXPECT_EQ(DecisionCount(), 0);
  const auto real = Promote();
  EXPECT_EQ(real->name(), dry->name());
  EXPECT_EQ(real->outcome(), dry->outcome());
  EXPECT_EQ(real->epoch(), dry->epoch());
  ASSERT_EQ(real->candidates_size(), dry->candidates_size());
  EXPECT_EQ(real->candidates(0).SerializeAsString(), dry->candidates(0).SerializeAsString());
}

TEST_F(PromotionTest, AnExpectedEpochThatIsGoneIsAborted) {
  Register(kGood);
  const auto first = Promote();
  v1::PromoteRequest request = Request();
  request.set_expected_epoch(0);
  const auto late = Promote(request);
  ExpectError(late.status(), StatusCode::kAborted, "EPOCH_MISMATCH");
  EXPECT_EQ(MetadataOf(late.status(), "expectedEpoch"), "0");
  EXPECT_EQ(MetadataOf(late.status(), "currentEpoch"), "1");
  EXPECT_EQ(MetadataOf(late.status(), "decision"), first->name());
  request.set_expected_epoch(1);
  EXPECT_EQ(Promote(request)->outcome(), Decision::NO_CHANGE);
}

TEST_F(PromotionTest, OfTwoPlansOnOneSnapshotOneWinsAndTheOtherLearnsToWhom) {
  Register(kGood);
  const auto snapshot = Now();
  std::optional<int64_t> winner_epoch;
  std::optional<int64_t> loser_epoch;
  auto winner = PlanPromote(*snapshot, Request(), NextTime(), winner_epoch);
  auto loser = PlanPromote(*snapshot, Request(), NextTime(), loser_epoch);
  const auto won = Apply<Decision>(std::move(winner));
  ASSERT_THAT(won, IsOk());
  ExpectError(Apply<Decision>(std::move(loser)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
  const auto again = PlanPromote(*Now(), Request(), NextTime(), loser_epoch);
  ExpectError(again.status(), StatusCode::kAborted, "EPOCH_MISMATCH");
  EXPECT_EQ(MetadataOf(again.status(), "expectedEpoch"), "0");
  EXPECT_EQ(MetadataOf(again.status(), "currentEpoch"), "1");
  EXPECT_EQ(MetadataOf(again.status(), "decision"), won->name());
  EXPECT_EQ(Channel().epoch(), 1);
  VerifyAuditChain(1);
}

TEST_F(PromotionTest, ManyAtOnceThroughTheMutatorMoveTheHeadOnce) {
  Register(kGood);
  const ManualClock clock(kStart);
  ThreadPool pool(4, 64);
  storage::Mutator mutator(*store_, clock, pool);
  std::vector<std::promise<absl::StatusOr<Decision>>> answers(16);
  for (auto& answer : answers) {
    auto first_epoch = std::make_shared<std::optional<int64_t>>();
    ASSERT_TRUE(pool.TrySubmit([&mutator, &answer, first_epoch] {
      mutator.Run(
          {"anonymous", "Promote", ""}, Request(),
          [first_epoch](const storage::Snapshot& snapshot) {
            return PlanPromote(snapshot, Request(), kStart, *first_epoch);
          },
          nullptr,
          [&answer](auto result) {
            if (!result.ok()) return answer.set_value(result.status());
            answer.set_value(static_cast<const Decision&>(**result));
          });
    }));
  }
  int promoted = 0;
  for (auto& answer : answers) {
    const auto result = answer.get_future().get();
    if (result.ok()) {
      promoted += result->outcome() == Decision::PROMOTED ? 1 : 0;
    } else {
      ExpectError(result.status(), StatusCode::kAborted, "EPOCH_MISMATCH");
    }
  }
  EXPECT_EQ(promoted, 1);
  EXPECT_EQ(Channel().epoch(), 1);
  VerifyAuditChain(DecisionCount());
}

TEST_F(PromotionTest, WhatTheVerdictRestsOnMustNotMoveBeforeTheCommit) {
  Register(kGood);
  auto plan = Plan(*Now());
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), ">= 0.02", ">= 0.2")), IsOk());
  ExpectError(Apply<Decision>(std::move(plan)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
  EXPECT_EQ(Channel().epoch(), 0);
  EXPECT_EQ(DecisionCount(), 0);
}

TEST_F(PromotionTest, VersionsAndDataThatArriveMeanwhileDoNotStarveADecision) {
  const std::string good = Register(kGood);
  auto plan = Plan(*Now());
  Register(kBetter);
  PutDataset("retail-features", "newer customers");
  const auto decision = Apply<Decision>(std::move(plan));
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::PROMOTED);
  EXPECT_EQ(decision->chosen_version(), good);
}

TEST_F(PromotionTest, OneVersionMayBeNamedAndMustBeOfTheModel) {
  const std::string good = Register(kGood);
  Register(kBetter);
  v1::PromoteRequest request = Request();
  request.set_version(good);
  const auto decision = Promote(request);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->chosen_version(), good);
  EXPECT_EQ(decision->candidates_size(), 1);
  request.set_version(ModelVersionName(kModel, 9));
  ExpectError(Promote(request).status(), StatusCode::kNotFound, "MODEL_VERSION_NOT_FOUND");
  request.set_version("models/other/versions/1");
  ExpectError(Promote(request).status(), StatusCode::kInvalidArgument, "VALUE_INVALID");
}

TEST_F(PromotionTest, ANamedVersionDoesNotBypassTheChampion) {
  const std::string good = Register(kGood);
  const std::string better = Register(kBetter);
  ASSERT_EQ(Promote()->chosen_version(), better);
  ASSERT_THAT(ApplyPolicy(Replaced(Replaced(ReportedPolicy(), "      minEffect: {absolute: 0.005}",
                                            "      minEffect: {absolute: 0}\n      mode: shadow"),
                                   "maxLoss: {relative: 0.1}", "maxLoss: {relative: 9}")),
              IsOk());
  v1::PromoteRequest request = Request();
  request.set_version(good);
  const auto decision = Promote(request);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::NO_CHANGE);
  EXPECT_NE(decision->message().find("silhouette"), std::string::npos) << decision->message();
  EXPECT_EQ(Channel().version(), better);
}

TEST_F(PromotionTest, AVersionWhoseRunDidNotEndWellIsNoCandidate) {
  for (const auto state : {v1::Run::RUNNING, v1::Run::FAILED, v1::Run::KILLED}) {
    const std::string version = Register(kBetter, state);
    const auto decision = Promote();
    ASSERT_THAT(decision, IsOk());
    EXPECT_EQ(decision->outcome(), Decision::REFUSED);
    EXPECT_EQ(decision->candidates_size(), 0);
    EXPECT_NE(decision->message().find(v1::Run::State_Name(state)), std::string::npos);
    v1::PromoteRequest request = Request();
    request.set_version(version);
    const auto named = Promote(request);
    ASSERT_THAT(named, IsOk());
    EXPECT_EQ(named->verdict(), v1::FAIL);
    EXPECT_EQ(named->candidates(0).checks(0).id(), "candidate.run");
  }
}

TEST_F(PromotionTest, TheStateOfARunIsPartOfWhatADecisionRestsOn) {
  const std::string good = Register(kGood, v1::Run::RUNNING);
  const auto before = Promote();
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->outcome(), Decision::REFUSED);
  v1::GetModelVersionRequest get;
  get.set_name(good);
  Finish(GetModelVersion(*Now(), get)->run(), v1::Run::SUCCEEDED);
  const auto after = Promote();
  ASSERT_THAT(after, IsOk());
  EXPECT_NE(after->name(), before->name());
  EXPECT_EQ(after->outcome(), Decision::PROMOTED);
}

TEST_F(PromotionTest, EvidenceThatIsPinnedDoesNotFollowUploads) {
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "dataset: retail-features",
                                   "dataset: retail-features@1")),
              IsOk());
  Register(kGood);
  ASSERT_EQ(Promote()->outcome(), Decision::PROMOTED);
  PutDataset("retail-features", "newer customers");
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(decision->evidence_sha256().size(), 64u);
  ASSERT_THAT(ApplyPolicy(ReportedPolicy()), IsOk());
  EXPECT_EQ(Promote()->outcome(), Decision::REFUSED) << "the newest version, on which nobody was";
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "dataset: retail-features",
                                   "dataset: retail-features@gone")),
              IsOk());
  EXPECT_EQ(Promote()->verdict(), v1::ERROR);
}

TEST_F(PromotionTest, EvidenceMayBeNamedByAnAlias) {
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "dataset: retail-features",
                                   "dataset: retail-features@approved")),
              IsOk());
  v1::SetDatasetAliasRequest alias;
  alias.set_name("datasets/retail-features");
  alias.set_alias("approved");
  alias.set_version(1);
  ASSERT_THAT(Apply<v1::Dataset>(datasets::PlanSetDatasetAlias(*Now(), alias, NextTime())), IsOk());
  Register(kGood);
  PutDataset("retail-features", "newer customers");
  EXPECT_EQ(Promote()->outcome(), Decision::PROMOTED);
}

TEST_F(PromotionTest, WhereMakesRoomBelowTheMaximumAndItsAgesAreFacts) {
  const std::string good = Register(kGood);
  Register(kBetter);
  const auto policy_with = [&](const std::string& where) {
    return Replaced(ReportedPolicy(), "max: 50", "max: 1\n    where: \"" + where + "\"");
  };
  ASSERT_THAT(ApplyPolicy(policy_with("param('k') == 4 && age < duration('30d')")), IsOk());
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->chosen_version(), good);
  EXPECT_EQ(decision->time_facts().at("age < duration('30d')"), "1..2");
}

TEST_F(PromotionTest, APolicyThatIsOffStoresNothing) {
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "mode: enforce", "mode: off")), IsOk());
  Register(kGood);
  const storage::Revision before = Revision();
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::NOT_ENFORCED);
  EXPECT_EQ(decision->candidates_size(), 0);
  EXPECT_FALSE(decision->committed());
  EXPECT_EQ(Revision(), before);
}

TEST_F(PromotionTest, APassingLoserIsToldItsRankAndTheKey) {
  const std::string good = Register(kGood);
  Register(kBetter);
  v1::ExplainRequest request;
  request.set_name(kChannel);
  request.set_version(good);
  const auto loser = Explain(*Now(), request, NextTime());
  ASSERT_THAT(loser, IsOk());
  EXPECT_EQ(loser->candidate().rank(), 2);
  EXPECT_EQ(loser->candidate().lost_by(),
            "silhouette: 0.26 (bucket 52) against version 2's 0.36 (bucket 72)");
  std::string sentences;
  for (const std::string& sentence : loser->sentences()) sentences += sentence + "\n";
  EXPECT_NE(sentences.find("against version 2's 0.36"), std::string::npos) << sentences;
}

// Runs a call as the server does and waits for its answer.
class RepeatedRequestTest : public PromotionTest {
 protected:
  static constexpr const char* kId = "7d444840-9dc0-41d1-b245-5ffdce74fad2";

  template <typename Response, typename Request>
  absl::StatusOr<Response> Run(const Request& request, const storage::Planner& planner) {
    std::promise<absl::StatusOr<Response>> answer;
    mutator_.Run({"anonymous", "Method", request.request_id(), request.validate_only()}, request,
                 planner, nullptr, [&](auto result) {
                   if (!result.ok()) return answer.set_value(result.status());
                   answer.set_value(static_cast<const Response&>(**result));
                 });
    return answer.get_future().get();
  }

  absl::StatusOr<Decision> PromoteOnce() {
    v1::PromoteRequest request = Request();
    request.set_request_id(kId);
    auto first_epoch = std::make_shared<std::optional<int64_t>>();
    return Run<Decision>(request, [&, first_epoch](const storage::Snapshot& snapshot) {
      return PlanPromote(snapshot, request, NextTime(), *first_epoch);
    });
  }

  absl::StatusOr<ApplyPolicyResponse> ApplyOnce(const std::string& source) {
    v1::ApplyPolicyRequest request;
    request.set_source(source);
    request.set_request_id(kId);
    return Run<ApplyPolicyResponse>(request, [&](const storage::Snapshot& snapshot) {
      return PlanApplyPolicy(snapshot, request, NextTime());
    });
  }

  const ManualClock clock_{kStart};
  ThreadPool pool_{1, 16};
  storage::Mutator mutator_{*store_, clock_, pool_};
};

TEST_F(RepeatedRequestTest, ARefusalIsAnsweredAgainAlthoughAVersionWouldPassNow) {
  Register(kDust);
  const auto refused = PromoteOnce();
  ASSERT_THAT(refused, IsOk());
  ASSERT_EQ(refused->outcome(), Decision::REFUSED);
  Register(kGood);
  EXPECT_EQ(PromoteOnce()->SerializeAsString(), refused->SerializeAsString());
  EXPECT_EQ(Channel().epoch(), 0);
}

TEST_F(RepeatedRequestTest, ADecisionThatWasKnownAlreadyIsAnsweredAgain) {
  Register(kGood);
  ASSERT_THAT(Promote(), IsOk());
  ASSERT_EQ(Promote()->outcome(), Decision::NO_CHANGE);
  const auto same = PromoteOnce();
  ASSERT_THAT(same, IsOk());
  ASSERT_EQ(same->outcome(), Decision::NO_CHANGE);
  Register(kBetter);
  EXPECT_EQ(PromoteOnce()->SerializeAsString(), same->SerializeAsString());
  EXPECT_EQ(Channel().epoch(), 1);
}

TEST_F(RepeatedRequestTest, AnAppliedPolicyThatChangedNothingDoesNotRevertAColleague) {
  ASSERT_EQ(ApplyOnce(ReportedPolicy())->change(), ApplyPolicyResponse::UNCHANGED);
  const auto theirs = ApplyPolicy(Replaced(ReportedPolicy(), ">= 0.02", ">= 0.03"));
  ASSERT_THAT(theirs, IsOk());
  EXPECT_EQ(ApplyOnce(ReportedPolicy())->change(), ApplyPolicyResponse::UNCHANGED);
  v1::GetPolicyRequest get;
  get.set_name("policies/customer-segments");
  EXPECT_EQ(GetPolicy(*Now(), get)->sha256(), theirs->policy().sha256());
}

TEST_F(PromotionTest, RevisionsOfAPolicyAreReadableAlsoAfterItIsDeleted) {
  const std::string strict = Replaced(ReportedPolicy(), ">= 0.02", ">= 0.03");
  ASSERT_THAT(ApplyPolicy(strict), IsOk());
  ASSERT_THAT(ApplyPolicy(ReportedPolicy()), IsOk());
  v1::GetPolicyRequest get;
  get.set_name("policies/customer-segments");
  get.set_revision(2);
  EXPECT_EQ(GetPolicy(*Now(), get)->source(), strict);
  get.set_revision(1);
  EXPECT_EQ(GetPolicy(*Now(), get)->source(), ReportedPolicy());
  get.set_revision(9);
  ExpectError(GetPolicy(*Now(), get).status(), StatusCode::kNotFound, "POLICY_NOT_FOUND");
  v1::DeletePolicyRequest gone;
  gone.set_name("policies/customer-segments");
  gone.set_reason("moved to Git");
  ASSERT_THAT(Apply<google::protobuf::Empty>(PlanDeletePolicy(*Now(), gone, NextTime())), IsOk());
  v1::ListPolicyRevisionsRequest list;
  list.set_parent("policies/customer-segments");
  list.set_page_size(3);
  const auto page = ListPolicyRevisions(*Now(), list);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->policies_size(), 3);
  EXPECT_EQ(page->policies(0).revision(), 4);
  EXPECT_EQ(page->policies(0).source(), "# Deleted: moved to Git\n");
  list.set_page_token(page->next_page_token());
  EXPECT_EQ(ListPolicyRevisions(*Now(), list)->policies(0).revision(), 1);
  EXPECT_EQ(ApplyPolicy(ReportedPolicy())->policy().revision(), 5);
  list.set_parent("policies/none");
  list.clear_page_token();
  ExpectError(ListPolicyRevisions(*Now(), list).status(), StatusCode::kNotFound,
              "POLICY_NOT_FOUND");
}

TEST_F(PromotionTest, AChannelThatServesIsLeftUngovernedOnlyOnPurpose) {
  Register(kGood);
  ASSERT_EQ(Promote()->outcome(), Decision::PROMOTED);
  const auto moved =
      ApplyPolicy(Replaced(ReportedPolicy(), "channel: production", "channel: staging"));
  ExpectError(moved.status(), StatusCode::kFailedPrecondition, "CHANNEL_LEFT_UNGOVERNED");
  EXPECT_NE(MetadataOf(moved.status(), "instead").find("another name"), std::string::npos);
  v1::DeletePolicyRequest request;
  request.set_name("policies/customer-segments");
  const auto remove = [&] {
    return Apply<google::protobuf::Empty>(PlanDeletePolicy(*Now(), request, NextTime())).status();
  };
  ExpectError(remove(), StatusCode::kInvalidArgument, "VALUE_INVALID");
  request.set_reason("closed");
  ExpectError(remove(), StatusCode::kFailedPrecondition, "CHANNEL_LEFT_UNGOVERNED");
  request.set_leave_ungoverned(true);
  request.set_etag("\"1\"");
  ExpectError(remove(), StatusCode::kAborted, "ETAG_MISMATCH");
  request.clear_etag();
  EXPECT_THAT(remove(), IsOk());
  v1::ListAuditEntriesRequest entries;
  entries.add_kinds(v1::Event::POLICY_DELETED);
  const auto audited = audit::ListAuditEntries(*Now(), entries);
  ASSERT_THAT(audited, IsOk());
  ASSERT_EQ(audited->entries_size(), 1);
  EXPECT_EQ(audited->entries(0).resource(), request.name());
  EXPECT_EQ(Channel().policy(), "");
  EXPECT_NE(Channel().version(), "");
  ExpectError(Promote().status(), StatusCode::kFailedPrecondition, "CHANNEL_UNGOVERNED");
  ExpectError(remove(), StatusCode::kNotFound, "POLICY_NOT_FOUND");
  EXPECT_EQ(ApplyPolicy(ReportedPolicy())->change(), ApplyPolicyResponse::CREATED);
}

TEST(PolicyCacheTest, KeepsTheTextsUsedLast) {
  const std::string text = *ReadFile(CAIRN_SOURCE_DIR "/tests/fixtures/policies/reported.yaml");
  PolicyCache cache(2);
  for (const char* remark : {"# a\n", "# b\n", "# a\n", "# c\n"}) {
    const auto policy = cache.Get(remark + text);
    ASSERT_THAT(policy, IsOk());
    EXPECT_TRUE(*policy == *promotion::ParsePolicy(text));
  }
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(cache.Get("kind: none").ok());
  EXPECT_EQ(cache.size(), 2u);
}

TEST_F(PromotionTest, MoreCandidatesThanThePolicyTakesAreAnError) {
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "max: 50", "max: 1")), IsOk());
  Register(kGood);
  Register(kBetter);
  ExpectError(Promote().status(), StatusCode::kFailedPrecondition, "TOO_MANY_CANDIDATES");
}

TEST_F(PromotionTest, ShadowModeDecidesAndMovesNothing) {
  ASSERT_THAT(ApplyPolicy(Replaced(ReportedPolicy(), "mode: enforce", "mode: shadow")), IsOk());
  Register(kGood);
  const auto decision = Promote();
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->outcome(), Decision::NOT_ENFORCED);
  EXPECT_EQ(Promote()->name(), decision->name());
  EXPECT_EQ(Channel().epoch(), 0);
  VerifyAuditChain(1);
}

TEST_F(PromotionTest, ALoserIsExplainedWithoutBeingStored) {
  const std::string dust = Register(kDust);
  const std::string good = Register(kGood);
  const auto promoted = Promote();
  ASSERT_THAT(promoted, IsOk());
  v1::ExplainRequest request;
  request.set_name(kChannel);
  const auto head = Explain(*Now(), request, NextTime());
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->decision().name(), promoted->name());
  EXPECT_EQ(head->candidate().version(), good);
  request.set_version(dust);
  const storage::Revision before = Revision();
  const auto loser = Explain(*Now(), request, NextTime());
  ASSERT_THAT(loser, IsOk());
  EXPECT_EQ(loser->candidate().version(), dust);
  EXPECT_EQ(loser->candidate().verdict(), v1::FAIL);
  std::string sentences;
  for (const std::string& sentence : loser->sentences()) sentences += sentence + "\n";
  EXPECT_NE(sentences.find("no-dust-segments"), std::string::npos) << sentences;
  EXPECT_EQ(Revision(), before);
}

TEST_F(PromotionTest, DecisionsAreListedNewestFirstWithoutTheirReadSets) {
  Register(kGood);
  const auto first = Promote();
  const auto second = Promote();
  v1::ListDecisionsRequest request;
  request.set_parent(kChannel);
  request.set_page_size(1);
  const auto page = ListDecisions(*Now(), request);
  ASSERT_EQ(page->decisions_size(), 1);
  EXPECT_EQ(page->decisions(0).name(), second->name());
  EXPECT_TRUE(page->decisions(0).read_set().empty());
  request.set_page_token(page->next_page_token());
  EXPECT_EQ(ListDecisions(*Now(), request)->decisions(0).name(), first->name());
  v1::GetDecisionRequest get;
  get.set_name(first->name());
  EXPECT_FALSE(GetDecision(*Now(), get)->read_set().empty());
  get.set_name(std::string(kChannel) + "/decisions/unknown");
  ExpectError(GetDecision(*Now(), get).status(), StatusCode::kNotFound, "DECISION_NOT_FOUND");
}

}  // namespace
}  // namespace cairn::registry
