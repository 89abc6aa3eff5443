#include <fstream>
#include <sstream>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/promotion/interval.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/policy_parser.h"
#include "tests/testing/status_matchers.h"

namespace cairn::promotion {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr std::string_view kHead =
    "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: p}\nspec:\n"
    "  target: {model: m, channel: production}\n";
constexpr std::string_view kEvidence = "  evidence: {trust: reported}\n";

// A document whose part `rest` begins in line 7.
std::string Document(std::string_view rest) {
  return std::string(kHead) + std::string(kEvidence) + std::string(rest);
}

std::string ShippedPolicy() {
  std::ifstream file(std::string(CAIRN_SOURCE_DIR) + "/policies/customer-segments.yaml");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Refusal {
  const char* what;
  std::string text;
  ErrorReason reason;
  const char* line;
  const char* column;
  const char* field;
  const char* message;
};

void ExpectRefused(const Refusal& r) {
  SCOPED_TRACE(r.what);
  const auto policy = ParsePolicy(r.text);
  ASSERT_THAT(policy, FailsWith(r.reason));
  EXPECT_EQ(MetadataOf(policy.status(), "line"), r.line) << policy.status();
  if (*r.column != '\0') {
    EXPECT_EQ(MetadataOf(policy.status(), "column"), r.column) << policy.status();
  }
  EXPECT_EQ(MetadataOf(policy.status(), "field"), r.field);
  EXPECT_THAT(std::string(policy.status().message()), HasSubstr(r.message));
}

TEST(Policy, ShippedPolicyParsesAndRendersToItself) {
  const auto policy = ParsePolicy(ShippedPolicy());
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(policy->checks.size(), 9U);
  const auto again = ParsePolicy(RenderPolicy(*policy));
  ASSERT_THAT(again, IsOk()) << again.status() << "\n" << RenderPolicy(*policy);
  EXPECT_TRUE(*again == *policy);
  EXPECT_EQ(RenderPolicy(*again), RenderPolicy(*policy));
  EXPECT_EQ(PolicyDigest(*again), PolicyDigest(*policy));
}

TEST(Policy, RenderWritesEveryDefault) {
  const auto policy = ParsePolicy(Document(
      "  gates:\n    - {id: a, metric: silhouette, pass: [\">= 0.1\", \"< 0.9\"], fail: \"< 0\"}\n"
      "  compare:\n    - {id: b, role: guardrail, metric: inertia, "
      "when: \"param('k') == champion.param('k')\"}\n"));
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(RenderPolicy(*policy), R"yaml(apiVersion: cairn/v1
kind: PromotionPolicy
metadata:
  name: "p"
  annotations: {}
spec:
  target:
    model: "m"
    channel: "production"
  mode: enforce
  candidates:
    state: READY
    max: 50
  evidence:
    dataset: ""
    trust: reported
    requireLineage: []
  baseline:
    use: channel-head
    ifAbsent: gates-only
    comparableOn: [dataset.digest, feature.schema, metric.definition, evaluation.space]
    ifIncomparable: inconclusive
  gates:
    - id: "a"
      metric: "silhouette"
      pass: [">= 0.1", "< 0.9"]
      fail: "< 0"
      onMissing: fail
      mode: enforce
  compare:
    - id: "b"
      role: guardrail
      metric: "inertia"
      direction: lower
      maxLoss: {absolute: 0}
      when: "param('k') == champion.param('k')"
      onMissing: inconclusive
      mode: enforce
  choose:
    order:
      - field: version
        direction: lower
)yaml");
  const auto again = ParsePolicy(RenderPolicy(*policy));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(*again == *policy);
}

TEST(Policy, DigestIgnoresSpellingAndComments) {
  const auto a = ParsePolicy(Document("  gates: [{id: a, metric: silhouette, pass: '>=0.20'}]\n"));
  const auto b =
      ParsePolicy(Document("  # floor\n  mode: enforce\n  gates:\n  - pass: '>= 2e-1'\n    id: a\n"
                           "    metric: silhouette\n"));
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_EQ(PolicyDigest(*a), PolicyDigest(*b));
}

TEST(Policy, WrongDocumentsAreRefusedWhereTheyAreWrong) {
  const auto gate = [](std::string_view body) {
    return Document("  gates:\n    - {id: a, " + std::string(body) + "}\n");
  };
  const auto invalid = ErrorReason::POLICY_INVALID;
  const std::vector<Refusal> refusals = {
      {"empty", "", invalid, "1", "1", "", "empty"},
      {"not YAML", "a: [", invalid, "1", "", "", "not YAML"},
      {"unquoted condition", Document("  gates:\n    - id: a\n      pass: >= 0.2\n"), invalid, "9",
       "", "", "in quotes"},
      {"two documents", Document("---\na: 1\n"), invalid, "8", "1", "", "one document"},
      {"anchor", Document("  gates: &x []\n"), invalid, "7", "", "", "anchors"},
      {"unknown field", Document("  gats: []\n"), invalid, "7", "3", "spec.gats",
       "did you mean \"gates\""},
      {"duplicate key", Document("  mode: off\n  mode: off\n"), invalid, "8", "3", "spec.mode",
       "twice"},
      {"unknown metric", gate("metric: silouette, pass: '> 0'"), invalid, "8", "",
       "spec.gates[0].metric", "did you mean \"silhouette\""},
      {"bad condition", gate("metric: silhouette, pass: 0.2"), invalid, "8", "",
       "spec.gates[0].pass", "must be a condition"},
      {"overlap", gate("metric: silhouette, pass: '>= 0.3', fail: '<= 0.3'"), invalid, "8", "",
       "spec.gates[0].fail", "overlaps"},
      {"out of reach", gate("metric: silhouette, pass: '>= 35'"), invalid, "8", "",
       "spec.gates[0].pass", "-1..1"},
      {"pass on missing", gate("metric: silhouette, pass: '> 0', onMissing: pass"), invalid, "8",
       "", "spec.gates[0].onMissing", "not one of"},
      {"empty band", gate("param: k, pass: '8..3'"), invalid, "8", "", "spec.gates[0].pass",
       "no number"},
      {"same id",
       Document("  gates:\n    - {id: a, param: k, pass: '> 1'}\n"
                "    - {id: a, param: k, pass: '> 2'}\n"),
       invalid, "9", "7", "spec.gates[1]", "another rule"},
      {"wrong type", Document("  gates: {}\n"), invalid, "7", "", "spec.gates", "a list"},
      {"no trust", std::string(kHead) + "  evidence: {dataset: d}\n", invalid, "6", "",
       "spec.evidence", "\"trust\" is missing"},
      {"inertia across k",
       Document("  compare:\n    - {id: a, role: guardrail, metric: inertia}\n"), invalid, "8", "",
       "spec.compare[0].metric", "by itself"},
      {"other data", Document("  baseline: {comparableOn: [feature.schema]}\n"), invalid, "7", "",
       "spec.baseline.comparableOn", "dataset.digest"},
      {"key after version", Document("  choose: {order: [{field: version}, {metric: psi_max}]}\n"),
       invalid, "7", "", "spec.choose.order[1]", "nothing can follow"},
  };
  for (const Refusal& refusal : refusals) ExpectRefused(refusal);
}

// Digests of policies, and with them ids of decisions, rest on these bytes.
TEST(Policy, EveryKindOfCheckRendersInAFixedForm) {
  const auto policy = ParsePolicy(Document(R"yaml(  gates:
    - {id: a, metric: silhouette, pass: [">= 0.1", "< 0.9"], fail: "< 0"}
    - {id: b, param: k, pass: "3..8", onMissing: inconclusive, mode: shadow}
    - {id: b2, param: n, fail: "> 3"}
  compare:
    - {id: c, role: objective, metric: silhouette, minEffect: {relative: 0.05}}
    - {id: d, role: guardrail, metric: inertia, maxLoss: {absolute: 2}, when: "param('k') == champion.param('k')"}
    - {id: e, role: guardrail, metric: davies_bouldin, pass: "-0.1..0.1", onMissing: fail, mode: shadow}
    - {id: f, role: objective, metric: davies_bouldin}
)yaml"));
  ASSERT_THAT(policy, IsOk());
  EXPECT_THAT(RenderPolicy(*policy), HasSubstr(R"yaml(  gates:
    - id: "a"
      metric: "silhouette"
      pass: [">= 0.1", "< 0.9"]
      fail: "< 0"
      onMissing: fail
      mode: enforce
    - id: "b"
      param: "k"
      pass: "3..8"
      onMissing: inconclusive
      mode: shadow
    - id: "b2"
      param: "n"
      fail: "> 3"
      onMissing: fail
      mode: enforce
  compare:
    - id: "c"
      role: objective
      metric: "silhouette"
      direction: higher
      minEffect: {relative: 0.05}
      onMissing: inconclusive
      mode: enforce
    - id: "d"
      role: guardrail
      metric: "inertia"
      direction: lower
      maxLoss: {absolute: 2}
      when: "param('k') == champion.param('k')"
      onMissing: inconclusive
      mode: enforce
    - id: "e"
      role: guardrail
      metric: "davies_bouldin"
      direction: lower
      pass: "-0.1..0.1"
      onMissing: fail
      mode: shadow
    - id: "f"
      role: objective
      metric: "davies_bouldin"
      direction: lower
      minEffect: {absolute: 0}
      onMissing: inconclusive
      mode: enforce
  choose:
    order:
      - field: version
        direction: lower
)yaml"));
  EXPECT_TRUE(*ParsePolicy(RenderPolicy(*policy)) == *policy);
}

TEST(Policy, RulesOfEqualTextAreEqualAndOthersAreNot) {
  const auto policy = [](std::string_view check) {
    return *ParsePolicy(Document("  compare:\n    - {id: a, metric: silhouette, " +
                                 std::string(check) + "}\n" +
                                 "  gates: [{id: g, metric: silhouette, pass: '> 0'}]\n"));
  };
  EXPECT_TRUE(policy("role: objective") == policy("minEffect: {absolute: 0}, role: objective"));
  EXPECT_FALSE(policy("role: objective") == policy("role: guardrail"));
  EXPECT_FALSE(policy("role: objective") == policy("role: objective, mode: shadow"));
  EXPECT_FALSE(policy("role: objective") == policy("role: objective, minEffect: {absolute: 0.1}"));
}

TEST(Policy, FieldsOfAnotherKindAreRefusedNotIgnored) {
  const auto invalid = ErrorReason::POLICY_INVALID;
  const auto compare = [](std::string_view check) {
    return Document("  compare:\n    - {id: a, metric: silhouette, " + std::string(check) + "}\n");
  };
  ExpectRefused({"loss of an objective", compare("role: objective, maxLoss: {absolute: 1}"),
                 invalid, "8", "", "spec.compare[0].maxLoss",
                 "is a field of guardrail, not of objective"});
  ExpectRefused({"effect of a guardrail", compare("role: guardrail, minEffect: {absolute: 1}"),
                 invalid, "8", "", "spec.compare[0].minEffect", "not of guardrail"});
  ExpectRefused({"both kinds of gate",
                 Document("  gates:\n    - {id: a, metric: silhouette, param: k, pass: '> 0'}\n"),
                 invalid, "8", "7", "spec.gates[0]", "exactly one of metric, param"});
}

TEST(Policy, AMetricOfAPairStandsWhereBandsHoldForIt) {
  const auto invalid = ErrorReason::POLICY_INVALID;
  const auto compare = [](std::string_view check) {
    return Document("  compare:\n    - {id: a, metric: label_churn, " + std::string(check) + "}\n");
  };
  EXPECT_THAT(ParsePolicy(compare("role: guardrail, pass: '<= 0.25'")), IsOk());
  ExpectRefused({"objective", compare("role: objective"), invalid, "8", "",
                 "spec.compare[0].metric", "candidate and champion together"});
  ExpectRefused({"no band", compare("role: guardrail"), invalid, "8", "", "spec.compare[0].metric",
                 "write pass or fail"});
  ExpectRefused({"loss", compare("role: guardrail, maxLoss: {absolute: 0.1}"), invalid, "8", "",
                 "spec.compare[0].metric", "write pass or fail"});
  ExpectRefused({"out of reach", compare("role: guardrail, pass: '> 1.5'"), invalid, "8", "",
                 "spec.compare[0].pass", ""});
  ExpectRefused({"choose", Document("  choose: {order: [{metric: ari}]}\n"), invalid, "7", "",
                 "spec.choose.order[0].metric", "candidate and champion together"});
}

TEST(Policy, ReevaluateNeedsSomethingToMeasureOn) {
  ExpectRefused({"no data", Document("  baseline: {ifIncomparable: reevaluate}\n"),
                 ErrorReason::POLICY_INVALID, "7", "30", "spec.baseline.ifIncomparable",
                 "evidence.dataset"});
  const auto policy = ParsePolicy(std::string(kHead) +
                                  "  evidence: {trust: server, dataset: d}\n"
                                  "  baseline: {ifIncomparable: reevaluate}\n"
                                  "  gates: [{id: a, metric: silhouette, pass: '>= 0'}]\n");
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(policy->if_incomparable, IfIncomparable::kReevaluate);
  EXPECT_THAT(RenderPolicy(*policy), ::testing::HasSubstr("ifIncomparable: reevaluate"));
  EXPECT_EQ(*ParsePolicy(RenderPolicy(*policy)), *policy);
}

TEST(Policy, WhatIsNotImplementedIsNamedNeverAccepted) {
  const auto later = ErrorReason::POLICY_UNSUPPORTED;
  const std::vector<Refusal> refusals = {
      {"trigger", Document("  trigger: {resync: 24h}\n"), later, "7", "3", "spec.trigger", ""},
      {"pace", Document("  pace: {}\n"), later, "7", "3", "spec.pace", ""},
      {"approvals", Document("  approvals: []\n"), later, "7", "3", "spec.approvals", ""},
      {"rollout", Document("  rollout: {}\n"), later, "7", "3", "spec.rollout", ""},
      {"rollback", Document("  rollback: {}\n"), later, "7", "3", "spec.rollback", ""},
      {"expr", Document("  gates:\n    - {id: a, expr: \"true\"}\n"), later, "8", "15",
       "spec.gates[0].expr", "metric or param"},
      {"bootstrap",
       Document("  compare:\n    - {id: a, role: objective, metric: silhouette, test: {}}\n"),
       later, "8", "52", "spec.compare[0].test", "minEffect"},
  };
  for (const Refusal& refusal : refusals) ExpectRefused(refusal);
}

constexpr std::string_view kGate = "  gates: [{id: a, metric: silhouette, pass: '> 0'}]\n";

std::string WithEvidence(std::string_view evidence, std::string_view metric) {
  return std::string(kHead) + "  evidence: " + std::string(evidence) +
         "\n  gates: [{id: a, metric: " + std::string(metric) + ", pass: '>= 0.5'}]\n";
}

TEST(Policy, ItSaysFromHowManyFitsAStabilityIsMeasured) {
  const auto repeats = [](std::string_view evidence, std::string_view metric) {
    const auto policy = ParsePolicy(WithEvidence(evidence, metric));
    EXPECT_THAT(policy, IsOk());
    if (!policy.ok()) return int64_t{-1};
    EXPECT_EQ(*ParsePolicy(RenderPolicy(*policy)), *policy);
    return policy->repeats;
  };
  EXPECT_EQ(repeats("{trust: server, repeats: {min: 7}}", "stability_ari"), 7);
  EXPECT_EQ(repeats("{trust: server}", "stability_ari"), 5) << "the default, where a rule needs it";
  EXPECT_EQ(repeats("{trust: server}", "silhouette"), 0);
  EXPECT_EQ(repeats("{trust: reported}", "stability_ari"), 0) << "clients report it";
}

TEST(Policy, RepeatsThatNothingCanComeOfAreRefused) {
  const auto invalid = ErrorReason::POLICY_INVALID;
  ExpectRefused({"reported", WithEvidence("{trust: reported, repeats: {min: 5}}", "stability_ari"),
                 invalid, "6", "", "spec.evidence.repeats", "trust: server"});
  ExpectRefused({"no rule", WithEvidence("{trust: server, repeats: {min: 5}}", "silhouette"),
                 invalid, "6", "", "spec.evidence", "stability_ari"});
  for (const char* count : {"1", "101", "2.5"}) {
    ExpectRefused({count,
                   WithEvidence(std::string("{trust: server, repeats: {min: ") + count + "}}",
                                "stability_ari"),
                   invalid, "6", "", "spec.evidence.repeats.min", "from 2 to 100"});
  }
}

TEST(Policy, WithoutAnEnforcedRuleItIsRefused) {
  const auto invalid = ErrorReason::POLICY_INVALID;
  ExpectRefused({"no rule", Document(""), invalid, "5", "", "spec", "enforced"});
  ExpectRefused({"shadow alone",
                 Document("  gates: [{id: a, metric: silhouette, pass: '> 0', mode: shadow}]\n"),
                 invalid, "5", "", "spec", "enforced"});
  EXPECT_THAT(ParsePolicy(Document(kGate)), IsOk());
}

TEST(Policy, WhereRendersInOneFormAndParsesAgain) {
  const auto rendered = [](std::string_view where) {
    const auto policy =
        ParsePolicy(Document(fmt::format("  candidates:\n    where: \"{}\"\n{}", where, kGate)));
    EXPECT_THAT(policy, IsOk()) << where;
    if (!policy.ok()) return std::string();
    const auto again = ParsePolicy(RenderPolicy(*policy));
    EXPECT_TRUE(again.ok() && *again == *policy) << RenderPolicy(*policy);
    return WhereText(policy->where);
  };
  EXPECT_EQ(rendered("age<=duration('720h')&&param('k')in['4','5']"),
            "age <= duration('30d') && param('k') in ['4', '5']");
  EXPECT_EQ(
      rendered("(state=='READY' && (tag('a')!='b')) || !(param('k') >= 4.0 || "
               "run.state == 'SUCCEEDED')"),
      "state == 'READY' && tag('a') != 'b' || !(param('k') >= 4 || run.state == 'SUCCEEDED')");
  EXPECT_EQ(rendered("(tag('a') == 'x' || tag('a') == 'y') && !!(tag('b') == 'it\\\\'s')"),
            "(tag('a') == 'x' || tag('a') == 'y') && !!(tag('b') == 'it\\'s')");
  EXPECT_EQ(rendered(""), "");
}

TEST(Policy, WhereIsTypedWhenThePolicyIsApplied) {
  const auto refused = [](std::string_view where, const char* message) {
    const std::string text =
        Document(fmt::format("  candidates: {{where: \"{}\"}}\n{}", where, kGate));
    ExpectRefused(
        {message, text, ErrorReason::POLICY_INVALID, "7", "", "spec.candidates.where", message});
  };
  refused("age <= 30", "duration");
  refused("age == duration('30d')", "<, <=, >, >=");
  refused("age <= duration('30 days')", "whole number");
  refused("stat == 'READY'", "did you mean \"state\"");
  refused("state == 'REDY'", "did you mean \"READY\"");
  refused("tag('team') < 'x'", "==, != and in");
  refused("param('k') < '4'", "without quotes");
  refused("tag('team') == 'x' tag('team') == 'y'", "&& or ||");
  refused("(tag('team') == 'x'", "a ) is missing");
  refused("tag('team') == 'x", "does not end");
  refused("param('k') == nan", "finite");
  refused("true", "begins with");
  refused(std::string(100, '('), "nested deeper");
  refused(std::string(5000, ' '), "bytes");
}

TEST(Policy, EvidenceMayBePinnedToAVersionOrAlias) {
  const auto with = [](std::string_view dataset) {
    return ParsePolicy(
        std::string(kHead) +
        fmt::format("  evidence: {{trust: reported, dataset: {}}}\n{}", dataset, kGate));
  };
  const auto pinned = with("retail@3");
  ASSERT_THAT(pinned, IsOk());
  EXPECT_EQ(pinned->evidence_dataset, "retail");
  EXPECT_EQ(pinned->evidence_version, "3");
  EXPECT_TRUE(*ParsePolicy(RenderPolicy(*pinned)) == *pinned);
  EXPECT_EQ(with("retail@approved")->evidence_version, "approved");
  EXPECT_EQ(with("retail")->evidence_version, "");
  EXPECT_THAT(with("retail@latest"), FailsWith(ErrorReason::POLICY_INVALID));
  EXPECT_THAT(with("retail@0"), FailsWith(ErrorReason::POLICY_INVALID));
  EXPECT_THAT(with("retail@"), FailsWith(ErrorReason::POLICY_INVALID));
}

TEST(Policy, MetricsMayBeDeclaredAndOthersAreRefused) {
  const auto with = [](std::string_view metrics, std::string_view gate) {
    return Document(fmt::format("  metrics: {}\n  gates: [{{id: a, {}}}]\n", metrics, gate));
  };
  const auto policy = ParsePolicy(
      with("{accuracy: {direction: higher, min: 0, max: 1}}", "metric: accuracy, pass: '>= 0.9'"));
  ASSERT_THAT(policy, IsOk());
  EXPECT_TRUE(*ParsePolicy(RenderPolicy(*policy)) == *policy) << RenderPolicy(*policy);
  const auto invalid = ErrorReason::POLICY_INVALID;
  ExpectRefused({"misspelt",
                 with("{accuracy: {direction: higher}}", "metric: acuracy, pass: '> 0'"), invalid,
                 "8", "", "spec.gates[0].metric", "did you mean \"accuracy\""});
  ExpectRefused({"out of reach",
                 with("{accuracy: {direction: higher, max: 1}}", "metric: accuracy, pass: '> 90'"),
                 invalid, "8", "", "spec.gates[0].pass", "never"});
  ExpectRefused({"built in",
                 with("{silhouette: {direction: lower}}", "metric: silhouette, pass: '> 0'"),
                 invalid, "7", "", "spec.metrics.silhouette", "built in"});
  ExpectRefused({"no direction", with("{accuracy: {}}", "metric: accuracy, pass: '> 0'"), invalid,
                 "7", "", "spec.metrics.accuracy", "direction"});
  ExpectRefused(
      {"empty range",
       with("{accuracy: {direction: higher, min: 1, max: 1}}", "metric: accuracy, pass: '> 0'"),
       invalid, "7", "", "spec.metrics.accuracy.max", "greater than min"});
}

TEST(Policy, HostileSizesEndInARefusal) {
  EXPECT_THAT(ParsePolicy(std::string(kMaxPolicyBytes + 1, ' ')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePolicy(std::string(100000, '[')), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePolicy(Document("  gates: " + std::string(200, '[') + std::string(200, ']'))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePolicy("\xff\xfe"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Interval, TextAndMarginOfEachForm) {
  Interval at_least;
  at_least.low = 0.2;
  EXPECT_EQ(at_least.ToString(), ">= 0.2");
  EXPECT_TRUE(at_least.Contains(0.2));
  EXPECT_LT(at_least.Margin(0.1), 0);
  Interval open = at_least;
  open.low_included = false;
  EXPECT_FALSE(open.Contains(0.2));
  EXPECT_TRUE(open.Intersect(at_least) == open);
  Interval none = at_least;
  none.high = 0.1;
  EXPECT_TRUE(none.Empty());
}

}  // namespace
}  // namespace cairn::promotion
