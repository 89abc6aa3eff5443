#ifndef CAIRN_LIB_PROMOTION_POLICY_H_
#define CAIRN_LIB_PROMOTION_POLICY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/promotion/check.h"
#include "lib/promotion/choose_key.h"
#include "lib/promotion/evidence.h"
#include "lib/promotion/metric_registry.h"
#include "lib/promotion/where.h"

namespace cairn::promotion {

// A promotion policy: the typed form of the YAML document in docs/promotion.md.
//
// Made by ParsePolicy, which checks it; plain values from then on, copyable and
// safe to read from any thread. Two policies are equal when they are the same
// rule, wherever its parts stood in the text.

// Only a policy that is enforced moves its channel. In shadow a promotion decides, explains and is
// stored as ever, and the decision says what it would have done; one that is off decides nothing.
enum class PolicyMode { kEnforce, kShadow, kOff };

// What candidates are compared with.
enum class BaselineUse { kChannelHead, kNone };
// What happens while the channel serves nothing: gates decide alone, or nothing is
// promoted.
enum class IfAbsent { kGatesOnly, kRefuse };
// What becomes of a candidate whose values do not compare with the champion's: nothing can be told,
// or the server measures the candidate in the champion's space.
enum class IfIncomparable { kInconclusive, kReevaluate };

// Nothing in it points into the text it came from, but for the positions of checks,
// which are numbers and no part of equality.
struct Policy {
  std::string name;
  std::map<std::string, std::string> annotations;
  std::string model;    // plain name of the model
  std::string channel;  // plain name of the channel
  PolicyMode mode = PolicyMode::kEnforce;
  int64_t max_candidates = 50;
  Where where;  // which versions are candidates; empty = all that are READY
  // The data set, by plain name, that evidence must rest on; empty = any one.
  std::string evidence_dataset;
  // Which version of it: a number or an alias; empty = the newest.
  std::string evidence_version;
  Trust trust = Trust::kReported;
  // From how many fits the server measures the stability of candidates, at least; 0: not at all.
  int64_t repeats = 0;
  std::vector<Lineage> require_lineage;
  BaselineUse baseline = BaselineUse::kChannelHead;
  IfAbsent if_absent = IfAbsent::kGatesOnly;
  std::vector<ComparableKey> comparable_on;
  MetricMap metrics;  // that it declares
  IfIncomparable if_incomparable = IfIncomparable::kInconclusive;
  std::vector<Check> checks;      // section by section, as in the text
  std::vector<ChooseKey> choose;  // never empty; ends with kVersion
  friend bool operator==(const Policy&, const Policy&) = default;
};

// Whether a check judges by `metric`, or candidates are ranked by it. Pure.
bool NamesMetric(const Policy& policy, std::string_view metric);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_POLICY_H_
