// A stored decision is made again from what it read, long after all that has changed.

#include "server/registry/decision_replay.h"

#include <algorithm>
#include <string>

#include "lib/base/digest.h"
#include "lib/promotion/replay.h"
#include "server/registry/decision_log.h"
#include "server/storage/keyspace.h"
#include "tests/unit/server/channel_fixture.h"

namespace cairn::registry {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using ::testing::HasSubstr;
using v1::Decision;
using v1::ReplayDecisionResponse;

class DecisionReplayTest : public ChannelTest {
 protected:
  void SetUp() override {
    ASSERT_THAT(Govern("production", 0.4), IsOk());
    for (int i = 1; i <= 4; ++i) ASSERT_THAT(Register(0.1 * i + 0.15), IsOk());
  }

  absl::StatusOr<ReplayDecisionResponse> Replay(const std::string& name) {
    v1::ReplayDecisionRequest request;
    request.set_name(name);
    return ReplayDecision(*Now(), request);
  }

  void Damage(const std::string& sha256) {
    storage::WriteSet set;
    set.PutRecord(storage::KeptValueKey(sha256), "something else");
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }
};

TEST_F(DecisionReplayTest, APromotionIsIdenticalAlsoWhenItsRuleAndVersionsChanged) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  ASSERT_THAT(Govern("production", 0.9), IsOk());
  ASSERT_THAT(Register(0.95), IsOk());
  const auto replay = Replay(decision->name());
  ASSERT_THAT(replay, IsOk());
  EXPECT_EQ(replay->replay(), ReplayDecisionResponse::IDENTICAL);
  EXPECT_EQ(replay->values_read(), decision->read_set_size());
  EXPECT_EQ(replay->sha256(), Sha256Hex(promotion::ReplayedBytes(*decision)));
}

TEST_F(DecisionReplayTest, TheTextIsTheOneThatDecidedThoughTheSameRuleWasWrittenAnew) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  v1::GetPolicyRequest get;
  get.set_name("policies/production");
  auto policy = GetPolicy(*Now(), get);
  ASSERT_THAT(policy, IsOk());
  v1::ApplyPolicyRequest apply;
  apply.set_source("# The same rule, three lines further down.\n\n\n" + policy->source());
  ASSERT_THAT(Apply<v1::ApplyPolicyResponse>(PlanApplyPolicy(*Now(), apply, By("pia"))), IsOk());
  const auto replay = Replay(decision->name());
  ASSERT_THAT(replay, IsOk());
  EXPECT_EQ(replay->replay(), ReplayDecisionResponse::IDENTICAL);
}

TEST_F(DecisionReplayTest, AnOverrideIsComparedByTheVerdictOfItsPolicy) {
  const auto decision = Override(kProduction, 1);
  ASSERT_THAT(decision, IsOk());
  const auto replay = Replay(decision->name());
  ASSERT_THAT(replay, IsOk());
  EXPECT_EQ(replay->replay(), ReplayDecisionResponse::IDENTICAL);
}

TEST_F(DecisionReplayTest, WhereNoPolicyJudgedThereIsNothingToReplay) {
  ASSERT_THAT(Override(kProduction, 3), IsOk());
  ASSERT_THAT(Override(kProduction, 4), IsOk());
  const auto decision = Rollback(kProduction);
  ASSERT_THAT(decision, IsOk());
  const auto replay = Replay(decision->name());
  ASSERT_THAT(replay, IsOk());
  EXPECT_EQ(replay->replay(), ReplayDecisionResponse::NOTHING_TO_REPLAY);
  EXPECT_EQ(replay->sha256(), "");
}

TEST_F(DecisionReplayTest, AValueThatIsNotWhatWasReadIsToldWithItsKey) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  const std::string version = ChurnVersion(4);
  const auto& items = decision->read_set();
  const auto read = std::find_if(items.begin(), items.end(),
                                 [&](const auto& item) { return item.key() == version; });
  ASSERT_NE(read, items.end());
  Damage(read->sha256());
  const absl::Status damaged = Replay(decision->name()).status();
  EXPECT_THAT(damaged, FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  EXPECT_THAT(std::string(damaged.message()), HasSubstr(version));
}

TEST_F(DecisionReplayTest, ADecisionThatIsNotThereIsNotFound) {
  EXPECT_THAT(Replay(std::string(kProduction) + "/decisions/none").status(),
              FailsWith(ErrorReason::DECISION_NOT_FOUND));
  EXPECT_THAT(Replay("nonsense").status(), FailsWith(ErrorReason::NAME_INVALID));
}

}  // namespace
}  // namespace cairn::registry
