#include "lib/promotion/candidate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/promotion/check.h"
#include "lib/promotion/policy_words.h"
#include "lib/promotion/verdict.h"

namespace cairn::promotion {
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

void AddResult(std::string id, std::string_view stage, std::string_view needed, Verdict verdict,
               std::string message, CandidateResult& result) {
  CheckResult* check = result.add_checks();
  check->set_id(std::move(id));
  check->set_stage(std::string(stage));
  check->set_needed(std::string(needed));
  Conclude(verdict, std::move(message), *check);
}

// Only a version that was named by the caller can be in another state.
void AddState(const ModelVersion& version, CandidateResult& result) {
  if (version.state() == ModelVersion::READY) return;
  AddResult("candidate.state", "candidate", "READY", Verdict::FAIL, "the version is not READY",
            result);
}

void AddHold(const cairn::v1::Hold& hold, CandidateResult& result) {
  AddResult("candidate.held", "candidate", "to be released", Verdict::FAIL,
            fmt::format("held since {} by {}: {}", FormatRfc3339(ToUnixNanos(hold.create_time())),
                        hold.principal(), hold.reason()),
            result);
  result.mutable_checks(result.checks_size() - 1)->add_evidence(hold.decision());
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

}  // namespace

CandidateResult EvaluateCandidate(const Policy& policy, const VersionRead& candidate,
                                  const VersionRead* champion, const EvidencePin& pin,
                                  const cairn::v1::Hold* hold) {
  CandidateResult result;
  result.set_version(candidate.version.name());
  AddState(candidate.version, result);
  if (hold != nullptr) AddHold(*hold, result);
  for (const Lineage key : policy.require_lineage) AddLineage(candidate.version, key, result);
  NoChampion no_champion = NoChampion::kNone;
  if (champion == nullptr) {
    no_champion = NoChampion::kFirstPromotion;
  } else if (champion->version.name() == candidate.version.name()) {
    no_champion = NoChampion::kIsChampion;
    champion = nullptr;
  }
  const CheckContext context{candidate, champion, no_champion, policy.comparable_on, pin};
  for (const Check& check : policy.checks) *result.add_checks() = check.Evaluate(context);
  if (no_champion == NoChampion::kFirstPromotion && policy.baseline == BaselineUse::kChannelHead &&
      policy.if_absent == IfAbsent::kRefuse) {
    AddBaselineRefusal(result);
  }
  result.set_verdict(Summarize(result));
  const auto blockers = Blockers(result);
  result.set_message(Sentence(result, blockers));
  AddFlips(result, blockers);
  return result;
}

}  // namespace cairn::promotion
