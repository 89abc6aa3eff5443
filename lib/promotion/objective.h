#ifndef CAIRN_LIB_PROMOTION_OBJECTIVE_H_
#define CAIRN_LIB_PROMOTION_OBJECTIVE_H_

#include <array>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/comparison.h"

namespace cairn::promotion {

// The candidate must be better than the champion by at least an amount:
//
//   - {id: separates-better, role: objective, metric: silhouette,
//      minEffect: {absolute: 0.01}}
//
// Without `minEffect` it must not be worse. Better is higher or lower as the metric's
// direction says.
struct Objective final : RuleValue<Objective> {
  static constexpr std::array<std::string_view, 4> kFields = {"metric", "direction", "when",
                                                              "minEffect"};

  // POLICY_INVALID, POLICY_UNSUPPORTED at the field at fault.
  static absl::StatusOr<Objective> Read(const YamlMap& check, const MetricMap& metrics);

  void Render(YamlLines& lines) const override;
  void Evaluate(const CheckHead& head, const CheckContext& context,
                cairn::v1::CheckResult& result) const override;
  std::string_view Metric() const override { return compared.metric; }

  ComparedMetric compared;
  Amount min_effect;  // the least improvement

  friend bool operator==(const Objective&, const Objective&) = default;
};

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_OBJECTIVE_H_
