#include "lib/promotion/objective.h"

#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"

namespace cairn::promotion {

absl::StatusOr<Objective> Objective::Read(const YamlMap& check, const MetricMap& metrics) {
  Objective objective;
  CAIRN_ASSIGN_OR_RETURN(objective.compared, ComparedMetric::Read(check, metrics));
  if (const YamlField* effect = check.Find("minEffect")) {
    CAIRN_ASSIGN_OR_RETURN(objective.min_effect, ReadAmount(*effect));
  }
  return objective;
}

void Objective::Render(YamlLines& lines) const {
  compared.Render(lines);
  lines.Add("minEffect", AmountYaml(min_effect));
  compared.RenderWhen(lines);
}

void Objective::Evaluate(const CheckHead& head, const CheckContext& context,
                         cairn::v1::CheckResult& result) const {
  result.set_metric(compared.metric);
  result.set_needed(fmt::format("better by >= {}", AmountText(min_effect)));
  const auto values = CompareOrConclude(compared, head, context, result);
  if (!values) return;
  const auto gain = GainOrConclude(compared, *values, min_effect, result);
  if (!gain) return;
  result.set_margin(CanonicalDouble(*gain - min_effect.value));
  Conclude(*gain >= min_effect.value ? Verdict::PASS : Verdict::FAIL,
           fmt::format("{}, needed is better by {}",
                       GainSentence(compared, *values, *gain, min_effect), AmountText(min_effect)),
           result);
}

}  // namespace cairn::promotion
