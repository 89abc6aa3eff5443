#ifndef CAIRN_LIB_PROMOTION_BANDS_H_
#define CAIRN_LIB_PROMOTION_BANDS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "lib/promotion/interval.h"
#include "lib/promotion/metric_registry.h"
#include "lib/promotion/verdict.h"
#include "lib/promotion/yaml_lines.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// Where a number passes and where it fails: the fields `pass` and `fail` of a rule.
//
// With one band, outside it is the opposite; with two, which are disjoint,
// between them is INCONCLUSIVE. NaN is INCONCLUSIVE and an infinity FAIL. A plain
// value; all functions are pure.
struct Bands {
  std::optional<Interval> pass;
  std::optional<Interval> fail;

  // Reads `pass` and `fail` of a rule; both may be absent. POLICY_INVALID at the field
  // if one is no condition, is empty, or overlaps the other. A list of conditions must
  // hold as a whole.
  static absl::StatusOr<Bands> Read(const YamlMap& rule);
  // The same for rules that must have one: POLICY_INVALID at the rule. A rule without a
  // band would pass everything in silence.
  static absl::StatusOr<Bands> ReadRequired(const YamlMap& rule);

  // POLICY_INVALID at the band that no value of the metric can reach: a slip of the pen.
  absl::Status CheckReach(const YamlMap& rule, const MetricInfo& metric) const;

  // Appends `pass` and `fail`, those that there are; Read's inverse.
  void Render(YamlLines& lines) const;

  bool Empty() const { return !pass && !fail; }
  // REQUIRES: not Empty().
  Verdict Judge(double value) const;
  // "3..8"; "not >= 3" where there is only a `fail` band. Not for empty bands. For
  // CheckResult and for sentences.
  std::string Needed() const;

  // Sets margin, verdict and the sentence about `value`, which the sentence calls
  // `subject`: "silhouette 0.31 is >= 0.2".
  void Conclude(std::string_view subject, double value, cairn::v1::CheckResult& check) const;

  friend bool operator==(const Bands&, const Bands&) = default;
};

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_BANDS_H_
