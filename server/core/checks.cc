#include "server/core/checks.h"

#include <cmath>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "server/core/numbers.h"
#include "server/core/policy_rules.h"
#include "server/core/verdict.h"

namespace cairn::core {
namespace {

using cairn::v1::CheckResult;
using cairn::v1::ModelVersion;

std::string Text(double value) { return ShortestDouble(CanonicalDouble(value)); }

// Differences carry rounding noise: six digits unless that hides the point.
std::string Brief(double value, double bound) {
  const std::string text = fmt::format("{:.6g}", value);
  return ParseNumber(text) == bound && value != bound ? Text(value) : text;
}

void Conclude(CheckResult& check, Verdict verdict, std::string message) {
  check.set_verdict(verdict);
  check.set_message(std::move(message));
}

// "not >= 3" stands for a rule with only a `fail` band.
std::string NeededText(const std::optional<Interval>& pass, const std::optional<Interval>& fail) {
  return pass ? pass->ToString() : fmt::format("not {}", fail->ToString());
}

std::string Outside(double value, const Interval& band) {
  if (value < band.low) return fmt::format("is below {}", Text(band.low));
  if (value > band.high) return fmt::format("is above {}", Text(band.high));
  return fmt::format("is not {}", band.ToString());
}

std::string BandSentence(std::string_view subject, double value, Verdict verdict,
                         const std::optional<Interval>& pass, const std::optional<Interval>& fail) {
  if (std::isnan(value)) return fmt::format("{} is not a number", subject);
  if (std::isinf(value)) return fmt::format("{} is infinite", subject);
  if (verdict == Verdict::PASS) return fmt::format("{} is {}", subject, NeededText(pass, fail));
  if (verdict == Verdict::INCONCLUSIVE) {
    return fmt::format("{} lies between failing ({}) and passing ({})", subject, fail->ToString(),
                       pass->ToString());
  }
  if (pass) return fmt::format("{} {}", subject, Outside(value, *pass));
  return fmt::format("{} is {}", subject, fail->ToString());
}

void ConcludeBand(CheckResult& check, std::string_view subject, double value,
                  const std::optional<Interval>& pass, const std::optional<Interval>& fail) {
  const Verdict verdict = BandVerdict(value, pass, fail);
  if (std::isfinite(value)) check.set_margin(pass ? pass->Margin(value) : -fail->Margin(value));
  Conclude(check, verdict, BandSentence(subject, value, verdict, pass, fail));
}

// Concludes a check whose value is not there; true if it did.
bool ConcludeAbsent(CheckResult& check, const Observation& seen, std::string_view metric,
                    std::string_view who, OnMissing on_missing) {
  using Kind = Observation::Kind;
  const Verdict missing = on_missing == OnMissing::kFail ? Verdict::FAIL : Verdict::INCONCLUSIVE;
  switch (seen.kind) {
    case Kind::kFound:
      return false;
    case Kind::kNoDataset:
      Conclude(check, Verdict::ERROR, "the data set that evidence must rest on does not exist");
      return true;
    case Kind::kAmbiguous:
      Conclude(check, Verdict::ERROR,
               fmt::format("{} has several values of {} that differ", who, metric));
      return true;
    case Kind::kOtherDataset:
      Conclude(
          check, missing,
          fmt::format("{} has {} only on other data than the policy's (dataset.digest differs)",
                      who, metric));
      return true;
    case Kind::kMissing:
      Conclude(check, missing, fmt::format("{} has no value of {}", who, metric));
      return true;
  }
  return false;
}

CheckResult StartCheck(std::string_view id, std::string_view stage) {
  CheckResult check;
  check.set_id(std::string(id));
  check.set_stage(std::string(stage));
  return check;
}

void AddLinks(CheckResult& check, const ModelVersion& version, const Observation& seen) {
  for (const std::string& link : EvidenceLinks(version, seen)) check.add_evidence(link);
}

CheckResult CheckParamGate(const Gate& gate, const ModelVersion& version, CheckResult check) {
  const auto it = version.params().find(gate.key);
  if (it == version.params().end()) {
    Conclude(check, gate.on_missing == OnMissing::kFail ? Verdict::FAIL : Verdict::INCONCLUSIVE,
             fmt::format("the version has no parameter {}", gate.key));
    return check;
  }
  const auto value = ParseNumber(it->second);
  if (!value) {
    Conclude(check, Verdict::ERROR, fmt::format("the parameter {} is not a number", gate.key));
    return check;
  }
  check.set_observed(*value);
  ConcludeBand(check, fmt::format("{} = {}", gate.key, Text(*value)), *value, gate.pass, gate.fail);
  return check;
}

std::string AmountText(const Amount& amount) {
  return amount.relative ? fmt::format("{} of the champion's value", Text(amount.value))
                         : Text(amount.value);
}

std::string NeededText(const Comparison& rule) {
  if (rule.pass || rule.fail) {
    return fmt::format("candidate - champion {}", NeededText(rule.pass, rule.fail));
  }
  if (rule.role == Comparison::Role::kObjective) {
    return fmt::format("better by >= {}", AmountText(rule.amount));
  }
  return fmt::format("worse by <= {}", AmountText(rule.amount));
}

// Compares the size of an improvement with what the rule asks for.
void ConcludeAmount(CheckResult& check, const Comparison& rule, double delta, double base) {
  double gain = rule.direction == Direction::kHigher ? delta : -delta;
  if (rule.amount.relative) {
    if (base == 0) {
      Conclude(check, Verdict::INCONCLUSIVE,
               "the champion's value is 0: there is no relative change");
      return;
    }
    gain /= std::fabs(base);
  }
  if (!std::isfinite(gain)) {
    Conclude(check, Verdict::FAIL, "the difference from the champion is infinite");
    return;
  }
  const bool objective = rule.role == Comparison::Role::kObjective;
  const double margin =
      CanonicalDouble(objective ? gain - rule.amount.value : rule.amount.value + gain);
  const bool holds = objective ? gain >= rule.amount.value : -gain <= rule.amount.value;
  check.set_margin(margin);
  const std::string unit = rule.amount.relative ? " of the champion's value" : "";
  const std::string size = Brief(std::fabs(gain), rule.amount.value);
  const std::string change =
      gain == 0 ? "equal" : fmt::format("{} by {}{}", gain > 0 ? "better" : "worse", size, unit);
  Conclude(check, holds ? Verdict::PASS : Verdict::FAIL,
           fmt::format("{} {} against the champion's {}: {}, {} {}{}", rule.metric,
                       Text(check.observed()), Text(check.baseline()), change,
                       objective ? "needed is better by" : "allowed is worse by",
                       Text(rule.amount.value), unit));
}

// SKIPPED or INCONCLUSIVE when the rule asks for an equal parameter that is not.
bool ConcludeWhen(CheckResult& check, const Comparison& rule, const ModelVersion& candidate,
                  const ModelVersion& champion) {
  if (rule.equal_param.empty()) return false;
  const auto mine = candidate.params().find(rule.equal_param);
  const auto theirs = champion.params().find(rule.equal_param);
  if (mine == candidate.params().end() || theirs == champion.params().end()) {
    Conclude(check, Verdict::INCONCLUSIVE,
             fmt::format("the parameter {} is not known of both", rule.equal_param));
    return true;
  }
  const auto a = ParseNumber(mine->second);
  const auto b = ParseNumber(theirs->second);
  if (mine->second == theirs->second || (a && b && *a == *b)) return false;
  Conclude(check, Verdict::SKIPPED,
           fmt::format("{} differs: candidate {}, champion {}", rule.equal_param, mine->second,
                       theirs->second));
  return true;
}

void ConcludeComparison(CheckResult& check, const Comparison& rule, double value, double base) {
  if (std::isnan(value) || std::isnan(base)) {
    Conclude(check, Verdict::INCONCLUSIVE,
             fmt::format("{} of the {} is not a number", rule.metric,
                         std::isnan(value) ? "candidate" : "champion"));
  } else if (std::isinf(value)) {
    Conclude(check, Verdict::FAIL, fmt::format("{} of the candidate is infinite", rule.metric));
  } else if (std::isinf(base)) {
    Conclude(check, Verdict::INCONCLUSIVE,
             fmt::format("{} of the champion is infinite", rule.metric));
  } else if (const double delta = CanonicalDouble(value - base); rule.pass || rule.fail) {
    ConcludeBand(
        check, fmt::format("{} minus the champion's {} = {}", rule.metric, Text(base), Text(delta)),
        delta, rule.pass, rule.fail);
  } else {
    ConcludeAmount(check, rule, delta, base);
  }
}

}  // namespace

Verdict BandVerdict(double value, const std::optional<Interval>& pass,
                    const std::optional<Interval>& fail) {
  if (std::isnan(value)) return Verdict::INCONCLUSIVE;
  if (std::isinf(value)) return Verdict::FAIL;
  if (pass && pass->Contains(value)) return Verdict::PASS;
  if (fail && fail->Contains(value)) return Verdict::FAIL;
  if (pass && fail) return Verdict::INCONCLUSIVE;
  return pass ? Verdict::FAIL : Verdict::PASS;
}

CheckResult CheckLineage(const ModelVersion& version, Lineage key) {
  const std::string_view word = WordOf(kLineage, key);
  CheckResult check = StartCheck(fmt::format("evidence.{}", word), "evidence");
  check.set_needed("known");
  const bool known = HasLineage(version, key);
  Conclude(check, known ? Verdict::PASS : Verdict::FAIL,
           fmt::format("{} is {}", word, known ? "known" : "not known"));
  return check;
}

CheckResult CheckState(const ModelVersion& version) {
  CheckResult check = StartCheck("candidate.state", "candidate");
  check.set_needed("READY");
  const bool ready = version.state() == ModelVersion::READY;
  Conclude(check, ready ? Verdict::PASS : Verdict::FAIL,
           ready ? "the version is READY" : "the version is not READY");
  return check;
}

CheckResult CheckGate(const Gate& gate, const ModelVersion& version, const EvidencePin& pin) {
  CheckResult check = StartCheck(gate.id, "gate");
  check.set_line(gate.position.line);
  check.set_shadow(gate.mode == CheckMode::kShadow);
  check.set_needed(NeededText(gate.pass, gate.fail));
  if (gate.source == Gate::Source::kParam) return CheckParamGate(gate, version, std::move(check));
  check.set_metric(gate.key);
  const Observation seen = Observe(version, gate.key, pin);
  AddLinks(check, version, seen);
  if (ConcludeAbsent(check, seen, gate.key, "the version", gate.on_missing)) return check;
  check.set_observed(seen.value);
  ConcludeBand(check, fmt::format("{} {}", gate.key, Text(seen.value)), seen.value, gate.pass,
               gate.fail);
  return check;
}

CheckResult CheckComparison(const Comparison& rule, const Policy& policy,
                            const ModelVersion& candidate, const ModelVersion* champion,
                            NoChampion why_none, const EvidencePin& pin) {
  CheckResult check = StartCheck(rule.id, "compare");
  check.set_line(rule.position.line);
  check.set_shadow(rule.mode == CheckMode::kShadow);
  check.set_metric(rule.metric);
  check.set_needed(NeededText(rule));
  if (champion == nullptr) {
    Conclude(check, Verdict::SKIPPED,
             why_none == NoChampion::kIsChampion ? "it is the champion itself"
                                                 : "the channel serves nothing yet");
    return check;
  }
  if (ConcludeWhen(check, rule, candidate, *champion)) return check;
  const Observation mine = Observe(candidate, rule.metric, pin);
  const Observation theirs = Observe(*champion, rule.metric, pin);
  AddLinks(check, candidate, mine);
  AddLinks(check, *champion, theirs);
  if (mine.kind == Observation::Kind::kFound) check.set_observed(mine.value);
  if (theirs.kind == Observation::Kind::kFound) check.set_baseline(theirs.value);
  if (ConcludeAbsent(check, mine, rule.metric, "the candidate", rule.on_missing) ||
      ConcludeAbsent(check, theirs, rule.metric, "the champion", OnMissing::kInconclusive)) {
    return check;
  }
  if (const auto key = FirstDifference(policy.comparable_on, candidate, mine, *champion, theirs)) {
    Conclude(check, Verdict::INCONCLUSIVE,
             fmt::format("not comparable with the champion: {} differs or is not known",
                         WordOf(kComparableKeys, *key)));
    return check;
  }
  ConcludeComparison(check, rule, mine.value, theirs.value);
  return check;
}

}  // namespace cairn::core
