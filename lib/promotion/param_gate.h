#ifndef CAIRN_LIB_PROMOTION_PARAM_GATE_H_
#define CAIRN_LIB_PROMOTION_PARAM_GATE_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/bands.h"
#include "lib/promotion/check.h"

namespace cairn::promotion {

// A parameter of the candidate must be a number in a band:
//
//   - {id: few-segments, param: k, pass: "3..8"}
//
// A parameter that is there and no number is ERROR. One that is not there is what
// CheckHead::on_missing says.
struct ParamGate final : RuleValue<ParamGate> {
  static constexpr std::array<std::string_view, 3> kFields = {"param", "pass", "fail"};

  // POLICY_INVALID at the field at fault.
  static absl::StatusOr<ParamGate> Read(const YamlMap& check, const MetricMap& metrics);

  void Render(YamlLines& lines) const override;
  void Evaluate(const CheckHead& head, const CheckContext& context,
                cairn::v1::CheckResult& result) const override;

  std::string param;  // not empty
  Bands bands;        // never empty

  friend bool operator==(const ParamGate&, const ParamGate&) = default;
};

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_PARAM_GATE_H_
