#include "lib/promotion/evidence_section.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "fmt/format.h"
#include "lib/base/alias_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/policy_texts.h"
#include "lib/promotion/policy_words.h"

namespace cairn::promotion {
namespace {

// `NAME`, `NAME@3` or `NAME@ALIAS`.
absl::Status ReadEvidenceDataset(const YamlField& field, Policy& policy) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadText(field));
  const size_t at = text.rfind('@');
  YamlNode name = *field.node;
  name.text = text.substr(0, at);
  CAIRN_ASSIGN_OR_RETURN(policy.evidence_dataset, ReadHumanName({&name, field.path}));
  if (at == std::string::npos) return absl::OkStatus();
  policy.evidence_version = text.substr(at + 1);
  const std::string& version = policy.evidence_version;
  if (version == kLatestAlias) {
    return InvalidPolicy(field, "without a version the newest one is meant; leave @latest out");
  }
  const bool is_number = !version.empty() && version.size() < 19 && version[0] != '0' &&
                         version.find_first_not_of("0123456789") == std::string::npos;
  if (is_number ||
      ValidateAlias(version, {.field = field.path, .max_bytes = 100, .dots = true}).ok()) {
    return absl::OkStatus();
  }
  return InvalidPolicy(field, "behind @ stands the number of a version, from 1, or an alias");
}

absl::StatusOr<int64_t> ReadRepeats(const YamlField& field) {
  static constexpr std::array<std::string_view, 1> kKnown = {"min"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  CAIRN_ASSIGN_OR_RETURN(const YamlField min, map.Require("min"));
  CAIRN_ASSIGN_OR_RETURN(const double number, ReadNumber(min));
  if (number != std::floor(number) || number < kMinRepeats || number > kMaxRepeats) {
    return InvalidPolicy(
        min, fmt::format("must be a whole number from {} to {}", kMinRepeats, kMaxRepeats));
  }
  return static_cast<int64_t>(number);
}

}  // namespace

absl::Status ReadEvidence(const YamlField& field, Policy& policy) {
  static constexpr std::array<std::string_view, 4> kKnown = {"dataset", "trust", "repeats",
                                                             "requireLineage"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  if (const YamlField* dataset = map.Find("dataset")) {
    if (dataset->node->kind != YamlNode::Kind::kScalar || !dataset->node->text.empty()) {
      CAIRN_RETURN_IF_ERROR(ReadEvidenceDataset(*dataset, policy));
    }
  }
  // There is no default: who accepts a client's word says so.
  CAIRN_ASSIGN_OR_RETURN(const YamlField trust, map.Require("trust"));
  CAIRN_ASSIGN_OR_RETURN(const size_t word, ReadChoice(trust, kTrust));
  policy.trust = static_cast<Trust>(word);
  if (const YamlField* repeats = map.Find("repeats")) {
    if (policy.trust != Trust::kServer) {
      return InvalidPolicy(*repeats, "needs trust: server, which fits candidates again");
    }
    CAIRN_ASSIGN_OR_RETURN(policy.repeats, ReadRepeats(*repeats));
  }
  if (const YamlField* lineage = map.Find("requireLineage")) {
    CAIRN_ASSIGN_OR_RETURN(policy.require_lineage, ReadWords<Lineage>(*lineage, kLineage));
  }
  return absl::OkStatus();
}

absl::Status ReadBaseline(const YamlField& field, Policy& policy) {
  static constexpr std::array<std::string_view, 4> kKnown = {"use", "ifAbsent", "comparableOn",
                                                             "ifIncomparable"};
  static constexpr std::array<Unsupported, 1> kLater = {
      {{"referenceSpace", "leave it out: models are measured again in the champion's space"}}};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown, kLater));
  if (const YamlField* use = map.Find("use")) {
    if (use->node->text.rfind("version:", 0) == 0) {
      return UnsupportedPolicy(*use, "write use: channel-head or use: none");
    }
    CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(*use, kBaselineUses));
    policy.baseline = static_cast<BaselineUse>(index);
  }
  if (const YamlField* absent = map.Find("ifAbsent")) {
    CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(*absent, kIfAbsent));
    policy.if_absent = static_cast<IfAbsent>(index);
  }
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "ifIncomparable", kIfIncomparable, policy.if_incomparable));
  if (policy.if_incomparable == IfIncomparable::kReevaluate && policy.evidence_dataset.empty()) {
    return InvalidPolicy(*map.Find("ifIncomparable"),
                         "needs evidence.dataset: what models are measured on");
  }
  if (const YamlField* keys = map.Find("comparableOn")) {
    CAIRN_ASSIGN_OR_RETURN(policy.comparable_on, ReadWords<ComparableKey>(*keys, kComparableKeys));
    const auto& on = policy.comparable_on;
    if (std::find(on.begin(), on.end(), ComparableKey::kDatasetDigest) == on.end()) {
      return InvalidPolicy(*keys,
                           "must hold dataset.digest: values measured on different data "
                           "are never compared");
    }
  }
  return absl::OkStatus();
}

absl::Status SettleRepeats(const YamlField& evidence, Policy& policy) {
  if (NamesMetric(policy, kStabilityMetric)) {
    if (policy.trust == Trust::kServer && policy.repeats == 0) policy.repeats = kDefaultRepeats;
    return absl::OkStatus();
  }
  if (policy.repeats == 0) return absl::OkStatus();
  return InvalidPolicy(evidence,
                       fmt::format("repeats are for {}, which no rule names", kStabilityMetric));
}

}  // namespace cairn::promotion
