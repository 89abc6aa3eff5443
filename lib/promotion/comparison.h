#ifndef CAIRN_LIB_PROMOTION_COMPARISON_H_
#define CAIRN_LIB_PROMOTION_COMPARISON_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/check.h"
#include "lib/promotion/metric_registry.h"

namespace cairn::promotion {

// What rules have in common that compare a metric of candidate and champion.
//
// Two values are compared only where everything agrees that the policy's
// `comparableOn` names, and only if the parameter of `when` is equal; a
// metric that changes with the number of clusters by itself needs such a `when`.

// An amount of change, in the metric's unit or as a share of the champion's value.
struct Amount {
  double value = 0;  // not negative
  bool relative = false;
  friend bool operator==(const Amount&, const Amount&) = default;
};

// What is compared, and when. The head of an objective and of a guardrail.
struct ComparedMetric {
  static constexpr std::array<std::string_view, 3> kFields = {"metric", "direction", "when"};

  // Which metrics the rule may name: one with bands those of pairs too.
  enum class Metrics { kOfOneModel, kOfPairsToo };

  // POLICY_INVALID, POLICY_UNSUPPORTED at the field at fault.
  static absl::StatusOr<ComparedMetric> Read(const YamlMap& check, const MetricMap& declared,
                                             Metrics metrics = Metrics::kOfOneModel);

  // `when` stands behind the rule's own fields.
  void Render(YamlLines& lines) const;
  void RenderWhen(YamlLines& lines) const;

  std::string metric;  // built in or declared by the policy
  Direction direction = Direction::kHigher;
  std::string equal_param;  // the parameter of `when`; empty if there is none

  friend bool operator==(const ComparedMetric&, const ComparedMetric&) = default;
};

// Two finite values that may be compared.
struct ComparedValues {
  double candidate = 0;
  double champion = 0;
};

// False after it concluded the check as SKIPPED, because there is no champion to compare with.
bool HasChampionOrConclude(const CheckContext& context, cairn::v1::CheckResult& result);

// The value of a metric of a pair, measured of the candidate against the champion, put into the
// result; nullopt after it concluded the check.
std::optional<double> PairValueOrConclude(std::string_view metric, const CheckHead& head,
                                          const CheckContext& context,
                                          cairn::v1::CheckResult& result);

// Reads both values and puts them into the result; nullopt after it concluded the
// check: SKIPPED without a champion or where `when` does not hold, INCONCLUSIVE where
// nothing can be compared. Where the policy says `ifIncomparable: reevaluate`, values that do not
// compare give way to those that the server measured of both in the champion's space. An infinite
// candidate fails; of an infinite champion nothing can be said.
std::optional<ComparedValues> CompareOrConclude(const ComparedMetric& compared,
                                                const CheckHead& head, const CheckContext& context,
                                                cairn::v1::CheckResult& result);

// How much better the candidate is, negative if it is worse, in the unit of
// `amount`. nullopt after it concluded the check: there is no relative change of 0.
std::optional<double> GainOrConclude(const ComparedMetric& compared, const ComparedValues& values,
                                     const Amount& amount, cairn::v1::CheckResult& result);

// "silhouette 0.3 against the champion's 0.25: better by 0.05, …" up to the comma.
std::string GainSentence(const ComparedMetric& compared, const ComparedValues& values, double gain,
                         const Amount& amount);

absl::StatusOr<Amount> ReadAmount(const YamlField& field);  // POLICY_INVALID
std::string AmountYaml(const Amount& amount);
// "0.02", "0.05 of the champion's value".
std::string AmountText(const Amount& amount);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_COMPARISON_H_
