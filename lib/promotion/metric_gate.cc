#include "lib/promotion/metric_gate.h"

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/comparison.h"
#include "lib/promotion/policy_words.h"

namespace cairn::promotion {
namespace {

std::string UnitOf(const std::string& metric, const EvidencePin& pin) {
  const MetricInfo* info = pin.metrics == nullptr ? nullptr : FindMetric(metric, *pin.metrics);
  return info == nullptr || info->unit.empty() ? "" : " " + info->unit;
}

}  // namespace

absl::StatusOr<MetricGate> MetricGate::Read(const YamlMap& check, const MetricMap& metrics) {
  MetricGate gate;
  CAIRN_ASSIGN_OR_RETURN(gate.bands, Bands::ReadRequired(check));
  CAIRN_ASSIGN_OR_RETURN(const MetricInfo* metric, ReadAnyMetric(*check.Find("metric"), metrics));
  gate.metric = std::string(metric->name);
  CAIRN_RETURN_IF_ERROR(gate.bands.CheckReach(check, *metric));
  return gate;
}

void MetricGate::Render(YamlLines& lines) const {
  lines.Add("metric", QuotedYaml(metric));
  bands.Render(lines);
}

bool MetricGate::NeedsPair() const {
  const MetricInfo* info = FindMetric(metric);  // none of those that policies declare
  return info != nullptr && info->of_pair;
}

void MetricGate::Evaluate(const CheckHead& head, const CheckContext& context,
                          cairn::v1::CheckResult& result) const {
  result.set_needed(bands.Needed());
  result.set_metric(metric);
  if (NeedsPair()) {
    const auto pair = PairValueOrConclude(metric, head, context, result);
    if (pair) bands.Conclude(fmt::format("{} {}", metric, NumberText(*pair)), *pair, result);
    return;
  }
  const Observation seen = Observe(context.candidate, metric, context.pin);
  AddEvidence(context.candidate.version, seen, result);
  const double* value = FoundOrConclude(seen, metric, "the version", head.on_missing, result);
  if (value == nullptr) return;
  result.set_observed(*value);
  bands.Conclude(fmt::format("{} {}{}", metric, NumberText(*value), UnitOf(metric, context.pin)),
                 *value, result);
}

}  // namespace cairn::promotion
