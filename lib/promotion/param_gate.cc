#include "lib/promotion/param_gate.h"

#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_words.h"

namespace cairn::promotion {

absl::StatusOr<ParamGate> ParamGate::Read(const YamlMap& check, const MetricMap& /*metrics*/) {
  ParamGate gate;
  CAIRN_ASSIGN_OR_RETURN(gate.bands, Bands::ReadRequired(check));
  CAIRN_ASSIGN_OR_RETURN(gate.param, ReadParamKey(*check.Find("param")));
  return gate;
}

void ParamGate::Render(YamlLines& lines) const {
  lines.Add("param", QuotedYaml(param));
  bands.Render(lines);
}

void ParamGate::Evaluate(const CheckHead& head, const CheckContext& context,
                         cairn::v1::CheckResult& result) const {
  result.set_needed(bands.Needed());
  const auto& params = context.candidate.version.params();
  const auto it = params.find(param);
  if (it == params.end()) {
    return Conclude(MissingVerdict(head.on_missing),
                    fmt::format("the version has no parameter {}", param), result);
  }
  const auto value = ParseNumber(it->second);
  if (!value) {
    return Conclude(Verdict::ERROR, fmt::format("the parameter {} is not a number", param), result);
  }
  result.set_observed(*value);
  bands.Conclude(fmt::format("{} = {}", param, NumberText(*value)), *value, result);
}

}  // namespace cairn::promotion
