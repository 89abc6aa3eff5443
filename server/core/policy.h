#ifndef CAIRN_SERVER_CORE_POLICY_H_
#define CAIRN_SERVER_CORE_POLICY_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cairn::core {

// A promotion policy: the typed form of the YAML document in docs/promotion.md.
//
// Made by ParsePolicy, which checks it; plain values from then on, copyable and
// safe to read from any thread. Two policies are equal when they are the same
// rule, wherever its parts stood in the text.

// Where a part began in the text, from 1. Never part of the rule's identity.
struct TextPosition {
  int line = 0;
  int column = 0;
  friend bool operator==(const TextPosition&, const TextPosition&) { return true; }
};

// A set of numbers between two bounds; the written form of ">= 0.2", "3..8",
// "== 4" and lists of such conditions that must all hold.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_included = true;   // meaningless while `low` is infinite
  bool high_included = true;  // meaningless while `high` is infinite

  // False for NaN.
  bool Contains(double value) const;
  // No number satisfies it.
  bool Empty() const;
  // Distance to the nearest bound: positive inside, negative outside, +inf
  // without bounds.
  double Margin(double value) const;
  Interval Intersect(const Interval& other) const;
  // ">= 0.2", "3..8", "> 0.1 and < 0.3".
  std::string ToString() const;

  friend bool operator==(const Interval&, const Interval&) = default;
};

enum class PolicyMode { kEnforce, kShadow, kOff };
enum class CheckMode { kEnforce, kShadow };
enum class OnMissing { kFail, kInconclusive };
enum class Direction { kHigher, kLower };

// An absolute rule: the candidate's own value must lie in a band.
struct Gate {
  enum class Source { kMetric, kParam };
  std::string id;
  Source source = Source::kMetric;
  std::string key;               // the metric or the parameter
  std::optional<Interval> pass;  // at least one of the two is set; disjoint
  std::optional<Interval> fail;
  OnMissing on_missing = OnMissing::kFail;
  CheckMode mode = CheckMode::kEnforce;
  TextPosition position;
  friend bool operator==(const Gate&, const Gate&) = default;
};

// An amount of change, in the metric's unit or as a share of the champion's value.
struct Amount {
  double value = 0;
  bool relative = false;
  friend bool operator==(const Amount&, const Amount&) = default;
};

// A rule that looks at candidate and champion together.
struct Comparison {
  enum class Role { kObjective, kGuardrail };
  std::string id;
  Role role = Role::kGuardrail;
  std::string metric;
  Direction direction = Direction::kHigher;
  // Objective: the least improvement. Guardrail: the greatest loss; not used
  // when a band is given.
  Amount amount;
  // Bands for (candidate - champion); guardrails only.
  std::optional<Interval> pass;
  std::optional<Interval> fail;
  // The parameter that must be equal for the rule to apply; else it is SKIPPED.
  std::string equal_param;
  OnMissing on_missing = OnMissing::kInconclusive;
  CheckMode mode = CheckMode::kEnforce;
  TextPosition position;
  friend bool operator==(const Comparison&, const Comparison&) = default;
};

// One key of the order in which surviving candidates are preferred.
struct ChooseKey {
  enum class Source { kMetric, kParam, kVersion };
  Source source = Source::kMetric;
  std::string key;  // empty for kVersion
  Direction direction = Direction::kHigher;
  double bucket = 0;  // values compare as floor(x / bucket); 0 = as they are
  friend bool operator==(const ChooseKey&, const ChooseKey&) = default;
};

// What must be known of where a candidate comes from.
enum class Lineage { kTrainingDataset, kCodeRevision, kArtifactDigest, kRun };

// What must agree before two values are compared.
enum class ComparableKey { kDatasetDigest, kFeatureSchema, kMetricDefinition, kEvaluationSpace };

enum class BaselineUse { kChannelHead, kNone };
enum class IfAbsent { kGatesOnly, kRefuse };

struct Policy {
  std::string name;
  std::map<std::string, std::string> annotations;
  std::string model;    // plain name of the model
  std::string channel;  // plain name of the channel
  PolicyMode mode = PolicyMode::kEnforce;
  int64_t max_candidates = 50;
  // The data set, by plain name, that evidence must rest on; empty = any one.
  // Values that clients report are trusted: the only kind there is so far.
  std::string evidence_dataset;
  std::vector<Lineage> require_lineage;
  BaselineUse baseline = BaselineUse::kChannelHead;
  IfAbsent if_absent = IfAbsent::kGatesOnly;
  std::vector<ComparableKey> comparable_on;
  std::vector<Gate> gates;
  std::vector<Comparison> compare;
  std::vector<ChooseKey> choose;  // never empty; ends with kVersion
  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_POLICY_H_
