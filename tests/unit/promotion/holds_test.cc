// Versions that are held: who is a candidate, and what a decision says it read.

#include "gmock/gmock.h"
#include "lib/base/clock.h"
#include "lib/promotion/decide.h"
#include "lib/promotion/verdict.h"
#include "tests/unit/promotion/decide_fixture.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Decision;
using ::testing::ElementsAre;

constexpr const char* kHolds = "models/customer-segments/channels/production/holds";

cairn::v1::Hold HoldOn(int64_t number) {
  cairn::v1::Hold hold;
  hold.set_version(fmt::format("models/customer-segments/versions/{}", number));
  hold.set_reason("leaks");
  hold.set_principal("bea");
  hold.set_decision("models/customer-segments/channels/production/decisions/d");
  *hold.mutable_create_time() = ToTimestamp(1'700'000'000 * kNanosPerSecond);
  return hold;
}

bool Read(const Decision& decision, const std::string& key) {
  for (const auto& item : decision.read_set()) {
    if (item.key() == key) return true;
  }
  return false;
}

TEST(HoldsTest, AHeldVersionIsNoCandidateAndTheNextBestIsChosen) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1, 0.25), Good(2, 0.4)});
  input.holds = {HoldOn(2)};
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.chosen_version(), "models/customer-segments/versions/1");
  EXPECT_EQ(decision.candidates_size(), 1);
  EXPECT_THAT(decision.held_versions(), ElementsAre("models/customer-segments/versions/2"));
}

TEST(HoldsTest, NamingAHeldVersionFailsAndSaysWhoHoldsItSinceWhenAndWhy) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(2)});
  input.only_version = 2;
  input.holds = {HoldOn(2)};
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
  EXPECT_EQ(decision.verdict(), Verdict::FAIL);
  const auto check = CheckOf(decision.candidates(0), "candidate.held");
  EXPECT_EQ(check.verdict(), Verdict::FAIL);
  EXPECT_EQ(check.message(), "held since 2023-11-14T22:13:20Z by bea: leaks");
  EXPECT_THAT(check.evidence(), ElementsAre(input.holds[0].decision()));
}

TEST(HoldsTest, AHeldChampionStaysUntilAnotherIsBetter) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1, 0.25)});
  Serve(input, Good(1, 0.25), 1);
  input.holds = {HoldOn(1)};
  EXPECT_EQ(MustDecide(policy, input).outcome(), Decision::NO_CHANGE);
  input.candidates.push_back(Good(2, 0.5));
  EXPECT_EQ(MustDecide(policy, input).chosen_version(), "models/customer-segments/versions/2");
}

TEST(HoldsTest, HoldsAreReadWhereThereAreSomeAndLeaveOtherIdsAlone) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1), Good(2)});
  const Decision without = MustDecide(policy, input);
  EXPECT_FALSE(Read(without, kHolds));
  input.holds = {HoldOn(2), HoldOn(3)};
  const Decision with = MustDecide(policy, input);
  EXPECT_TRUE(Read(with, kHolds));
  EXPECT_NE(with.name(), without.name());
  std::swap(input.holds[0], input.holds[1]);
  EXPECT_EQ(MustDecide(policy, input).SerializeAsString(), with.SerializeAsString());
  input.holds[0].set_reason("another");
  EXPECT_NE(MustDecide(policy, input).name(), with.name());
}

TEST(HoldsTest, AChannelThatServesNothingAgainTakesItsNextVersionAtTheNextEpoch) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1)});
  input.head_epoch = 4;
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.outcome(), Decision::PROMOTED);
  EXPECT_EQ(decision.epoch(), 5);
  EXPECT_EQ(decision.previous_version(), "");
}

}  // namespace
}  // namespace cairn::promotion
