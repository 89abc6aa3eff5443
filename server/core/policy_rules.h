#ifndef CAIRN_SERVER_CORE_POLICY_RULES_H_
#define CAIRN_SERVER_CORE_POLICY_RULES_H_

#include <array>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/policy.h"
#include "server/core/yaml_tree.h"

namespace cairn::core {

// The parts of ParsePolicy that read single rules, and the words of the language
// that reading and rendering share. Errors are those of ParsePolicy.

// Index = the enumerator's value.
inline constexpr std::array<std::string_view, 3> kPolicyModes = {"enforce", "shadow", "off"};
inline constexpr std::array<std::string_view, 2> kCheckModes = {"enforce", "shadow"};
inline constexpr std::array<std::string_view, 2> kOnMissing = {"fail", "inconclusive"};
inline constexpr std::array<std::string_view, 2> kDirections = {"higher", "lower"};
inline constexpr std::array<std::string_view, 2> kRoles = {"objective", "guardrail"};
inline constexpr std::array<std::string_view, 4> kLineage = {"trainingDataset", "codeRevision",
                                                             "artifactDigest", "run"};
inline constexpr std::array<std::string_view, 4> kComparableKeys = {
    "dataset.digest", "feature.schema", "metric.definition", "evaluation.space"};
inline constexpr std::array<std::string_view, 2> kBaselineUses = {"channel-head", "none"};
inline constexpr std::array<std::string_view, 2> kIfAbsent = {"gates-only", "refuse"};

template <typename Enum, size_t kCount>
std::string_view WordOf(const std::array<std::string_view, kCount>& words, Enum value) {
  return words[static_cast<size_t>(value)];
}

// A condition (">= 0.2", "3..8", "between 3 and 8", "== 4") or a list of
// conditions that must all hold.
absl::StatusOr<Interval> ReadInterval(const YamlField& field);

absl::StatusOr<Gate> ReadGate(const YamlField& field);
absl::StatusOr<Comparison> ReadComparison(const YamlField& field);

// One key of `choose.order`.
absl::StatusOr<ChooseKey> ReadChooseKey(const YamlField& field);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_POLICY_RULES_H_
