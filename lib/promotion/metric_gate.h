#ifndef CAIRN_LIB_PROMOTION_METRIC_GATE_H_
#define CAIRN_LIB_PROMOTION_METRIC_GATE_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/bands.h"
#include "lib/promotion/check.h"

namespace cairn::promotion {

// A metric of the candidate must lie in a band:
//
//   - {id: separated, metric: silhouette, pass: ">= 0.2"}
//
// A metric of a pair is SKIPPED without a champion.
// Looks at the evidence that the policy pins (evidence.h). A band that the metric
// can never reach is refused when the policy is read.
struct MetricGate final : RuleValue<MetricGate> {
  static constexpr std::array<std::string_view, 3> kFields = {"metric", "pass", "fail"};

  // POLICY_INVALID, POLICY_UNSUPPORTED at the field at fault.
  static absl::StatusOr<MetricGate> Read(const YamlMap& check, const MetricMap& metrics);

  void Render(YamlLines& lines) const override;
  // A value that is missing is what CheckHead::on_missing says.
  void Evaluate(const CheckHead& head, const CheckContext& context,
                cairn::v1::CheckResult& result) const override;
  std::string_view Metric() const override { return metric; }
  bool NeedsPair() const override;

  std::string metric;  // built in or declared by the policy
  Bands bands;         // never empty

  friend bool operator==(const MetricGate&, const MetricGate&) = default;
};

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_METRIC_GATE_H_
