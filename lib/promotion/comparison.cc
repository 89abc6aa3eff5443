#include "lib/promotion/comparison.h"

#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_words.h"

namespace cairn::promotion {
namespace {

using cairn::v1::CheckResult;

// The one condition there is: "param('k') == champion.param('k')".
std::string WhenText(std::string_view param) {
  return fmt::format("param('{0}') == champion.param('{0}')", param);
}

// Blanks count inside of quotes only.
std::string WithoutBlanks(std::string_view text) {
  std::string compact;
  bool quoted = false;
  for (const char c : text) {
    if (c == '\'') quoted = !quoted;
    if (c != ' ' || quoted) compact += c;
  }
  return compact;
}

absl::StatusOr<std::string> ReadWhen(const YamlField& field) {
  constexpr std::string_view kBegin = "param('";
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadText(field));
  const std::string compact = WithoutBlanks(text);
  if (compact.rfind(kBegin, 0) == 0) {
    const std::string key =
        compact.substr(kBegin.size(), compact.find('\'', kBegin.size()) - kBegin.size());
    if (!key.empty() && compact == fmt::format("param('{0}')==champion.param('{0}')", key))
      return key;
  }
  return UnsupportedPolicy(field,
                           "the only condition is that a parameter is equal: "
                           "\"param('k') == champion.param('k')\"");
}

// True if the rule applies: its parameter is known of both and equal.
bool AppliesOrConclude(const std::string& param, const CheckContext& context, CheckResult& result) {
  if (param.empty()) return true;
  const auto mine = context.candidate.version.params().find(param);
  const auto theirs = context.champion->version.params().find(param);
  if (mine == context.candidate.version.params().end() ||
      theirs == context.champion->version.params().end()) {
    Conclude(Verdict::INCONCLUSIVE, fmt::format("the parameter {} is not known of both", param),
             result);
    return false;
  }
  const auto a = ParseNumber(mine->second);
  const auto b = ParseNumber(theirs->second);
  if (mine->second == theirs->second || (a && b && *a == *b)) return true;
  Conclude(Verdict::SKIPPED,
           fmt::format("{} differs: candidate {}, champion {}", param, ShownText(mine->second),
                       ShownText(theirs->second)),
           result);
  return false;
}

bool FiniteOrConclude(const std::string& metric, const ComparedValues& values,
                      CheckResult& result) {
  if (std::isnan(values.candidate) || std::isnan(values.champion)) {
    Conclude(Verdict::INCONCLUSIVE,
             fmt::format("{} of the {} is not a number", metric,
                         std::isnan(values.candidate) ? "candidate" : "champion"),
             result);
  } else if (std::isinf(values.candidate)) {
    Conclude(Verdict::FAIL, fmt::format("{} of the candidate is infinite", metric), result);
  } else if (std::isinf(values.champion)) {
    Conclude(Verdict::INCONCLUSIVE, fmt::format("{} of the champion is infinite", metric), result);
  } else {
    return true;
  }
  return false;
}

// Where the values do not compare, and the policy has the server measure in the champion's space,
// those of there take their place, if they compare.
void MeasureInReferenceIfNeeded(const std::string& metric, const CheckContext& context,
                                Observation& mine, Observation& theirs) {
  constexpr auto kFound = Observation::Kind::kFound;
  const auto compare = [&](const Observation& a, const Observation& b) {
    return a.kind == kFound && b.kind == kFound &&
           !FirstDifference(context.comparable_on, context.candidate.version, a,
                            context.champion->version, b);
  };
  if (context.pin.reference.empty() || compare(mine, theirs)) return;
  Observation candidate = ObserveInReference(context.candidate, metric, context.pin);
  Observation champion = ObserveInReference(*context.champion, metric, context.pin);
  if (!compare(candidate, champion)) return;
  mine = std::move(candidate);
  theirs = std::move(champion);
}

// Differences carry rounding noise: six digits unless that hides the point.
std::string Brief(double value, double bound) {
  const std::string text = fmt::format("{:.6g}", value);
  return ParseNumber(text) == bound && value != bound ? NumberText(value) : text;
}

std::string_view UnitOf(const Amount& amount) {
  return amount.relative ? " of the champion's value" : "";
}

}  // namespace

absl::StatusOr<ComparedMetric> ComparedMetric::Read(const YamlMap& check, const MetricMap& declared,
                                                    Metrics metrics) {
  ComparedMetric compared;
  CAIRN_ASSIGN_OR_RETURN(const YamlField metric, check.Require("metric"));
  CAIRN_ASSIGN_OR_RETURN(const MetricInfo* info, metrics == Metrics::kOfPairsToo
                                                     ? ReadAnyMetric(metric, declared)
                                                     : ReadMetric(metric, declared));
  compared.metric = std::string(info->name);
  CAIRN_RETURN_IF_ERROR(ReadDirection(check, info, compared.direction));
  if (const YamlField* when = check.Find("when")) {
    CAIRN_ASSIGN_OR_RETURN(compared.equal_param, ReadWhen(*when));
  }
  if (info->depends_on_k && compared.equal_param.empty()) {
    return InvalidPolicy(metric,
                         fmt::format("{} changes with the number of clusters by itself; add "
                                     "when: \"{}\"",
                                     compared.metric, WhenText("k")));
  }
  return compared;
}

void ComparedMetric::Render(YamlLines& lines) const {
  lines.Add("metric", QuotedYaml(metric));
  lines.Add("direction", WordOf(kDirections, direction));
}

void ComparedMetric::RenderWhen(YamlLines& lines) const {
  if (!equal_param.empty()) lines.Add("when", QuotedYaml(WhenText(equal_param)));
}

bool HasChampionOrConclude(const CheckContext& context, CheckResult& result) {
  if (context.champion != nullptr) return true;
  Conclude(Verdict::SKIPPED,
           context.no_champion == NoChampion::kIsChampion ? "it is the champion itself"
                                                          : "the channel serves nothing yet",
           result);
  return false;
}

std::optional<double> PairValueOrConclude(std::string_view metric, const CheckHead& head,
                                          const CheckContext& context, CheckResult& result) {
  if (!HasChampionOrConclude(context, result)) return std::nullopt;
  const Observation seen =
      ObserveAgainst(context.candidate, context.champion->version.name(), metric, context.pin);
  AddEvidence(context.candidate.version, seen, result);
  const double* value = FoundOrConclude(seen, metric, "the candidate", head.on_missing, result);
  if (value == nullptr) return std::nullopt;
  result.set_observed(*value);
  return *value;
}

std::optional<ComparedValues> CompareOrConclude(const ComparedMetric& compared,
                                                const CheckHead& head, const CheckContext& context,
                                                CheckResult& result) {
  if (!HasChampionOrConclude(context, result)) return std::nullopt;
  if (!AppliesOrConclude(compared.equal_param, context, result)) return std::nullopt;
  Observation mine = Observe(context.candidate, compared.metric, context.pin);
  Observation theirs = Observe(*context.champion, compared.metric, context.pin);
  MeasureInReferenceIfNeeded(compared.metric, context, mine, theirs);
  AddEvidence(context.candidate.version, mine, result);
  AddEvidence(context.champion->version, theirs, result);
  if (mine.kind == Observation::Kind::kFound) result.set_observed(mine.value);
  if (theirs.kind == Observation::Kind::kFound) result.set_baseline(theirs.value);
  if (FoundOrConclude(mine, compared.metric, "the candidate", head.on_missing, result) == nullptr ||
      FoundOrConclude(theirs, compared.metric, "the champion", OnMissing::kInconclusive, result) ==
          nullptr) {
    return std::nullopt;
  }
  if (const auto key = FirstDifference(context.comparable_on, context.candidate.version, mine,
                                       context.champion->version, theirs)) {
    Conclude(Verdict::INCONCLUSIVE,
             fmt::format("not comparable with the champion: {} differs or is not known",
                         WordOf(kComparableKeys, *key)),
             result);
    return std::nullopt;
  }
  const ComparedValues values{mine.value, theirs.value};
  if (!FiniteOrConclude(compared.metric, values, result)) return std::nullopt;
  return values;
}

std::optional<double> GainOrConclude(const ComparedMetric& compared, const ComparedValues& values,
                                     const Amount& amount, CheckResult& result) {
  const double delta = CanonicalDouble(values.candidate - values.champion);
  double gain = compared.direction == Direction::kHigher ? delta : -delta;
  if (amount.relative) {
    if (values.champion == 0) {
      Conclude(Verdict::INCONCLUSIVE, "the champion's value is 0: there is no relative change",
               result);
      return std::nullopt;
    }
    gain /= std::fabs(values.champion);
  }
  if (std::isfinite(gain)) return gain;
  Conclude(Verdict::FAIL, "the difference from the champion is infinite", result);
  return std::nullopt;
}

std::string GainSentence(const ComparedMetric& compared, const ComparedValues& values, double gain,
                         const Amount& amount) {
  const std::string change =
      gain == 0 ? "equal"
                : fmt::format("{} by {}{}", gain > 0 ? "better" : "worse",
                              Brief(std::fabs(gain), amount.value), UnitOf(amount));
  return fmt::format("{} {} against the champion's {}: {}", compared.metric,
                     NumberText(values.candidate), NumberText(values.champion), change);
}

absl::StatusOr<Amount> ReadAmount(const YamlField& field) {
  static constexpr std::array<std::string_view, 2> kUnits = {"absolute", "relative"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kUnits));
  const YamlField* absolute = map.Find("absolute");
  const YamlField* relative = map.Find("relative");
  if ((absolute == nullptr) == (relative == nullptr)) {
    return InvalidPolicy(field, "must have exactly one of absolute, relative");
  }
  const YamlField& given = relative != nullptr ? *relative : *absolute;
  CAIRN_ASSIGN_OR_RETURN(const double value, ReadNumber(given));
  if (value < 0) return InvalidPolicy(given, "must not be negative");
  return Amount{value, relative != nullptr};
}

std::string AmountYaml(const Amount& amount) {
  return fmt::format("{{{}: {}}}", amount.relative ? "relative" : "absolute",
                     ShortestDouble(amount.value));
}

std::string AmountText(const Amount& amount) {
  return fmt::format("{}{}", NumberText(amount.value), UnitOf(amount));
}

}  // namespace cairn::promotion
