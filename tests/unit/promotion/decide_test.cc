#include "lib/promotion/decide.h"

#include <limits>

#include "gmock/gmock.h"
#include "lib/base/errors.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/verdict.h"
#include "tests/unit/promotion/decide_fixture.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Decision;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Decide, DustModelWithTheHighestSilhouetteIsRefusedByNameOfTheGate) {
  const Policy policy = ReportedPolicy();
  const auto dust = Version(
      1, 2, {{"silhouette", 0.856}, {"davies_bouldin", 0.82}, {"min_cluster_share", 0.005}});
  const Decision decision = MustDecide(policy, Input(policy, {dust}));
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
  EXPECT_EQ(decision.verdict(), Verdict::FAIL);
  EXPECT_TRUE(decision.chosen_version().empty());
  const auto& candidate = decision.candidates(0);
  EXPECT_EQ(CheckOf(candidate, "silhouette-floor").verdict(), Verdict::PASS);
  EXPECT_EQ(CheckOf(candidate, "no-dust-segments").verdict(), Verdict::FAIL);
  EXPECT_EQ(CheckOf(candidate, "no-dust-segments").message(),
            "min_cluster_share 0.005 is below 0.02");
  EXPECT_EQ(CheckOf(candidate, "business-k").message(), "k = 2 is below 3");
  EXPECT_THAT(candidate.message(), HasSubstr("no-dust-segments"));
  EXPECT_THAT(candidate.message(), HasSubstr("business-k"));
  EXPECT_TRUE(candidate.would_flip().empty()) << "two checks block: no single change helps";
  EXPECT_THAT(decision.message(), HasSubstr("no-dust-segments"));
}

TEST(Decide, GoodModelBecomesTheFirstHeadAndThenNothingChanges) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1), Good(2, 0.21)});
  const Decision first = MustDecide(policy, input);
  EXPECT_EQ(first.outcome(), Decision::PROMOTED);
  EXPECT_EQ(first.verdict(), Verdict::PASS);
  EXPECT_EQ(first.chosen_version(), "models/customer-segments/versions/1");
  EXPECT_EQ(first.epoch(), 1);
  EXPECT_FALSE(first.committed());
  EXPECT_EQ(CheckOf(first.candidates(0), "silhouette-gain").verdict(), Verdict::SKIPPED);
  EXPECT_EQ(first.candidates(1).rank(), 1);
  EXPECT_EQ(first.candidates(0).rank(), 2);

  Serve(input, Good(1), 1);
  const Decision second = MustDecide(policy, input);
  EXPECT_EQ(second.outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(second.epoch(), 1);
  EXPECT_NE(second.name(), first.name());
  // Etags and aliases move around a version without changing it.
  input.candidates[0].version.set_etag("\"9\"");
  input.candidates[0].version.add_aliases("best");
  EXPECT_EQ(MustDecide(policy, input).name(), second.name());
}

TEST(Decide, ChallengerMustBeatTheChampionByTheLeastEffect) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1), Good(2, 0.252)});
  Serve(input, Good(1), 1, 5);
  const Decision close = MustDecide(policy, input);
  EXPECT_EQ(close.outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(close.verdict(), Verdict::PASS);
  const auto gain = CheckOf(close.candidates(0), "silhouette-gain");
  EXPECT_EQ(gain.verdict(), Verdict::FAIL);
  EXPECT_EQ(gain.baseline(), 0.25);
  EXPECT_LT(gain.margin(), 0);
  ASSERT_EQ(close.candidates(0).would_flip_size(), 1);
  EXPECT_THAT(close.candidates(0).would_flip(0), HasSubstr("silhouette-gain"));

  input.candidates[1] = Good(2, 0.3);
  const Decision clear = MustDecide(policy, input);
  EXPECT_EQ(clear.outcome(), Decision::PROMOTED);
  EXPECT_EQ(clear.epoch_seen(), 5);
  EXPECT_EQ(clear.epoch(), 6);
  EXPECT_EQ(clear.previous_version(), "models/customer-segments/versions/1");
}

TEST(Decide, EvidenceOnOtherDataCountsAsMissing) {
  const Policy policy = ReportedPolicy();
  auto version = Good(1);
  version.evaluations[0].evaluation.set_dataset_sha256(std::string(64, 'e'));
  const Decision decision = MustDecide(policy, Input(policy, {version}));
  EXPECT_EQ(decision.verdict(), Verdict::FAIL);
  EXPECT_THAT(CheckOf(decision.candidates(0), "silhouette-floor").message(),
              HasSubstr("dataset.digest"));
}

TEST(Decide, MissingDataSetIsAnErrorAndNeverAPass) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1)});
  input.evidence.reset();
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.verdict(), Verdict::ERROR);
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
}

TEST(Decide, SeveralValuesThatDifferAreAnError) {
  const Policy policy = ReportedPolicy();
  auto version = Good(1);
  version.evaluations.push_back(version.evaluations[0]);
  EXPECT_EQ(MustDecide(policy, Input(policy, {version})).verdict(), Verdict::PASS);
  version.evaluations[1].evaluation.mutable_values(0)->set_value(9);
  EXPECT_EQ(MustDecide(policy, Input(policy, {version})).verdict(), Verdict::ERROR);
}

TEST(Decide, WhatIsNotComparableIsInconclusiveAndNamesTheKey) {
  const Policy policy = ReportedPolicy();
  auto better = Good(2, 0.4);
  better.version.set_evaluation_space("other");
  auto input = Input(policy, {Good(1), better});
  Serve(input, Good(1), 1);
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.outcome(), Decision::NO_CHANGE);
  const auto check = CheckOf(decision.candidates(0), "silhouette-gain");
  EXPECT_EQ(check.verdict(), Verdict::INCONCLUSIVE);
  EXPECT_THAT(check.message(), HasSubstr("evaluation.space"));
}

TEST(Decide, CandidatesOfDifferentSpacesAreNotRanked) {
  const Policy policy = ReportedPolicy();
  auto other = Good(2, 0.4);
  other.version.set_evaluation_space("other");
  auto input = Input(policy, {Good(1), other});
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
  EXPECT_EQ(decision.verdict(), Verdict::INCONCLUSIVE);
  EXPECT_THAT(decision.message(), HasSubstr("evaluation.space"));
  input.candidates = {other};
  input.only_version = 2;
  EXPECT_EQ(MustDecide(policy, input).outcome(), Decision::PROMOTED);
}

TEST(Decide, NumbersAtTheEdges) {
  const Policy policy = PolicyWith(
      "  gates: [{id: g, metric: davies_bouldin, pass: '<= 1', fail: '> 2'}]\n"
      "  baseline: {comparableOn: [dataset.digest]}\n");
  const auto verdict = [&](double value) {
    return MustDecide(policy, Input(policy, {Version(1, 3, {{"davies_bouldin", value}})}))
        .verdict();
  };
  EXPECT_EQ(verdict(1), Verdict::PASS);
  EXPECT_EQ(verdict(-0.0), Verdict::PASS);
  EXPECT_EQ(verdict(1.5), Verdict::INCONCLUSIVE);
  EXPECT_EQ(verdict(2), Verdict::INCONCLUSIVE);
  EXPECT_EQ(verdict(2.1), Verdict::FAIL);
  EXPECT_EQ(verdict(kNan), Verdict::INCONCLUSIVE);
  EXPECT_EQ(verdict(-kInf), Verdict::FAIL);
}

TEST(Decide, RelativeChangeFromZeroIsInconclusive) {
  const Policy policy = PolicyWith(
      "  compare: [{id: c, role: guardrail, metric: psi_max, maxLoss: {relative: 0.1}}]\n");
  auto input = Input(policy, {Version(2, 3, {{"psi_max", 0.1}})});
  input.only_version = 2;
  Serve(input, Version(1, 3, {{"psi_max", -0.0}}), 1);
  EXPECT_EQ(MustDecide(policy, input).verdict(), Verdict::INCONCLUSIVE);
}

TEST(Decide, InertiaIsSkippedForUnequalKAndNothingElseRan) {
  const Policy policy = PolicyWith(
      "  compare: [{id: c, role: guardrail, metric: inertia, maxLoss: {relative: 0.01},\n"
      "    when: \"param('k') == champion.param('k')\"}]\n");
  auto input = Input(policy, {Version(2, 6, {{"inertia", 10}})});
  input.only_version = 2;
  Serve(input, Version(1, 5, {{"inertia", 20}}), 1);
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(CheckOf(decision.candidates(0), "c").message(), "k differs: candidate 6, champion 5");
  EXPECT_EQ(decision.verdict(), Verdict::INCONCLUSIVE) << "never a vacuous PASS";
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
}

TEST(Decide, ShadowRulesAreReportedAndDoNotCount) {
  const Policy policy = PolicyWith(
      "  gates:\n    - {id: real, metric: silhouette, pass: '> 0'}\n"
      "    - {id: trial, metric: psi_max, pass: '< 0.1', mode: shadow}\n");
  const Decision decision =
      MustDecide(policy, Input(policy, {Version(1, 3, {{"silhouette", 0.5}, {"psi_max", 9}})}));
  EXPECT_EQ(decision.outcome(), Decision::PROMOTED);
  const auto trial = CheckOf(decision.candidates(0), "trial");
  EXPECT_EQ(trial.verdict(), Verdict::FAIL);
  EXPECT_TRUE(trial.shadow());
}

TEST(Decide, PolicyInShadowModeMovesNothing) {
  Policy policy = ReportedPolicy();
  policy.mode = PolicyMode::kShadow;
  const Decision decision = MustDecide(policy, Input(policy, {Good(1)}));
  EXPECT_EQ(decision.outcome(), Decision::NOT_ENFORCED);
  EXPECT_EQ(decision.verdict(), Verdict::PASS);
  EXPECT_EQ(decision.epoch(), 0);
}

TEST(Decide, PolicyThatIsOffEvaluatesNobody) {
  Policy policy = ReportedPolicy();
  policy.mode = PolicyMode::kOff;
  policy.max_candidates = 1;
  const Decision decision = MustDecide(policy, Input(policy, {Good(1), Good(2)}));
  EXPECT_EQ(decision.outcome(), Decision::NOT_ENFORCED);
  EXPECT_EQ(decision.verdict(), Verdict::SKIPPED);
  EXPECT_EQ(decision.candidates_size(), 0);
  EXPECT_TRUE(decision.chosen_version().empty());
}

TEST(Decide, OnlyVersionsWhoseRunEndedWellAreCandidates) {
  const Policy policy = ReportedPolicy();
  std::vector<VersionRead> versions;
  for (const char* state : {"RUNNING", "FAILED", "KILLED", "DELETED", "SUCCEEDED", ""}) {
    versions.push_back(Good(static_cast<int64_t>(versions.size()) + 1, 0.4));
    versions.back().run_state = state;
  }
  auto input = Input(policy, versions);
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.candidates_size(), 2);
  EXPECT_EQ(decision.chosen_version(), "models/customer-segments/versions/5");
  EXPECT_THAT(decision.message(),
              HasSubstr("; 4 versions are left out: 1 of a run that is DELETED, 1 of a run that is "
                        "FAILED, 1 of a run that is KILLED, 1 of a run that is RUNNING"));
  input.candidates = {versions[0]};
  input.only_version = 1;
  const Decision named = MustDecide(policy, input);
  EXPECT_EQ(named.outcome(), Decision::REFUSED);
  const auto check = CheckOf(named.candidates(0), "candidate.run");
  EXPECT_EQ(check.verdict(), Verdict::FAIL);
  EXPECT_THAT(check.message(), HasSubstr("RUNNING"));
}

TEST(Decide, AChampionWhoseRunWasDeletedDefendsItself) {
  const Policy policy = ReportedPolicy();
  auto champion = Good(1);
  champion.run_state = "DELETED";
  auto input = Input(policy, {champion, Good(2, 0.2)});
  Serve(input, champion, 1);
  EXPECT_EQ(MustDecide(policy, input).outcome(), Decision::NO_CHANGE);
}

TEST(Decide, ANamedVersionMustRankBeforeTheChampion) {
  const Policy policy = PolicyWith(
      "  gates: [{id: g, metric: silhouette, pass: '>= 0.2'}]\n"
      "  choose: {order: [{metric: silhouette, direction: higher, bucket: 0.005}]}\n");
  const auto promote = [&](int64_t head, int64_t named) {
    auto input = Input(policy, {named == 1 ? Good(1, 0.25) : Good(2, 0.3)});
    input.only_version = named;
    Serve(input, head == 1 ? Good(1, 0.25) : Good(2, 0.3), head);
    return MustDecide(policy, input);
  };
  EXPECT_EQ(promote(1, 2).outcome(), Decision::PROMOTED);
  const Decision back = promote(2, 1);
  EXPECT_EQ(back.outcome(), Decision::NO_CHANGE) << "two versions do not leapfrog";
  EXPECT_EQ(back.verdict(), Verdict::PASS);
  EXPECT_THAT(back.message(), HasSubstr("before version 1 by silhouette: 0.25 (bucket 50) against "
                                        "version 2's 0.3 (bucket 60)"));
  EXPECT_EQ(back.candidates_size(), 2);
  EXPECT_EQ(promote(1, 1).outcome(), Decision::NO_CHANGE);
}

TEST(Decide, ANamedVersionThatFailsIsTheAnswerWhoeverIsServed) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(2, 0.1)});
  input.only_version = 2;
  Serve(input, Good(1), 1);
  const Decision decision = MustDecide(policy, input);
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
  EXPECT_EQ(decision.verdict(), Verdict::FAIL);
}

TEST(Decide, APassingLoserNamesItsPlaceAndTheKeyThatDecided) {
  const Policy policy = ReportedPolicy();
  const Decision decision =
      MustDecide(policy, Input(policy, {Good(3, 0.29), Good(2, 0.281), Good(1, 0.281)}));
  EXPECT_EQ(decision.chosen_version(), "models/customer-segments/versions/3");
  EXPECT_TRUE(decision.candidates(0).lost_by().empty());
  EXPECT_EQ(decision.candidates(1).lost_by(),
            "silhouette: 0.281 (bucket 56) against version 3's 0.29 (bucket 57)");
  EXPECT_THAT(decision.candidates(1).message(),
              HasSubstr("comes 3 of 3, after version 3 by silhouette"));
}

TEST(Decide, AValueThatTheMetricCannotHaveIsAnError) {
  const Policy policy = ReportedPolicy();
  const Decision decision = MustDecide(policy, Input(policy, {Good(1, 5)}));
  EXPECT_EQ(decision.outcome(), Decision::REFUSED);
  const auto check = CheckOf(decision.candidates(0), "silhouette-floor");
  EXPECT_EQ(check.verdict(), Verdict::ERROR);
  EXPECT_EQ(check.message(), "the version has silhouette 5, which the metric cannot be");
}

TEST(Decide, MetricsOfAnyKindOfModelAreDeclaredByThePolicy) {
  const Policy policy = PolicyWith(
      "  metrics:\n    accuracy: {direction: higher, min: 0, max: 1}\n"
      "    latency_ms: {direction: lower, min: 0, unit: ms}\n"
      "  gates:\n    - {id: right, metric: accuracy, pass: '>= 0.9'}\n"
      "    - {id: fast, metric: latency_ms, pass: '<= 20'}\n");
  const auto result = [&](double accuracy, double latency) {
    return MustDecide(
               policy,
               Input(policy, {Version(1, 3, {{"accuracy", accuracy}, {"latency_ms", latency}})}))
        .candidates(0);
  };
  EXPECT_EQ(result(0.95, 12).verdict(), Verdict::PASS);
  EXPECT_EQ(CheckOf(result(0.95, 12), "fast").message(), "latency_ms 12 ms is <= 20");
  EXPECT_EQ(result(0.95, 21).verdict(), Verdict::FAIL);
  EXPECT_EQ(result(95, 12).verdict(), Verdict::ERROR);
}

TEST(Decide, WhereSelectsByAgeParameterAndTagAndSkipsWhatLacksThem) {
  const Policy policy = PolicyWith(
      "  candidates: {max: 1, where: \"age <= duration('30d') && param('k') in ['4', '5'] && "
      "tag('team') == 'crm'\"}\n"
      "  gates: [{id: g, metric: silhouette, pass: '>= 0.2'}]\n");
  std::vector<VersionRead> versions;
  for (int64_t number = 1; number <= 5; ++number) {
    versions.push_back(Good(number));
    versions.back().version.mutable_create_time()->set_seconds(number * 86400);
    (*versions.back().version.mutable_tags())["team"] = "crm";
  }
  (*versions[2].version.mutable_tags())["team"] = "web";
  versions[3].version.mutable_tags()->clear();
  (*versions[4].version.mutable_params())["k"] = "6";
  auto input = Input(policy, versions);
  constexpr int64_t kDay31 = int64_t{31} * 86400 * 1'000'000'000;
  input.time_facts = AgeFacts(policy.where, versions, kDay31);
  EXPECT_THAT(input.time_facts,
              ::testing::ElementsAre(::testing::Pair("age <= duration('30d')", "1..5")));
  const auto tight = Decide(policy, input);
  EXPECT_TRUE(HasReason(tight.status(), ErrorReason::TOO_MANY_CANDIDATES));
  EXPECT_THAT(std::string(tight.status().message()), HasSubstr("candidates.where"));
  EXPECT_THAT(std::string(tight.status().message()), HasSubstr("archive"));
  input.time_facts = AgeFacts(policy.where, versions, kDay31 + 1'000'000'000);
  const Decision decision = MustDecide(policy, input);
  ASSERT_EQ(decision.candidates_size(), 1);
  EXPECT_EQ(decision.chosen_version(), "models/customer-segments/versions/2");
  EXPECT_THAT(decision.message(), HasSubstr("4 versions are left out: 4 by candidates.where"));
  EXPECT_EQ(decision.time_facts().at("age <= duration('30d')"), "2..5");
  input.candidates = {versions[3]};
  input.only_version = 4;
  const Decision named = MustDecide(policy, input);
  EXPECT_EQ(CheckOf(named.candidates(0), "candidate.where").verdict(), Verdict::FAIL);
}

TEST(Decide, TheLargestAllowedDecisionFitsAMessage) {
  const std::string model(63, 'm');
  const std::string dataset(63, 'd');
  std::string gates;
  constexpr int kChecks = 40;
  for (int i = 0; i < kChecks; ++i) {
    gates += fmt::format(
        "    - {{id: {}, role: guardrail, metric: min_cluster_share, maxLoss: "
        "{{relative: 0.123456789012345}}}}\n",
        fmt::format("{:x<63}", i));
  }
  const auto policy_of = [&](int64_t max) {
    return ParsePolicy(
        fmt::format("apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {{name: p}}\nspec:\n"
                    "  target: {{model: {}, channel: production}}\n"
                    "  candidates: {{max: {}}}\n"
                    "  evidence: {{trust: reported, dataset: {}}}\n  compare:\n{}",
                    model, max, dataset, gates));
  };
  constexpr int64_t kMax = kMaxResults / kChecks;
  const auto refused = policy_of(kMax + 1);
  EXPECT_THAT(refused, testing::FailsWith(ErrorReason::POLICY_INVALID));
  EXPECT_EQ(MetadataOf(refused.status(), "field"), "spec");
  const auto policy = policy_of(kMax);
  ASSERT_THAT(policy, testing::IsOk());
  std::vector<VersionRead> versions;
  for (int64_t number = 1; number <= kMax; ++number) {
    VersionRead read = Version(number, 3, {{"min_cluster_share", 0.123456789012345}});
    read.version.set_name(fmt::format("models/{}/versions/{}", model, number));
    read.version.set_run("experiments/1000/runs/" + std::string(32, 'f'));
    read.evaluations[0].evaluation.set_name(read.version.name() + "/evaluations/1");
    read.evaluations[0].evaluation.set_dataset_version(
        fmt::format("datasets/{}/versions/1", dataset));
    versions.push_back(std::move(read));
  }
  DecisionInput input = Input(*policy, versions);
  input.evidence->version_name = fmt::format("datasets/{}/versions/1", dataset);
  auto champion = versions[0];
  champion.evaluations[0].evaluation.mutable_values(0)->set_value(0.987654321098765);
  input.candidates[0] = champion;
  Serve(input, champion, 1);
  const Decision decision = MustDecide(*policy, input);
  EXPECT_EQ(decision.candidates_size(), kMax);
  EXPECT_EQ(decision.candidates(0).verdict(), Verdict::FAIL);
  EXPECT_GT(decision.ByteSizeLong(), size_t{1} << 20) << "the bound could be larger";
  EXPECT_LT(decision.ByteSizeLong(), size_t{4} << 20);
}

TEST(Decide, FirstPromotionCanBeRefused) {
  const Policy policy = PolicyWith(
      "  baseline: {ifAbsent: refuse}\n  gates: [{id: g, metric: silhouette, pass: '> 0'}]\n");
  const Decision decision = MustDecide(policy, Input(policy, {Good(1)}));
  EXPECT_EQ(decision.verdict(), Verdict::FAIL);
  EXPECT_EQ(CheckOf(decision.candidates(0), "baseline.ifAbsent").verdict(), Verdict::FAIL);
}

TEST(Decide, ArchivedVersionsAreNoCandidatesUnlessNamed) {
  const Policy policy = ReportedPolicy();
  auto archived = Good(1);
  archived.version.set_state(cairn::v1::ModelVersion::ARCHIVED);
  auto input = Input(policy, {archived});
  const Decision none = MustDecide(policy, input);
  EXPECT_EQ(none.candidates_size(), 0);
  EXPECT_EQ(none.verdict(), Verdict::INCONCLUSIVE);
  input.only_version = 1;
  const Decision named = MustDecide(policy, input);
  EXPECT_EQ(CheckOf(named.candidates(0), "candidate.state").verdict(), Verdict::FAIL);
  EXPECT_NE(named.name(), none.name());
}

TEST(Decide, MoreCandidatesThanAllowedIsAnError) {
  Policy policy = ReportedPolicy();
  policy.max_candidates = 1;
  const auto decision = Decide(policy, Input(policy, {Good(1), Good(2)}));
  EXPECT_TRUE(HasReason(decision.status(), ErrorReason::TOO_MANY_CANDIDATES));
  EXPECT_EQ(MetadataOf(decision.status(), "count"), "2");
}

TEST(Decide, ChooseGoesByBucketsThenVersion) {
  const Policy policy = ReportedPolicy();
  // 0.251 and 0.254 share a bucket of 0.005; then k, then the older version.
  const Decision decision =
      MustDecide(policy, Input(policy, {Good(3, 0.251), Good(2, 0.254), Good(4, 0.249)}));
  EXPECT_EQ(decision.chosen_version(), "models/customer-segments/versions/2");
}

TEST(Decide, ContradictoryInputIsAFault) {
  const Policy policy = ReportedPolicy();
  auto input = Input(policy, {Good(1)});
  input.head_version = 1;
  input.head_epoch = 1;
  EXPECT_TRUE(HasReason(Decide(policy, input).status(), ErrorReason::INTERNAL_FAULT));
}

TEST(DecisionId, TestVectorOfTheDocumentation) {
  cairn::v1::ReadItem item;
  item.set_key("models/m/channels/production");
  const std::string read_set = ReadSetDigest({item});
  EXPECT_EQ(read_set, "bfeaafacf50e486abd8883b7d7ccf3ce11ef277373308a2126443ce02b2cd00d");
  EXPECT_EQ(DecisionId("p", std::string(64, '0'), 1, read_set, {{"window", "open"}}),
            "dbf732cbdfca6bee01671461335237800a418013ff1bf97280a8e80fed688fef");
}

}  // namespace
}  // namespace cairn::promotion
