#include "lib/promotion/counterfactual.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/promotion/guardrail.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/objective.h"
#include "lib/promotion/param_gate.h"
#include "lib/promotion/verdict.h"

namespace cairn::promotion {
namespace {

using cairn::v1::CandidateResult;
using cairn::v1::CheckResult;
using cairn::v1::Counterfactual;

const Check* FindCheck(const Policy& policy, const std::string& id) {
  for (const Check& check : policy.checks) {
    if (check.head.id == id) return &check;
  }
  return nullptr;
}

// The parameter that a check looks at; empty if it looks at a metric.
std::string ParamOf(const Check& check) {
  const auto* gate = dynamic_cast<const ParamGate*>(check.rule.get());
  return gate == nullptr ? "" : gate->param;
}

// What the margin of a check is counted in: shares of the champion's value, or as the metric is.
double UnitOf(const Check& check, const CheckResult& seen) {
  const auto* objective = dynamic_cast<const Objective*>(check.rule.get());
  const auto* guardrail = dynamic_cast<const Guardrail*>(check.rule.get());
  const bool relative =
      (objective != nullptr && objective->min_effect.relative) ||
      (guardrail != nullptr && guardrail->bands.Empty() && guardrail->max_loss.relative);
  return relative ? std::fabs(seen.baseline()) : 1.0;
}

// A copy of a candidate in which one value is replaced, again and again.
class Substitute {
 public:
  // `param` is empty where `metric` is what counts. All values of the metric change together, so
  // that the new one stands alone.
  Substitute(const VersionRead& candidate, const std::string& metric, const std::string& param)
      : copy_(candidate) {
    if (!param.empty()) {
      param_ = &(*copy_.version.mutable_params())[param];
      return;
    }
    for (EvaluationRead& item : copy_.evaluations) {
      for (auto& one : *item.evaluation.mutable_values()) {
        if (one.metric() == metric) values_.push_back(&one);
      }
    }
  }
  Substitute(const Substitute&) = delete;
  Substitute& operator=(const Substitute&) = delete;

  const VersionRead& With(double value) {
    if (param_ != nullptr) *param_ = ShortestDouble(value);
    for (auto* one : values_) one->set_value(value);
    return copy_;
  }

 private:
  VersionRead copy_;
  std::string* param_ = nullptr;                     // in copy_
  std::vector<cairn::v1::EvaluationValue*> values_;  // in copy_
};

// A search for the nearest value on the other side of one rule. What passes lies in one piece, or
// all but one piece does, so there is one bound in each direction.
class Search {
 public:
  Search(const Trial& trial, const Check& check, const CheckResult& seen, Substitute& substitute)
      : trial_(trial), check_(check), seen_(seen), substitute_(substitute) {}

  // The value nearest to the observed one that turns the rule, in either direction; a whole one,
  // where `whole` and one does.
  std::optional<double> Nearest(bool whole) {
    std::optional<double> nearest;
    for (const double sign : {1.0, -1.0}) {
      const auto beyond = FirstBeyond(sign);
      if (!beyond) continue;
      double found = ClosestTo(*beyond);
      const double next = found > seen_.observed() ? std::ceil(found) : std::floor(found);
      if (whole && Turned(next)) found = CanonicalDouble(next);
      if (!nearest || Distance(found) < Distance(*nearest)) nearest = found;
    }
    return nearest;
  }

 private:
  bool Turned(double value) {
    const CheckResult now = check_.Evaluate(ContextOf(trial_, substitute_.With(value)));
    return (now.verdict() == Verdict::PASS) != (seen_.verdict() == Verdict::PASS);
  }
  double Distance(double value) const { return std::fabs(value - seen_.observed()); }

  // The margin says how far the bound is. Rounding leads a few values short of it or beyond.
  std::optional<double> FirstBeyond(double sign) {
    constexpr int kRounding = 8;
    const double infinity = sign * std::numeric_limits<double>::infinity();
    const double change = std::fabs(seen_.margin()) * UnitOf(check_, seen_);
    double value = CanonicalDouble(seen_.observed() + sign * change);
    // A band may be a single number, which rounding must not jump over.
    for (int i = 0; i < kRounding / 2; ++i) value = std::nextafter(value, -infinity);
    for (int i = 0; i <= kRounding && std::isfinite(value); ++i) {
      if (Turned(value)) return CanonicalDouble(value);
      value = std::nextafter(value, infinity);
    }
    return std::nullopt;
  }

  // Back from `beyond` towards what was observed, in steps that double, then by halves.
  double ClosestTo(double beyond) {
    const uint64_t from = OrderedBits(seen_.observed());
    uint64_t turned = OrderedBits(beyond);
    uint64_t same = from;
    const bool above = turned > from;
    for (uint64_t step = 1; (above ? turned - from : from - turned) > step; step *= 2) {
      const uint64_t back = above ? turned - step : turned + step;
      if (!Turned(FromOrderedBits(back))) {
        same = back;
        break;
      }
      turned = back;
    }
    while ((above ? turned - same : same - turned) > 1) {
      const uint64_t middle = above ? same + (turned - same) / 2 : turned + (same - turned) / 2;
      (Turned(FromOrderedBits(middle)) ? turned : same) = middle;
    }
    return CanonicalDouble(FromOrderedBits(turned));
  }

  const Trial& trial_;
  const Check& check_;
  const CheckResult& seen_;
  Substitute& substitute_;
};

// Whether the metric can have the value; a parameter may have any.
bool IsPossible(const Policy& policy, const std::string& metric, double value) {
  const MetricInfo* info = metric.empty() ? nullptr : FindMetric(metric, policy.metrics);
  return info == nullptr || (value >= info->min && value <= info->max);
}

// A rule whose turning might turn the verdict.
struct RuleToTurn {
  const Check* check;
  const CheckResult* seen;
  double least_size;  // of a change that turns it
};

// The change that turns one rule and with it the verdict.
std::optional<Counterfactual> ChangeOf(const Trial& trial, const VersionRead& candidate,
                                       const RuleToTurn& rule, Verdict verdict) {
  const CheckResult& seen = *rule.seen;
  if (!seen.has_observed() || !seen.has_margin()) return std::nullopt;
  if (!std::isfinite(seen.observed()) || !std::isfinite(seen.margin())) return std::nullopt;
  const std::string param = ParamOf(*rule.check);
  Substitute substitute(candidate, seen.metric(), param);
  // A model has three segments or four.
  const bool whole = !param.empty() && seen.observed() == std::floor(seen.observed());
  const auto needed = Search(trial, *rule.check, seen, substitute).Nearest(whole);
  if (!needed || !IsPossible(trial.policy, seen.metric(), *needed)) return std::nullopt;
  // One rule that no longer passes is enough; one that does not block any more need not be.
  if (verdict != Verdict::PASS &&
      JudgeCandidate(trial, substitute.With(*needed)).verdict() != Verdict::PASS) {
    return std::nullopt;
  }
  Counterfactual change;
  change.set_check(seen.id());
  change.set_subject(param.empty() ? seen.metric() : param);
  change.set_observed(seen.observed());
  change.set_needed(*needed);
  return change;
}

// How small a change is, as a share of the larger value.
double SizeOf(const Counterfactual& change) {
  const double size = std::fabs(change.needed() - change.observed());
  return size == 0 ? 0 : size / std::max(std::fabs(change.needed()), std::fabs(change.observed()));
}

bool IsSmaller(const Counterfactual& a, const Counterfactual& b) {
  const double a_size = SizeOf(a);
  const double b_size = SizeOf(b);
  return a_size != b_size ? a_size < b_size : a.check() < b.check();
}

std::string ChangeText(const Counterfactual& change) {
  return fmt::format("{} {} instead of {}, by {}", change.subject(),
                     ShortestDouble(change.needed()), ShortestDouble(change.observed()),
                     change.check());
}

// A single rule that fails for want of something that no number replaces.
std::string WantText(const CheckResult& check) {
  std::string text = fmt::format("{} needs ", check.id());
  if (!check.metric().empty() && check.stage() == "gate") text += check.metric() + " ";
  return text + check.needed();
}

// No change that turns the rule is smaller, as SizeOf measures it.
double LeastSizeOf(const Check& check, const CheckResult& seen) {
  constexpr double kRounding = 1e-9;
  const double change = std::fabs(seen.margin()) * UnitOf(check, seen) * (1 - kRounding);
  return change == 0 ? 0 : change / (std::fabs(seen.observed()) + change);
}

// The rules whose turning might turn the verdict, those first that the smallest changes might turn:
// of a candidate that passes each one; of one that does not, those that fail, if one value may turn
// all of them.
std::vector<RuleToTurn> RulesToTurn(const Policy& policy, const CandidateResult& result) {
  const bool passes = result.verdict() == Verdict::PASS;
  std::vector<RuleToTurn> rules;
  std::set<std::string> subjects;
  for (const CheckResult& seen : result.checks()) {
    if (!Counts(seen) || (seen.verdict() == Verdict::PASS) != passes) continue;
    const Check* check = FindCheck(policy, seen.id());
    subjects.insert(check == nullptr ? seen.id() : seen.metric() + "/" + ParamOf(*check));
    if (check != nullptr) rules.push_back({check, &seen, LeastSizeOf(*check, seen)});
  }
  if (!passes && subjects.size() > 1) return {};
  std::stable_sort(rules.begin(), rules.end(), [](const RuleToTurn& a, const RuleToTurn& b) {
    return a.least_size < b.least_size;
  });
  return rules;
}

// Adds `change`, unless a smaller one of the same value in the same direction is there.
void AddSmaller(Counterfactual change, std::vector<Counterfactual>& changes) {
  const auto is_up = [](const Counterfactual& one) { return one.needed() > one.observed(); };
  const auto same = std::find_if(changes.begin(), changes.end(), [&](const auto& one) {
    return one.subject() == change.subject() && is_up(one) == is_up(change);
  });
  if (same == changes.end()) {
    changes.push_back(std::move(change));
  } else if (IsSmaller(change, *same)) {
    *same = std::move(change);
  }
  std::sort(changes.begin(), changes.end(), IsSmaller);
}

}  // namespace

VersionRead WithValue(const Policy& policy, const VersionRead& candidate,
                      const Counterfactual& change) {
  const Check* check = FindCheck(policy, change.check());
  if (check == nullptr) return candidate;
  return Substitute(candidate, change.subject(), ParamOf(*check)).With(change.needed());
}

void AddCounterfactuals(const Trial& trial, const VersionRead& candidate, CandidateResult& result) {
  const bool passes = result.verdict() == Verdict::PASS;
  const auto blockers = BlockersOf(result);
  std::vector<Counterfactual> changes;
  for (const RuleToTurn& rule : RulesToTurn(trial.policy, result)) {
    const bool enough = passes && changes.size() >= kMaxLossesTold;
    if (enough && rule.least_size > SizeOf(changes[kMaxLossesTold - 1])) break;
    auto change = ChangeOf(trial, candidate, rule, result.verdict());
    if (change) AddSmaller(*std::move(change), changes);
  }
  if (passes && changes.size() > kMaxLossesTold) changes.resize(kMaxLossesTold);
  for (Counterfactual& change : changes) {
    result.add_would_flip(ChangeText(change));
    *result.add_counterfactuals() = std::move(change);
  }
  const bool wants = blockers.size() == 1 && !blockers[0]->has_observed() &&
                     blockers[0]->verdict() != Verdict::ERROR;
  if (wants) result.add_would_flip(WantText(*blockers[0]));
}

}  // namespace cairn::promotion
