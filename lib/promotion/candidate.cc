#include "lib/promotion/candidate.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/promotion/check.h"
#include "lib/promotion/counterfactual.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/policy_words.h"
#include "lib/promotion/verdict.h"

namespace cairn::promotion {
namespace {

using cairn::v1::CandidateResult;
using cairn::v1::CheckResult;
using cairn::v1::ModelVersion;

// The worst of what counts; a policy of which nothing ran says nothing.
Verdict Summarize(const CandidateResult& result) {
  Verdict worst = Verdict::SKIPPED;
  for (const CheckResult& check : result.checks()) {
    if (Counts(check)) worst = Worst(worst, check.verdict());
  }
  return worst == Verdict::SKIPPED ? Verdict::INCONCLUSIVE : worst;
}

std::string Sentence(const CandidateResult& result,
                     const std::vector<const CheckResult*>& blockers) {
  if (blockers.empty()) {
    const auto count = std::count_if(result.checks().begin(), result.checks().end(), Counts);
    if (count == 0) return "no enforced check of the policy applies, which proves nothing";
    return count == 1 ? "passes the only enforced check"
                      : fmt::format("passes all {} enforced checks", count);
  }
  std::vector<std::string> parts;
  for (const CheckResult* check : blockers) {
    if (parts.size() == kMaxBlockersTold) break;
    parts.push_back(
        fmt::format("{} {} ({})", check->id(), VerdictName(check->verdict()), check->message()));
  }
  const size_t others = blockers.size() - parts.size();
  if (others > 0) parts.push_back(fmt::format("and {} more", others));
  return fmt::format("refused by {}", fmt::join(parts, "; "));
}

void AddResult(std::string id, std::string_view stage, std::string_view needed, Verdict verdict,
               std::string message, CandidateResult& result) {
  CheckResult* check = result.add_checks();
  check->set_id(std::move(id));
  check->set_stage(std::string(stage));
  check->set_needed(std::string(needed));
  Conclude(verdict, std::move(message), *check);
}

void AddLineage(const ModelVersion& version, Lineage key, CandidateResult& result) {
  const std::string_view word = WordOf(kLineage, key);
  const bool known = HasLineage(version, key);
  AddResult(fmt::format("evidence.{}", word), "evidence", "known",
            known ? Verdict::PASS : Verdict::FAIL,
            fmt::format("{} is {}", word, known ? "known" : "not known"), result);
}

void AddBaselineRefusal(CandidateResult& result) {
  AddResult("baseline.ifAbsent", "compare", "a version that is served", Verdict::FAIL,
            "the channel serves nothing yet and the policy refuses without a champion", result);
}

NoChampion WhyNoChampion(const Trial& trial, const VersionRead& candidate) {
  if (trial.champion == nullptr) return NoChampion::kFirstPromotion;
  return trial.champion->version.name() == candidate.version.name() ? NoChampion::kIsChampion
                                                                    : NoChampion::kNone;
}

}  // namespace

bool Counts(const CheckResult& check) {
  return !check.shadow() && check.verdict() != Verdict::SKIPPED;
}

std::vector<const CheckResult*> BlockersOf(const CandidateResult& result) {
  std::vector<const CheckResult*> blockers;
  for (const CheckResult& check : result.checks()) {
    if (Counts(check) && check.verdict() != Verdict::PASS) blockers.push_back(&check);
  }
  std::stable_sort(
      blockers.begin(), blockers.end(), [](const CheckResult* a, const CheckResult* b) {
        return a->verdict() != b->verdict() && Worst(a->verdict(), b->verdict()) == a->verdict();
      });
  return blockers;
}

CheckContext ContextOf(const Trial& trial, const VersionRead& candidate) {
  const NoChampion none = WhyNoChampion(trial, candidate);
  return {candidate, none == NoChampion::kNone ? trial.champion : nullptr, none,
          trial.policy.comparable_on, trial.pin};
}

CandidateResult JudgeCandidate(const Trial& trial, const VersionRead& candidate) {
  const Policy& policy = trial.policy;
  CandidateResult result;
  result.set_version(candidate.version.name());
  for (const Exclusion& exclusion : trial.exclusions) *result.add_checks() = exclusion.check;
  for (const Lineage key : policy.require_lineage) AddLineage(candidate.version, key, result);
  const CheckContext context = ContextOf(trial, candidate);
  for (const Check& check : policy.checks) *result.add_checks() = check.Evaluate(context);
  if (context.no_champion == NoChampion::kFirstPromotion &&
      policy.baseline == BaselineUse::kChannelHead && policy.if_absent == IfAbsent::kRefuse) {
    AddBaselineRefusal(result);
  }
  result.set_verdict(Summarize(result));
  return result;
}

CandidateResult EvaluateCandidate(const Trial& trial, const VersionRead& candidate) {
  CandidateResult result = JudgeCandidate(trial, candidate);
  result.set_message(Sentence(result, BlockersOf(result)));
  AddCounterfactuals(trial, candidate, result);
  return result;
}

}  // namespace cairn::promotion
