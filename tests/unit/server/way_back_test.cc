// Rollbacks, holds and overrides: what they serve afterwards, what they write and what they refuse.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "cairn/internal/audit.pb.h"
#include "cairn/internal/records.pb.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/promotion/decide.h"
#include "server/registry/holds.h"
#include "server/registry/override.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/registry/rollback.h"
#include "server/registry/rollouts.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::registry {
namespace {

using absl::StatusCode;
using cairn::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using v1::Decision;
using v1::Rollout;

constexpr const char* kChannel = "models/churn/channels/production";
constexpr const char* kPolicy = R"(
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: churn}
spec:
  target: {model: churn, channel: production}
  evidence: {trust: reported}
  baseline: {comparableOn: [dataset.digest]}
  gates:
    - {id: floor, metric: silhouette, pass: ">= 0.2"}
  choose:
    order:
      - {field: version, direction: higher}
)";

std::string VersionOf(int number) { return "models/churn/versions/" + std::to_string(number); }

class WayBackTest : public UseCaseTest {
 protected:
  void Govern() {
    v1::ApplyPolicyRequest request;
    request.set_source(kPolicy);
    EXPECT_THAT(Apply<v1::ApplyPolicyResponse>(PlanApplyPolicy(*Now(), request, NextTime())),
                IsOk());
  }

  // The next version of the model.
  std::string Register(double silhouette) {
    v1::ModelVersion version;
    *version.add_files() = PutFile("model.bin", "model " + std::to_string(silhouette));
    v1::Evaluation evaluation;
    auto* measured = evaluation.add_values();
    measured->set_metric("silhouette");
    measured->set_value(silhouette);
    const auto created = CreateModelVersion("churn", version, "", evaluation);
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->name() : "";
  }

  storage::Stamp By(const std::string& principal) { return {NextTime(), principal}; }

  absl::StatusOr<Decision> Promote(const std::string& version = "") {
    v1::PromoteRequest request;
    request.set_name(kChannel);
    request.set_version(version);
    std::optional<int64_t> epoch;
    return Apply<Decision>(PlanPromote(*Now(), request, By("bot"), epoch));
  }

  // The model with so many versions, each promoted.
  void Serve(int versions) {
    Govern();
    for (int i = 1; i <= versions; ++i) {
      Register(0.2 + i * 0.01);
      const auto promoted = Promote();
      ASSERT_THAT(promoted, IsOk());
      ASSERT_EQ(promoted->outcome(), Decision::PROMOTED) << promoted->message();
    }
  }

  static v1::RollbackRequest Back(const std::string& version = "") {
    v1::RollbackRequest request;
    request.set_name(kChannel);
    request.set_version(version);
    request.set_reason("half of all calls fail");
    return request;
  }

  absl::StatusOr<Decision> Rollback(const v1::RollbackRequest& request = Back()) {
    std::optional<int64_t> epoch;
    return Apply<Decision>(PlanRollback(*Now(), request, By("ann"), epoch));
  }

  absl::StatusOr<Decision> Hold(int version, const std::string& reason = "leaks") {
    v1::HoldVersionRequest request;
    request.set_name(kChannel);
    request.set_version(VersionOf(version));
    request.set_reason(reason);
    return Apply<Decision>(PlanHoldVersion(*Now(), request, By("bea")));
  }

  absl::StatusOr<Decision> Release(int version) {
    v1::ReleaseVersionRequest request;
    request.set_name(kChannel);
    request.set_version(VersionOf(version));
    request.set_reason("measured again");
    return Apply<Decision>(PlanReleaseVersion(*Now(), request, By("cem")));
  }

  absl::StatusOr<Decision> Override(int version, bool validate_only = false) {
    v1::OverrideRequest request;
    request.set_name(kChannel);
    request.set_version(VersionOf(version));
    request.set_reason("signed off");
    request.set_validate_only(validate_only);
    std::optional<int64_t> epoch;
    return Apply<Decision>(PlanOverride(*Now(), request, By("dan"), epoch));
  }

  v1::Channel Channel() {
    v1::GetChannelRequest request;
    request.set_name(kChannel);
    const auto channel = GetChannel(*Now(), request);
    EXPECT_THAT(channel, IsOk());
    return channel.ok() ? *channel : v1::Channel();
  }

  std::vector<Rollout> Rollouts() {
    v1::ListRolloutsRequest request;
    request.set_parent(kChannel);
    const auto list = ListRollouts(*Now(), request);
    EXPECT_THAT(list, IsOk());
    return list.ok() ? std::vector<Rollout>(list->rollouts().begin(), list->rollouts().end())
                     : std::vector<Rollout>();
  }

  std::vector<Rollout::State> States() {
    std::vector<Rollout::State> states;
    for (const Rollout& rollout : Rollouts()) states.push_back(rollout.state());
    return states;
  }

  std::set<v1::Event::Kind> EventsOf(storage::Revision revision) {
    std::set<v1::Event::Kind> kinds;
    EXPECT_THAT(store_->ScanEvents(revision,
                                   [&](const storage::StoredEvent& event) {
                                     kinds.insert(event.event.kind);
                                     return true;
                                   }),
                IsOk());
    return kinds;
  }

  std::string Sentences(const std::string& version = "") {
    v1::ExplainRequest request;
    request.set_name(kChannel);
    request.set_version(version);
    const auto explained = Explain(*Now(), request, NextTime());
    EXPECT_THAT(explained, IsOk());
    std::string text;
    if (!explained.ok()) return text;
    for (const std::string& sentence : explained->sentences()) text += sentence + "\n";
    return text;
  }

  // Forgets the rollouts, as in a store from before there were any.
  void ForgetRollouts() {
    storage::WriteSet write_set;
    for (int64_t epoch = 1; epoch <= Channel().epoch(); ++epoch) {
      write_set.Delete(storage::RolloutKey("churn", "production", epoch));
    }
    ASSERT_THAT(store_->CommitAndWait(std::move(write_set)), IsOk());
  }

  // Of decisions; what they moved has entries too.
  int AuditedDecisions() {
    int count = 0;
    EXPECT_THAT(CountDecisions(count), IsOk());
    return count;
  }

  absl::Status CountDecisions(int& count) {
    return Now()->Scan(storage::KeyRange::Prefix(storage::AuditEntryPrefix()),
                       storage::ScanOrder::kAscending,
                       [&](std::string_view, const storage::Record& record) {
                         internal::AuditLinkRecord link;
                         internal::AuditEntryRecord entry;
                         EXPECT_TRUE(link.ParseFromString(record.payload));
                         EXPECT_TRUE(entry.ParseFromString(link.entry()));
                         count += entry.kind() == v1::Event::DECISION_MADE ? 1 : 0;
                         return true;
                       });
  }
};

TEST_F(WayBackTest, ARollbackServesTheVersionBeforeAndHoldsTheOneThatIsLeft) {
  Serve(3);
  const auto back = Rollback();
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->kind(), Decision::ROLLBACK);
  EXPECT_EQ(back->outcome(), Decision::ROLLED_BACK);
  EXPECT_EQ(back->chosen_version(), VersionOf(2));
  EXPECT_EQ(back->previous_version(), VersionOf(3));
  EXPECT_EQ(back->reason(), "half of all calls fail");
  EXPECT_EQ(back->principal(), "ann");
  EXPECT_EQ(back->epoch_seen(), 3);
  EXPECT_EQ(back->epoch(), 4);
  EXPECT_TRUE(back->committed());
  const v1::Channel channel = Channel();
  EXPECT_EQ(channel.version(), VersionOf(2));
  EXPECT_EQ(channel.epoch(), 4);
  EXPECT_EQ(channel.decision(), back->name());
  EXPECT_EQ(channel.policy(), "policies/churn");
  v1::GetModelVersionRequest get;
  get.set_name(VersionOf(2));
  EXPECT_EQ(channel.version_sha256(), GetModelVersion(*Now(), get)->sha256());
  ASSERT_EQ(channel.holds_size(), 1);
  EXPECT_EQ(channel.holds(0).version(), VersionOf(3));
  EXPECT_EQ(channel.holds(0).principal(), "ann");
  EXPECT_EQ(channel.holds(0).reason(), "half of all calls fail");
  EXPECT_EQ(channel.holds(0).decision(), back->name());
}

TEST_F(WayBackTest, HeadDecisionRolloutAuditAndEventsOfARollbackAreOneCommit) {
  Serve(2);
  const storage::Revision before = Revision();
  const auto back = Rollback();
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(Revision(), before + 1);
  EXPECT_EQ(EventsOf(Revision()),
            (std::set<v1::Event::Kind>{v1::Event::CHANNEL_MOVED, v1::Event::DECISION_MADE}));
  EXPECT_EQ(AuditedDecisions(), 3);
  v1::GetLineageRequest lineage;
  lineage.set_direction(v1::GetLineageRequest::DOWNSTREAM);
  lineage.set_name(VersionOf(1));
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 2);
  lineage.set_name(VersionOf(2));
  EXPECT_EQ(datasets::GetLineage(*Now(), lineage)->nodes_size(), 1);
  ASSERT_THAT(Hold(1), IsOk());
  EXPECT_EQ(EventsOf(Revision()),
            (std::set<v1::Event::Kind>{v1::Event::CHANNEL_UPDATED, v1::Event::DECISION_MADE}));
}

TEST_F(WayBackTest, NoPromotionBringsBackWhatARollbackLeft) {
  Serve(2);
  ASSERT_THAT(Rollback(), IsOk());
  const auto again = Promote();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->outcome(), Decision::NO_CHANGE);
  EXPECT_THAT(again->held_versions(), ElementsAre(VersionOf(2)));
  ASSERT_EQ(again->candidates_size(), 1);
  const auto named = Promote(VersionOf(2));
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(named->outcome(), Decision::REFUSED);
  EXPECT_EQ(named->verdict(), v1::FAIL);
  ASSERT_GT(named->candidates(0).checks_size(), 0);
  EXPECT_EQ(named->candidates(0).checks(0).id(), "candidate.held");
  EXPECT_THAT(named->candidates(0).checks(0).message(), HasSubstr("by ann"));
  EXPECT_THAT(named->candidates(0).checks(0).message(), HasSubstr("half of all calls fail"));
  EXPECT_EQ(Channel().version(), VersionOf(1));
  ASSERT_THAT(Release(2), IsOk());
  EXPECT_EQ(Promote()->outcome(), Decision::PROMOTED);
  EXPECT_EQ(Channel().version(), VersionOf(2));
}

TEST_F(WayBackTest, ASecondRollbackGoesFurtherBackAndNeverToWhatIsHeld) {
  Serve(3);
  ASSERT_THAT(Rollback(), IsOk());
  const auto further = Rollback();
  ASSERT_THAT(further, IsOk());
  EXPECT_EQ(further->chosen_version(), VersionOf(1));
  EXPECT_EQ(Channel().holds_size(), 2);
  ExpectError(Rollback().status(), StatusCode::kFailedPrecondition, "NO_ROLLBACK_TARGET");
  EXPECT_EQ(Channel().epoch(), 5);
}

TEST_F(WayBackTest, ARollbackGoesToANamedVersionThatWasServedBefore) {
  Serve(3);
  Register(0.01);
  ExpectError(Rollback(Back(VersionOf(4))).status(), StatusCode::kFailedPrecondition,
              "NO_ROLLBACK_TARGET");
  ExpectError(Rollback(Back(VersionOf(3))).status(), StatusCode::kFailedPrecondition,
              "NO_ROLLBACK_TARGET");
  ExpectError(Rollback(Back(VersionOf(9))).status(), StatusCode::kNotFound,
              "MODEL_VERSION_NOT_FOUND");
  ExpectError(Rollback(Back("models/other/versions/1")).status(), StatusCode::kInvalidArgument,
              "VALUE_INVALID");
  const auto back = Rollback(Back(VersionOf(1)));
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->chosen_version(), VersionOf(1));
}

TEST_F(WayBackTest, ARollbackToAHeldVersionIsRefusedAndSaysWhoHoldsIt) {
  Serve(2);
  ASSERT_THAT(Hold(1), IsOk());
  const auto refused = Rollback(Back(VersionOf(1)));
  ExpectError(refused.status(), StatusCode::kFailedPrecondition, "MODEL_VERSION_HELD");
  EXPECT_EQ(MetadataOf(refused.status(), "principal"), "bea");
  ExpectError(Rollback().status(), StatusCode::kFailedPrecondition, "NO_ROLLBACK_TARGET");
}

TEST_F(WayBackTest, WithoutAVersionBeforeThereIsNoWayBackButToNothing) {
  Serve(1);
  ExpectError(Rollback().status(), StatusCode::kFailedPrecondition, "NO_ROLLBACK_TARGET");
  v1::RollbackRequest request = Back();
  request.set_to_nothing(true);
  const auto nothing = Rollback(request);
  ASSERT_THAT(nothing, IsOk());
  EXPECT_EQ(nothing->chosen_version(), "");
  EXPECT_EQ(Channel().version(), "");
  EXPECT_EQ(Channel().version_sha256(), "");
  EXPECT_EQ(Channel().epoch(), 2);
  EXPECT_EQ(Channel().holds_size(), 1);
  ExpectError(Rollback(request).status(), StatusCode::kFailedPrecondition,
              "CHANNEL_SERVES_NOTHING");
  ExpectError(Rollback().status(), StatusCode::kFailedPrecondition, "CHANNEL_SERVES_NOTHING");
  EXPECT_EQ(Promote()->outcome(), Decision::REFUSED);
  Register(0.4);
  EXPECT_EQ(Promote()->epoch(), 3);
  EXPECT_EQ(Channel().version(), VersionOf(2));
}

TEST_F(WayBackTest, FromNothingAChannelGoesBackToANamedVersion) {
  Serve(2);
  v1::RollbackRequest request = Back();
  request.set_to_nothing(true);
  ASSERT_THAT(Rollback(request), IsOk());
  request.set_version(VersionOf(1));
  ExpectError(Rollback(request).status(), StatusCode::kInvalidArgument, "VALUE_INVALID");
  ASSERT_THAT(Rollback(Back(VersionOf(1))), IsOk());
  EXPECT_EQ(Channel().version(), VersionOf(1));
  EXPECT_EQ(Channel().holds_size(), 1);
}

TEST_F(WayBackTest, AReasonIsRequiredAndBounded) {
  Serve(2);
  v1::RollbackRequest request = Back();
  request.set_reason("");
  ExpectError(Rollback(request).status(), StatusCode::kInvalidArgument, "FIELD_REQUIRED");
  request.set_reason(std::string(5001, 'x'));
  ExpectError(Rollback(request).status(), StatusCode::kInvalidArgument, "VALUE_INVALID");
  request.set_reason(std::string(5000, 'x'));
  const auto back = Rollback(request);
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->reason(), request.reason());
  EXPECT_LT(Channel().holds(0).reason().size(), 600u);
}

TEST_F(WayBackTest, AnExpectedEpochThatIsGoneMovesNothing) {
  Serve(3);
  v1::RollbackRequest request = Back();
  request.set_expected_epoch(2);
  ExpectError(Rollback(request).status(), StatusCode::kAborted, "EPOCH_MISMATCH");
  request.set_expected_epoch(3);
  EXPECT_THAT(Rollback(request), IsOk());
}

TEST_F(WayBackTest, OfTwoRollbacksOfOneHeadOneGoesBackAndTheOtherIsTold) {
  Serve(3);
  const auto snapshot = Now();
  std::optional<int64_t> first;
  std::optional<int64_t> second;
  auto winner = PlanRollback(*snapshot, Back(), By("ann"), first);
  auto loser = PlanRollback(*snapshot, Back(), By("bea"), second);
  ASSERT_THAT(Apply<Decision>(std::move(winner)), IsOk());
  ExpectError(Apply<Decision>(std::move(loser)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
  ExpectError(PlanRollback(*Now(), Back(), By("bea"), second).status(), StatusCode::kAborted,
              "EPOCH_MISMATCH");
  EXPECT_EQ(Channel().version(), VersionOf(2));
}

TEST_F(WayBackTest, APromotionThatDidNotSeeAHoldIsNotCommitted) {
  Serve(1);
  Register(0.4);
  v1::PromoteRequest request;
  request.set_name(kChannel);
  std::optional<int64_t> epoch;
  auto plan = PlanPromote(*Now(), request, By("bot"), epoch);
  ASSERT_THAT(Hold(2), IsOk());
  ExpectError(Apply<Decision>(std::move(plan)).status(), StatusCode::kAborted, "COMMIT_CONFLICT");
  EXPECT_EQ(Promote()->outcome(), Decision::NO_CHANGE);
}

TEST_F(WayBackTest, EveryChangeRaisesTheRevisionByOneAndOnlyMovesRaiseTheEpoch) {
  Govern();
  std::vector<std::pair<int64_t, int64_t>> seen = {{Channel().revision(), Channel().epoch()}};
  const auto note = [&] { seen.emplace_back(Channel().revision(), Channel().epoch()); };
  Register(0.3);
  EXPECT_THAT(Promote(), IsOk());
  note();
  EXPECT_THAT(Promote(), IsOk());  // no change
  note();
  EXPECT_THAT(Hold(1), IsOk());
  note();
  EXPECT_THAT(Release(1), IsOk());
  note();
  Register(0.1);
  EXPECT_THAT(Override(2), IsOk());
  note();
  EXPECT_THAT(Rollback(), IsOk());
  note();
  using Pair = std::pair<int64_t, int64_t>;
  EXPECT_THAT(seen, ElementsAre(Pair(1, 0), Pair(2, 1), Pair(2, 1), Pair(3, 1), Pair(4, 1),
                                Pair(5, 2), Pair(6, 3)));
  v1::ApplyPolicyRequest request;
  request.set_source(std::string(kPolicy) + "  mode: shadow\n");
  ASSERT_THAT(Apply<v1::ApplyPolicyResponse>(PlanApplyPolicy(*Now(), request, NextTime())), IsOk());
  EXPECT_EQ(Channel().revision(), 7);
}

TEST_F(WayBackTest, AHeldChampionStaysChampionAndIsServed) {
  Serve(2);
  const auto held = Hold(2);
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->kind(), Decision::HOLD);
  EXPECT_EQ(held->outcome(), Decision::HELD);
  EXPECT_EQ(held->epoch(), 2);
  EXPECT_EQ(Channel().version(), VersionOf(2));
  const auto again = Promote();
  EXPECT_EQ(again->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(again->chosen_version(), VersionOf(2));
  // A rollback keeps the hold that is there.
  ASSERT_THAT(Rollback(), IsOk());
  ASSERT_EQ(Channel().holds_size(), 1);
  EXPECT_EQ(Channel().holds(0).decision(), held->name());
}

TEST_F(WayBackTest, HoldingWhatIsHeldAndReleasingWhatIsNotAreRefused) {
  Serve(2);
  ASSERT_THAT(Hold(1), IsOk());
  const auto twice = Hold(1, "other words");
  ExpectError(twice.status(), StatusCode::kFailedPrecondition, "MODEL_VERSION_HELD");
  EXPECT_THAT(std::string(twice.status().message()), HasSubstr("leaks"));
  ExpectError(Release(2).status(), StatusCode::kFailedPrecondition, "MODEL_VERSION_NOT_HELD");
  ExpectError(Hold(9).status(), StatusCode::kNotFound, "MODEL_VERSION_NOT_FOUND");
  const auto released = Release(1);
  ASSERT_THAT(released, IsOk());
  EXPECT_EQ(released->outcome(), Decision::RELEASED);
  EXPECT_THAT(released->held_versions(), ElementsAre(VersionOf(1)));
  EXPECT_EQ(Channel().holds_size(), 0);
}

TEST_F(WayBackTest, TheSameDoneTwiceIsTwoDecisions) {
  Serve(2);
  const auto first = Hold(1);
  ASSERT_THAT(Release(1), IsOk());
  const auto second = Hold(1);
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(first->name(), second->name());
  EXPECT_EQ(AuditedDecisions(), 5);
}

TEST_F(WayBackTest, AThousandHoldsAreTheMost) {
  Serve(2);
  storage::WriteSet write_set;
  internal::ChannelRecord record;
  *record.mutable_channel() = Channel();
  record.mutable_channel()->clear_etag();
  for (int i = 0; i < kMaxHolds; ++i) {
    record.mutable_channel()->add_holds()->set_version(VersionOf(100 + i));
  }
  write_set.PutRecord(storage::ChannelKey("churn", "production"), record.SerializeAsString());
  ASSERT_THAT(store_->CommitAndWait(std::move(write_set)), IsOk());
  ExpectError(Hold(1).status(), StatusCode::kResourceExhausted, "TOO_LARGE");
  ExpectError(Rollback().status(), StatusCode::kResourceExhausted, "TOO_LARGE");
  ASSERT_THAT(Release(100), IsOk());
  EXPECT_THAT(Rollback(), IsOk());
}

TEST_F(WayBackTest, AnOverrideServesWhatThePolicyRefusesAndKeepsItsVerdict) {
  Serve(1);
  Register(0.05);
  const auto decision = Override(2);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->kind(), Decision::OVERRIDE);
  EXPECT_EQ(decision->outcome(), Decision::OVERRIDDEN);
  EXPECT_EQ(decision->verdict(), v1::FAIL);
  EXPECT_EQ(decision->reason(), "signed off");
  EXPECT_EQ(decision->principal(), "dan");
  EXPECT_EQ(decision->policy(), "policies/churn");
  ASSERT_EQ(decision->candidates_size(), 1);
  EXPECT_EQ(decision->candidates(0).verdict(), v1::FAIL);
  EXPECT_EQ(Channel().version(), VersionOf(2));
  EXPECT_EQ(Channel().epoch(), 2);
  EXPECT_EQ(Channel().holds_size(), 0);
  EXPECT_EQ(Override(2)->outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(Channel().epoch(), 2);
}

TEST_F(WayBackTest, AnOverrideNeedsNoPolicyAndMakesTheChannel) {
  ExpectError(Override(1).status(), StatusCode::kNotFound, "MODEL_NOT_FOUND");
  Register(0.1);
  const auto decision = Override(1);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->verdict(), v1::VERDICT_UNSPECIFIED);
  EXPECT_EQ(decision->policy(), "");
  EXPECT_EQ(Channel().version(), VersionOf(1));
  EXPECT_EQ(Channel().epoch(), 1);
  Register(0.1);
  ASSERT_THAT(Override(2), IsOk());
  EXPECT_THAT(Rollback(), IsOk());
  EXPECT_EQ(Channel().version(), VersionOf(1));
}

TEST_F(WayBackTest, AnOverrideOfAHeldVersionIsRefused) {
  Serve(2);
  ASSERT_THAT(Rollback(), IsOk());
  ExpectError(Override(2).status(), StatusCode::kFailedPrecondition, "MODEL_VERSION_HELD");
}

TEST_F(WayBackTest, ADryRunSaysTheSameAndStoresNothing) {
  Serve(2);
  Register(0.05);
  const storage::Revision before = Revision();
  v1::RollbackRequest request = Back();
  request.set_validate_only(true);
  const auto dry = Rollback(request);
  ASSERT_THAT(dry, IsOk());
  EXPECT_FALSE(dry->committed());
  EXPECT_FALSE(Override(3, /*validate_only=*/true)->committed());
  EXPECT_EQ(Revision(), before);
  const auto real = Rollback();
  EXPECT_EQ(real->name(), dry->name());
  EXPECT_EQ(real->message(), dry->message());
  EXPECT_EQ(real->epoch(), dry->epoch());
}

TEST_F(WayBackTest, ThereIsARolloutForEachEpochAndItSaysHowItEnded) {
  Serve(2);
  Register(0.05);
  ASSERT_THAT(Override(3), IsOk());
  const auto back = Rollback();
  ASSERT_THAT(back, IsOk());
  EXPECT_THAT(States(), ElementsAre(Rollout::VERIFIED, Rollout::ROLLED_BACK, Rollout::SUPERSEDED,
                                    Rollout::SUPERSEDED));
  const std::vector<Rollout> rollouts = Rollouts();
  EXPECT_EQ(rollouts[0].name(), std::string(kChannel) + "/rollouts/4");
  EXPECT_EQ(rollouts[0].version(), VersionOf(2));
  EXPECT_EQ(rollouts[0].decision(), back->name());
  EXPECT_EQ(rollouts[0].end_decision(), "");
  EXPECT_FALSE(rollouts[0].has_end_time());
  EXPECT_EQ(rollouts[1].end_decision(), back->name());
  EXPECT_EQ(rollouts[1].end_time().seconds(), rollouts[0].create_time().seconds());
  EXPECT_EQ(Channel().rollout_state(), Rollout::VERIFIED);
}

TEST_F(WayBackTest, AChannelFromBeforeRolloutsGoesBackByItsDecisions) {
  Serve(3);
  ForgetRollouts();
  EXPECT_THAT(States(), ElementsAre());
  const auto back = Rollback();
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->chosen_version(), VersionOf(2));
  EXPECT_THAT(States(), ElementsAre(Rollout::VERIFIED, Rollout::ROLLED_BACK));
  EXPECT_EQ(Rollouts()[1].version(), VersionOf(3));
  EXPECT_EQ(Rollback()->chosen_version(), VersionOf(1));
}

TEST_F(WayBackTest, WhySaysWhoWentBackAndWhyAndWhatIsHeld) {
  Serve(2);
  ASSERT_THAT(Rollback(), IsOk());
  const std::string text = Sentences();
  EXPECT_THAT(text, HasSubstr("serves " + VersionOf(1) + " since epoch 3"));
  EXPECT_THAT(text, HasSubstr("rolled back from " + VersionOf(2) + " by ann"));
  EXPECT_THAT(text, HasSubstr(VersionOf(2) + " is held since"));
  EXPECT_THAT(Sentences(VersionOf(2)), HasSubstr("candidate.held is FAIL"));
  v1::RollbackRequest request = Back();
  request.set_to_nothing(true);
  ASSERT_THAT(Rollback(request), IsOk());
  EXPECT_THAT(Sentences(), HasSubstr("serves nothing since epoch 4"));
  Register(0.05);
  ASSERT_THAT(Override(3), IsOk());
  EXPECT_THAT(Sentences(), HasSubstr("dan, who overrode the policy"));
  EXPECT_THAT(Sentences(), HasSubstr("The policy's verdict on it was FAIL."));
}

TEST_F(WayBackTest, ListsAndEventsTellNoHolds) {
  Serve(2);
  ASSERT_THAT(Rollback(), IsOk());
  v1::ListChannelsRequest request;
  request.set_parent("models/churn");
  const auto list = ListChannels(*Now(), request);
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->channels_size(), 1);
  EXPECT_EQ(list->channels(0).holds_size(), 0);
  EXPECT_EQ(Channel().holds_size(), 1);
}

TEST_F(WayBackTest, AChannelThatIsNotThereIsNotFound) {
  Register(0.3);
  ExpectError(Rollback().status(), StatusCode::kNotFound, "CHANNEL_NOT_FOUND");
  ExpectError(Hold(1).status(), StatusCode::kNotFound, "CHANNEL_NOT_FOUND");
  ExpectError(Release(1).status(), StatusCode::kNotFound, "CHANNEL_NOT_FOUND");
}

// docs/promotion.md has the same vector.
TEST(ManualDecisionIdTest, IsTheDigestThatIsDescribed) {
  Decision decision;
  decision.set_kind(Decision::HOLD);
  decision.set_reason("leaks");
  decision.set_read_set_sha256(std::string(64, '0'));
  EXPECT_EQ(promotion::ManualDecisionId(decision),
            "ced732cee65bd975578b58176accf8183d0302f878164a22729aea25f54d5952");
}

}  // namespace
}  // namespace cairn::registry
