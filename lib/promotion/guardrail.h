#ifndef CAIRN_LIB_PROMOTION_GUARDRAIL_H_
#define CAIRN_LIB_PROMOTION_GUARDRAIL_H_

#include <array>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/bands.h"
#include "lib/promotion/comparison.h"

namespace cairn::promotion {

// The candidate must not be worse than the champion by more than an amount, or
// its difference from the champion must lie in a band:
//
//   - {id: not-blurred, role: guardrail, metric: davies_bouldin,
//      maxLoss: {relative: 0.05}}
//   - {id: customers-moved, role: guardrail, metric: label_churn, pass: "<= 0.25"}
//   - {id: same-size, role: guardrail, metric: min_cluster_share, pass: "-0.1..0.1"}
//
// A metric of a pair (`label_churn`, `centroid_shift`, `ari`) is not a difference: its bands hold
// for the value itself. Without both, it must not be worse at all.
struct Guardrail final : RuleValue<Guardrail> {
  static constexpr std::array<std::string_view, 6> kFields = {"metric",  "direction", "when",
                                                              "maxLoss", "pass",      "fail"};

  // POLICY_INVALID, POLICY_UNSUPPORTED at the field at fault. Bands and `maxLoss`
  // exclude each other.
  static absl::StatusOr<Guardrail> Read(const YamlMap& check, const MetricMap& metrics);

  void Render(YamlLines& lines) const override;
  void Evaluate(const CheckHead& head, const CheckContext& context,
                cairn::v1::CheckResult& result) const override;
  std::string_view Metric() const override { return compared.metric; }
  bool NeedsPair() const override;

  ComparedMetric compared;
  Amount max_loss;  // not used when there are bands
  Bands bands;      // for candidate - champion

  friend bool operator==(const Guardrail&, const Guardrail&) = default;

 private:
  // The verdict on a metric that describes candidate and champion together.
  void ConcludePair(const CheckHead& head, const CheckContext& context,
                    cairn::v1::CheckResult& result) const;
  // The verdict by max_loss, for a rule without bands.
  void ConcludeLoss(const ComparedValues& values, cairn::v1::CheckResult& result) const;
};

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_GUARDRAIL_H_
