#ifndef CAIRN_LIB_PROMOTION_POLICY_WORDS_H_
#define CAIRN_LIB_PROMOTION_POLICY_WORDS_H_

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/metric_registry.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// The words of the policy language, which reading and rendering share, and the
// reading of single values. Errors are those of ParsePolicy. Pure.

// Index = the enumerator's value. They are in stored policies and digests: a word is
// never changed.
inline constexpr std::array<std::string_view, 3> kPolicyModes = {"enforce", "shadow", "off"};
inline constexpr std::array<std::string_view, 2> kCheckModes = {"enforce", "shadow"};
inline constexpr std::array<std::string_view, 2> kOnMissing = {"fail", "inconclusive"};
inline constexpr std::array<std::string_view, 2> kDirections = {"higher", "lower"};
inline constexpr std::array<std::string_view, 5> kLineage = {"trainingDataset", "codeRevision",
                                                             "artifactDigest", "run", "signature"};
inline constexpr std::array<std::string_view, 5> kComparableKeys = {
    "dataset.digest", "feature.schema", "metric.definition", "evaluation.space",
    "evaluation.preparation"};
inline constexpr std::array<std::string_view, 2> kTrust = {"reported", "server"};
inline constexpr std::array<std::string_view, 2> kBaselineUses = {"channel-head", "none"};
inline constexpr std::array<std::string_view, 2> kIfAbsent = {"gates-only", "refuse"};
inline constexpr std::array<std::string_view, 2> kIfIncomparable = {"inconclusive", "reevaluate"};

// REQUIRES: `words` has one for each enumerator.
template <typename Enum, size_t kCount>
std::string_view WordOf(const std::array<std::string_view, kCount>& words, Enum value) {
  return words[static_cast<size_t>(value)];
}

// The value that an optional field names; `value` stays where the field is absent. A
// word that is none is POLICY_INVALID at the field, with the nearest one as a
// suggestion.
template <typename Enum, size_t kCount>
absl::Status ReadWord(const YamlMap& map, std::string_view name,
                      const std::array<std::string_view, kCount>& words, Enum& value) {
  const YamlField* field = map.Find(name);
  if (field == nullptr) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(*field, words));
  value = static_cast<Enum>(index);
  return absl::OkStatus();
}

// A list of words, each once; POLICY_INVALID at the one at fault.
template <typename Enum, size_t kCount>
absl::StatusOr<std::vector<Enum>> ReadWords(const YamlField& field,
                                            const std::array<std::string_view, kCount>& words) {
  CAIRN_ASSIGN_OR_RETURN(const auto items, ReadSequence(field));
  std::set<Enum> found;
  for (const YamlField& item : items) {
    CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(item, words));
    if (!found.insert(static_cast<Enum>(index)).second) {
      return InvalidPolicy(item, "it is there twice");
    }
  }
  return std::vector<Enum>(found.begin(), found.end());
}

// A metric of one model that is built in or `declared`, as whose part it lives. POLICY_UNSUPPORTED
// for live ones, POLICY_INVALID for those that describe a pair of models.
absl::StatusOr<const MetricInfo*> ReadMetric(const YamlField& field, const MetricMap& declared);

// The same for what has bands, which may name a metric of a pair too.
absl::StatusOr<const MetricInfo*> ReadAnyMetric(const YamlField& field, const MetricMap& declared);

// Any text but the empty one: parameters have no fixed names.
absl::StatusOr<std::string> ReadParamKey(const YamlField& field);

// The field `direction`. A metric that has a direction is the default; without
// one, or without a metric, the field is required.
absl::Status ReadDirection(const YamlMap& map, const MetricInfo* metric, Direction& direction);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_POLICY_WORDS_H_
