#include "lib/promotion/guardrail.h"

#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"

namespace cairn::promotion {

namespace {

// A metric of a pair compares already, so it has bands of its own and nothing else.
absl::Status CheckPair(const YamlMap& check, const MetricInfo& metric, const Guardrail& guardrail) {
  if (guardrail.bands.Empty()) {
    return InvalidPolicy(*check.Find("metric"),
                         "describes candidate and champion together; write pass or fail");
  }
  if (!guardrail.compared.equal_param.empty()) {
    return InvalidPolicy(*check.Find("when"), "a metric of a pair applies to every pair");
  }
  return guardrail.bands.CheckReach(check, metric);
}

}  // namespace

absl::StatusOr<Guardrail> Guardrail::Read(const YamlMap& check, const MetricMap& metrics) {
  Guardrail guardrail;
  CAIRN_ASSIGN_OR_RETURN(
      guardrail.compared,
      ComparedMetric::Read(check, metrics, ComparedMetric::Metrics::kOfPairsToo));
  CAIRN_ASSIGN_OR_RETURN(guardrail.bands, Bands::Read(check));
  const YamlField* loss = check.Find("maxLoss");
  if (const MetricInfo& metric = *FindMetric(guardrail.compared.metric, metrics); metric.of_pair) {
    CAIRN_RETURN_IF_ERROR(CheckPair(check, metric, guardrail));
  }
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
  if (NeedsPair()) return ConcludePair(head, context, result);
  const auto values = CompareOrConclude(compared, head, context, result);
  if (!values) return;
  if (bands.Empty()) return ConcludeLoss(*values, result);
  const double delta = CanonicalDouble(values->candidate - values->champion);
  bands.Conclude(fmt::format("{} minus the champion's {} = {}", compared.metric,
                             NumberText(values->champion), NumberText(delta)),
                 delta, result);
}

bool Guardrail::NeedsPair() const {
  const MetricInfo* metric = FindMetric(compared.metric);  // none of those that policies declare
  return metric != nullptr && metric->of_pair;
}

void Guardrail::ConcludePair(const CheckHead& head, const CheckContext& context,
                             cairn::v1::CheckResult& result) const {
  result.set_needed(bands.Needed());
  const auto value = PairValueOrConclude(compared.metric, head, context, result);
  if (!value) return;
  bands.Conclude(fmt::format("{} {}", compared.metric, NumberText(*value)), *value, result);
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
