#include <algorithm>
#include <random>

#include "lib/base/deterministic_bytes.h"
#include "lib/promotion/candidate.h"
#include "lib/promotion/counterfactual.h"
#include "lib/promotion/verdict.h"
#include "tests/unit/promotion/decide_fixture.h"
#include "tests/unit/promotion/random_decisions.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Decision;

constexpr uint64_t kDecisionSeed = 20240917;

TEST(DecideProperty, OrderOfTheInputChangesNotOneByte) {
  SCOPED_TRACE(kDecisionSeed);
  std::mt19937_64 rng(kDecisionSeed);
  const Policy policy = ReportedPolicy();
  for (int round = 0; round < 400; ++round) {
    DecisionInput input = RandomInput(rng, policy);
    const std::string before = DeterministicBytes(MustDecide(policy, input));
    std::shuffle(input.candidates.begin(), input.candidates.end(), rng);
    for (VersionRead& read : input.candidates) {
      std::shuffle(read.evaluations.begin(), read.evaluations.end(), rng);
    }
    ASSERT_EQ(DeterministicBytes(MustDecide(policy, input)), before) << "round " << round;
  }
}

TEST(DecideProperty, OnlyACandidateThatPassesEverythingIsPromoted) {
  SCOPED_TRACE(kDecisionSeed);
  std::mt19937_64 rng(kDecisionSeed);
  const Policy policy = ReportedPolicy();
  int promoted = 0;
  for (int round = 0; round < 2000; ++round) {
    const DecisionInput input = RandomInput(rng, policy);
    const Decision decision = MustDecide(policy, input);
    for (const auto& candidate : decision.candidates()) {
      Verdict worst = Verdict::SKIPPED;
      for (const auto& check : candidate.checks()) worst = Worst(worst, check.verdict());
      ASSERT_EQ(candidate.verdict(), worst);
      if (candidate.version() == decision.chosen_version()) {
        ASSERT_EQ(worst, Verdict::PASS);
        ASSERT_EQ(candidate.rank(), 1);
      }
    }
    const bool moved = decision.outcome() == Decision::PROMOTED;
    promoted += moved ? 1 : 0;
    ASSERT_EQ(decision.epoch(), input.head_epoch + (moved ? 1 : 0));
    ASSERT_EQ(decision.chosen_version().empty(), decision.outcome() == Decision::REFUSED);
  }
  EXPECT_GT(promoted, 5) << "the generator no longer makes good versions";
}

TEST(DecideProperty, EachCounterfactualTurnsTheVerdictAndTheValueBeforeItDoesNot) {
  SCOPED_TRACE(kDecisionSeed);
  std::mt19937_64 rng(kDecisionSeed);
  const Policy policy = ReportedPolicy();
  int turned = 0;
  int lost = 0;
  for (int round = 0; round < 1000; ++round) {
    const DecisionInput input = RandomInput(rng, policy);
    const EvidencePin pin{true, input.evidence->sha256, policy.trust, &policy.metrics};
    const VersionRead* champion = input.champion ? &*input.champion : nullptr;
    for (const VersionRead& read : input.candidates) {
      const std::vector<Exclusion> exclusions;
      const Trial trial{policy, champion, pin, exclusions};
      const auto result = EvaluateCandidate(trial, read);
      const bool passes = result.verdict() == Verdict::PASS;
      for (const auto& change : result.counterfactuals()) {
        const auto after = [&](double needed) {
          auto other = change;
          other.set_needed(needed);
          return JudgeCandidate(trial, WithValue(policy, read, other)).verdict() == Verdict::PASS;
        };
        ASSERT_NE(after(change.needed()), passes) << change.ShortDebugString();
        // Numbers of segments are whole, and so are those that would turn it.
        const double closer = change.subject() == "k"
                                  ? change.needed() + (change.observed() > change.needed() ? 1 : -1)
                                  : std::nextafter(change.needed(), change.observed());
        ASSERT_TRUE(change.subject() != "k" || change.needed() == std::floor(change.needed()));
        if (closer == change.observed()) continue;
        ASSERT_EQ(after(closer), passes) << change.ShortDebugString();
        (passes ? lost : turned) += 1;
      }
    }
  }
  EXPECT_GT(turned, 20);
  EXPECT_GT(lost, 20);
}

TEST(DecideProperty, RaisingAPassingMetricNeverMakesItFail) {
  SCOPED_TRACE(kDecisionSeed);
  std::mt19937_64 rng(kDecisionSeed);
  const Policy policy = PolicyWith(
      "  gates: [{id: g, metric: silhouette, pass: '>= 0.3', fail: '< 0.1'}]\n"
      "  compare: [{id: c, role: objective, metric: silhouette, minEffect: {relative: 0.05}}]\n");
  for (int round = 0; round < 2000; ++round) {
    const double low = static_cast<double>(rng() % 1000) / 2000.0;
    const double high = low + static_cast<double>(rng() % 1000) / 2000.0;
    DecisionInput input = Input(policy, {Version(2, 3, {{"silhouette", low}})});
    input.only_version = 2;
    const double base = static_cast<double>(rng() % 1000) / 1000.0 - 0.5;
    Serve(input, Version(1, 3, {{"silhouette", base}}), 1);
    const Verdict before = MustDecide(policy, input).verdict();
    input.candidates = {Version(2, 3, {{"silhouette", high}})};
    const Verdict after = MustDecide(policy, input).verdict();
    if (before == Verdict::PASS) {
      ASSERT_EQ(after, Verdict::PASS) << low << " -> " << high << " against " << base;
    }
  }
}

}  // namespace
}  // namespace cairn::promotion
