#include <map>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "lib/promotion/decide.h"
#include "lib/promotion/verdict.h"
#include "tests/unit/promotion/decide_fixture.h"

namespace cairn::promotion {
namespace {

using cairn::v1::Decision;
using cairn::v1::Evaluation;
using ::testing::HasSubstr;

const char* const kReevaluate = "  baseline: {ifIncomparable: reevaluate}\n";
const char* const kBetter =
    "  compare:\n    - {id: better, role: objective, metric: silhouette, "
    "minEffect: {absolute: 0.01}}\n  choose: {order: [{metric: silhouette}]}\n";
const char* const kMoved =
    "  compare:\n    - {id: moved, role: guardrail, metric: label_churn, pass: '<= 0.25'}\n";

// Adds what the server measured of `read` in `space`, against `reference` unless that is empty.
void Measured(VersionRead& read, const std::string& space, const std::string& reference,
              const std::map<std::string, double>& metrics) {
  EvaluationRead measured;
  Evaluation& evaluation = measured.evaluation;
  evaluation.set_name(read.version.name() + "/evaluations/" +
                      std::to_string(read.evaluations.size() + 1));
  evaluation.set_source(Evaluation::SERVER);
  evaluation.set_state(Evaluation::FINAL);
  evaluation.set_dataset_sha256(kDataDigest);
  evaluation.set_space(space);
  evaluation.set_reference_version(reference);
  for (const auto& [name, value] : metrics) {
    auto* one = evaluation.add_values();
    one->set_metric(name);
    one->set_definition(name + ".exact.v1");
    one->set_value(value);
  }
  read.evaluations.push_back(std::move(measured));
}

const std::string kChampion = "models/customer-segments/versions/1";

// A champion of 0.3 in its own space, and a challenger of 0.9 in another one.
std::pair<VersionRead, VersionRead> TwoSpaces(double in_champions_space) {
  VersionRead champion = Version(1, 4, {});
  Measured(champion, "logs", "", {{"silhouette", 0.3}});
  VersionRead challenger = Version(2, 4, {});
  Measured(challenger, "plain", "", {{"silhouette", 0.9}});
  Measured(challenger, "logs", kChampion, {{"silhouette", in_champions_space}});
  return {champion, challenger};
}

// The challenger comes first: candidates are told newest first.
Decision Decided(const Policy& policy, const std::pair<VersionRead, VersionRead>& two) {
  auto input = Input(policy, {two.first, two.second});
  Serve(input, two.first, 1);
  return MustDecide(policy, input);
}

TEST(Reevaluate, ComparesDifferentlyPreparedModelsInTheChampionsSpace) {
  const Policy policy = PolicyWith(std::string(kReevaluate) + kBetter);
  const Decision better = Decided(policy, TwoSpaces(0.35));
  EXPECT_EQ(better.outcome(), Decision::PROMOTED);
  const auto& check = CheckOf(better.candidates(0), "better");
  EXPECT_EQ(check.verdict(), Verdict::PASS) << check.message();
  EXPECT_EQ(check.observed(), 0.35);
  EXPECT_EQ(check.baseline(), 0.3);

  const Decision worse = Decided(policy, TwoSpaces(0.25));
  EXPECT_EQ(worse.outcome(), Decision::NO_CHANGE);
  EXPECT_EQ(CheckOf(worse.candidates(0), "better").verdict(), Verdict::FAIL)
      << "0.9 in its own space proves nothing";
}

// Adds a stability that the server measured from so many fits.
void Stability(VersionRead& read, int repeats, double value) {
  Measured(read, "logs", "", {{"stability_ari", value}});
  (*read.evaluations.back().evaluation.mutable_settings())["stability.repeats"] =
      std::to_string(repeats);
}

TEST(Stability, ThatOfTheMostFitsCountsAndFewerThanAskedForAreNone) {
  const Policy policy = PolicyFrom(
      "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: p}\nspec:\n"
      "  target: {model: customer-segments, channel: production}\n"
      "  evidence: {trust: server, dataset: retail-features, repeats: {min: 5}}\n"
      "  gates: [{id: stable, metric: stability_ari, pass: '>= 0.5'}]\n");
  const auto verdict = [&](std::initializer_list<std::pair<int, double>> stabilities) {
    VersionRead version = Version(1, 4, {});
    for (const auto& [repeats, value] : stabilities) Stability(version, repeats, value);
    const Decision decision = MustDecide(policy, Input(policy, {version}));
    return decision.candidates(0).checks(0).verdict();
  };
  EXPECT_EQ(verdict({{5, 0.9}}), Verdict::PASS);
  EXPECT_EQ(verdict({{5, 0.9}, {10, 0.1}}), Verdict::FAIL) << "from more fits";
  EXPECT_EQ(verdict({{10, 0.9}, {5, 0.1}}), Verdict::PASS) << "in any order";
  EXPECT_EQ(verdict({{4, 0.9}}), Verdict::FAIL) << "missing";
  EXPECT_EQ(verdict({{5, 0.9}, {5, 0.8}}), Verdict::ERROR) << "nothing says which counts";
}

TEST(Reevaluate, NothingCanBeToldWithoutTheWordOrTheMeasurement) {
  const Decision unasked = Decided(PolicyWith(kBetter), TwoSpaces(0.35));
  EXPECT_EQ(CheckOf(unasked.candidates(0), "better").verdict(), Verdict::INCONCLUSIVE);

  auto two = TwoSpaces(0.35);
  two.second.evaluations.pop_back();
  const Decision unmeasured = Decided(PolicyWith(std::string(kReevaluate) + kBetter), two);
  EXPECT_EQ(CheckOf(unmeasured.candidates(0), "better").verdict(), Verdict::INCONCLUSIVE);
  EXPECT_THAT(CheckOf(unmeasured.candidates(0), "better").message(), HasSubstr("evaluation.space"));
}

TEST(Reevaluate, WhatComparesAnywayStaysInItsOwnSpace) {
  auto two = TwoSpaces(0.1);
  two.second.evaluations[0].evaluation.set_space("logs");
  const Decision decision = Decided(PolicyWith(std::string(kReevaluate) + kBetter), two);
  EXPECT_EQ(CheckOf(decision.candidates(0), "better").observed(), 0.9);
}

TEST(Reevaluate, ReportedValuesDoNotStandInForTheServersInAnotherSpace) {
  auto two = TwoSpaces(0.35);
  two.second.evaluations[1].evaluation.set_source(Evaluation::REPORTED);
  const Decision decision = Decided(PolicyWith(std::string(kReevaluate) + kBetter), two);
  EXPECT_EQ(CheckOf(decision.candidates(0), "better").verdict(), Verdict::INCONCLUSIVE);
}

TEST(PairMetrics, BandsHoldForTheValueItself) {
  const Policy policy = PolicyWith(kMoved);
  for (const auto& [churn, verdict] : {std::pair{0.25, Verdict::PASS}, {0.26, Verdict::FAIL}}) {
    VersionRead challenger = Good(2);
    Measured(challenger, "logs", kChampion, {{"label_churn", churn}});
    const auto check = CheckOf(Decided(policy, {Good(1), challenger}).candidates(0), "moved");
    EXPECT_EQ(check.verdict(), verdict) << check.message();
    EXPECT_EQ(check.observed(), churn);
    EXPECT_EQ(check.needed(), "<= 0.25");
  }
}

TEST(PairMetrics, AreOfThisChampionAndSkippedWithoutOne) {
  const Policy policy = PolicyWith(kMoved);
  VersionRead challenger = Good(2);
  Measured(challenger, "logs", "models/customer-segments/versions/7", {{"label_churn", 0.0}});
  EXPECT_EQ(CheckOf(Decided(policy, {Good(1), challenger}).candidates(0), "moved").verdict(),
            Verdict::INCONCLUSIVE);
  const Decision first = MustDecide(policy, Input(policy, {challenger}));
  EXPECT_EQ(CheckOf(first.candidates(0), "moved").verdict(), Verdict::SKIPPED);
}

TEST(PairMetrics, AGateMayNameThem) {
  const Policy policy = PolicyWith("  gates:\n    - {id: agrees, metric: ari, pass: '>= 0.5'}\n");
  VersionRead challenger = Good(2);
  Measured(challenger, "logs", kChampion, {{"ari", 0.4}});
  EXPECT_EQ(CheckOf(Decided(policy, {Good(1), challenger}).candidates(0), "agrees").verdict(),
            Verdict::FAIL);
  EXPECT_EQ(CheckOf(Decided(policy, {Good(1), challenger}).candidates(1), "agrees").verdict(),
            Verdict::SKIPPED);
}

}  // namespace
}  // namespace cairn::promotion
