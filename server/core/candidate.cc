#include <algorithm>
#include <cmath>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "server/core/checks.h"
#include "server/core/verdict.h"

namespace cairn::core {
namespace {

using cairn::v1::CandidateResult;
using cairn::v1::CheckResult;
using cairn::v1::ModelVersion;

bool Counts(const CheckResult& check) {
  return !check.shadow() && check.verdict() != Verdict::SKIPPED;
}

// The worst of what counts; a policy of which nothing ran says nothing.
Verdict Summarize(const CandidateResult& result) {
  Verdict worst = Verdict::SKIPPED;
  for (const CheckResult& check : result.checks()) {
    if (Counts(check)) worst = Worst(worst, check.verdict());
  }
  return worst == Verdict::SKIPPED ? Verdict::INCONCLUSIVE : worst;
}

std::vector<const CheckResult*> Blockers(const CandidateResult& result) {
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
    parts.push_back(
        fmt::format("{} {} ({})", check->id(), VerdictName(check->verdict()), check->message()));
  }
  return fmt::format("refused by {}", fmt::join(parts, "; "));
}

// How small a change is, as a share of the value that would change.
double ChangeSize(const CheckResult& check) {
  const double margin = std::fabs(check.margin());
  return margin == 0 ? 0 : margin / std::max(margin, std::fabs(check.observed()));
}

std::string FlipText(const CheckResult& check) {
  std::string text = fmt::format("{} needs ", check.id());
  if (!check.metric().empty() && check.stage() == "gate") text += check.metric() + " ";
  text += check.needed();
  if (check.has_observed()) text += fmt::format(" (now {})", ShortestDouble(check.observed()));
  return text;
}

// One failing check can be turned by one change; two cannot. What passes is
// lost by any of its checks.
void AddFlips(CandidateResult& result, const std::vector<const CheckResult*>& blockers) {
  if (blockers.size() == 1) result.add_would_flip(FlipText(*blockers[0]));
  if (!blockers.empty() || result.verdict() != Verdict::PASS) return;
  std::vector<const CheckResult*> holding;
  for (const CheckResult& check : result.checks()) {
    if (Counts(check) && check.has_margin() && std::isfinite(check.margin())) {
      holding.push_back(&check);
    }
  }
  std::stable_sort(holding.begin(), holding.end(), [](const CheckResult* a, const CheckResult* b) {
    return ChangeSize(*a) < ChangeSize(*b);
  });
  for (const CheckResult* check : holding) {
    result.add_would_flip(fmt::format("{}, margin {:.6g}", FlipText(*check), check->margin()));
  }
}

void AddBaselineRefusal(CandidateResult& result) {
  CheckResult* check = result.add_checks();
  check->set_id("baseline.ifAbsent");
  check->set_stage("compare");
  check->set_needed("a version that is served");
  check->set_verdict(Verdict::FAIL);
  check->set_message("the channel serves nothing yet and the policy refuses without a champion");
}

}  // namespace

CandidateResult EvaluateCandidate(const Policy& policy, const ModelVersion& candidate,
                                  const ModelVersion* champion, const EvidencePin& pin) {
  CandidateResult result;
  result.set_version(candidate.name());
  // Only a version that was named by the caller can be in another state.
  if (candidate.state() != ModelVersion::READY) *result.add_checks() = CheckState(candidate);
  for (const Lineage key : policy.require_lineage) {
    *result.add_checks() = CheckLineage(candidate, key);
  }
  for (const Gate& gate : policy.gates) *result.add_checks() = CheckGate(gate, candidate, pin);
  NoChampion why_none = NoChampion::kNone;
  if (champion == nullptr) {
    why_none = NoChampion::kFirstPromotion;
  } else if (champion->name() == candidate.name()) {
    why_none = NoChampion::kIsChampion;
    champion = nullptr;
  }
  for (const Comparison& rule : policy.compare) {
    *result.add_checks() = CheckComparison(rule, policy, candidate, champion, why_none, pin);
  }
  if (why_none == NoChampion::kFirstPromotion && policy.baseline == BaselineUse::kChannelHead &&
      policy.if_absent == IfAbsent::kRefuse) {
    AddBaselineRefusal(result);
  }
  result.set_verdict(Summarize(result));
  const auto blockers = Blockers(result);
  result.set_message(Sentence(result, blockers));
  AddFlips(result, blockers);
  return result;
}

}  // namespace cairn::core
