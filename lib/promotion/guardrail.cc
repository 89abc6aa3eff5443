#include "lib/promotion/guardrail.h"

#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"

namespace cairn::promotion {

absl::StatusOr<Guardrail> Guardrail::Read(const YamlMap& check, const MetricMap& metrics) {
  Guardrail guardrail;
  CAIRN_ASSIGN_OR_RETURN(guardrail.compared, ComparedMetric::Read(check, metrics));
  CAIRN_ASSIGN_OR_RETURN(guardrail.bands, Bands::Read(check));
  const YamlField* loss = check.Find("maxLoss");
  if (loss == nullptr) return guardrail;
  if (!guardrail.bands.Empty()) {
    return InvalidPolicy(*check.Find(guardrail.bands.pass ? "pass" : "fail"),
                         "only a guardrail without maxLoss has bands");
  }
  CAIRN_ASSIGN_OR_RETURN(guardrail.max_loss, ReadAmount(*loss));
  return guardrail;
}

void Guardrail::Render(YamlLines& lines) const {
  compared.Render(lines);
  if (bands.Empty()) lines.Add("maxLoss", AmountYaml(max_loss));
  bands.Render(lines);
  compared.RenderWhen(lines);
}

void Guardrail::Evaluate(const CheckHead& head, const CheckContext& context,
                         cairn::v1::CheckResult& result) const {
  result.set_metric(compared.metric);
  result.set_needed(bands.Empty() ? fmt::format("worse by <= {}", AmountText(max_loss))
                                  : fmt::format("candidate - champion {}", bands.Needed()));
  const auto values = CompareOrConclude(compared, head, context, result);
  if (!values) return;
  if (bands.Empty()) return ConcludeLoss(*values, result);
  const double delta = CanonicalDouble(values->candidate - values->champion);
  bands.Conclude(fmt::format("{} minus the champion's {} = {}", compared.metric,
                             NumberText(values->champion), NumberText(delta)),
                 delta, result);
}

void Guardrail::ConcludeLoss(const ComparedValues& values, cairn::v1::CheckResult& result) const {
  const auto gain = GainOrConclude(compared, values, max_loss, result);
  if (!gain) return;
  result.set_margin(CanonicalDouble(max_loss.value + *gain));
  Conclude(-*gain <= max_loss.value ? Verdict::PASS : Verdict::FAIL,
           fmt::format("{}, allowed is worse by {}",
                       GainSentence(compared, values, *gain, max_loss), AmountText(max_loss)),
           result);
}

}  // namespace cairn::promotion
