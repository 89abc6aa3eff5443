#ifndef CAIRN_LIB_PROMOTION_CHECK_KINDS_H_
#define CAIRN_LIB_PROMOTION_CHECK_KINDS_H_

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/check.h"
#include "lib/promotion/metric_registry.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// The kinds of checks that policies may have: one row a kind.
//
// Sections and kinds are constants that live as long as the process.

// A list of checks in a policy's spec.
struct CheckSection {
  std::string_view field;  // in the spec: "gates"
  std::string_view stage;  // in results: CheckResult.stage
  // The field whose value names the kind. Empty where a kind's word is itself a
  // field, of which a check has exactly one.
  std::string_view selector;
  OnMissing on_missing;  // when a check does not say
  bool needs_champion;   // refused in policies without a baseline
  // Fields that the language has and no kind can act on yet.
  std::span<const Unsupported> unsupported;
};

// What a kind of check is called, and how its rule is read. What it writes and how it
// judges and explains is the rule's (check.h). Adding a row is all that a new kind
// needs: reading, rendering, evaluating and the messages about unknown fields go by the
// rows.
struct CheckKind {
  const CheckSection* section;
  std::string_view word;  // "metric": a field or the selector's value
  // The fields of the rule, `word` included where it is one.
  std::span<const std::string_view> fields;
  // Reads the rule, which may name `metrics` beside those that are built in. POLICY_INVALID or
  // POLICY_UNSUPPORTED at the field at fault.
  absl::StatusOr<std::shared_ptr<const Rule>> (*parse)(const YamlMap& check,
                                                       const MetricMap& metrics);
};

extern const CheckSection kGates;
extern const CheckSection kComparisons;

// In the order in which a policy is rendered and evaluated.
std::span<const CheckSection* const> CheckSections();
std::span<const CheckKind> CheckKinds();

// Reads one item of a section. POLICY_INVALID if it is of no kind or of two, or its
// head or rule is wrong; POLICY_UNSUPPORTED for what no kind can do yet. `item` must
// live as long as errors about it are made, not as long as the check.
absl::StatusOr<Check> ReadCheck(const CheckSection& section, const YamlField& item,
                                const MetricMap& metrics);

// Appends the check as an item of its section's list; ReadCheck's inverse.
void RenderCheck(const Check& check, std::string& out);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_CHECK_KINDS_H_
