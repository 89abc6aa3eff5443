#include "lib/promotion/policy_parser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "fmt/format.h"
#include "lib/base/alias_names.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/check_kinds.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/policy_words.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {
namespace {

// Beside the sections of checks.
constexpr std::array<std::string_view, 7> kSpecFields = {
    "target", "mode", "candidates", "metrics", "evidence", "baseline", "choose"};
constexpr std::array<Unsupported, 5> kSpecLater = {
    {{"trigger", "leave it out and ask for a promotion when one is due"},
     {"pace", "leave it out and ask for promotions no more often than wanted"},
     {"approvals", "leave it out; let a person call Promote"},
     {"rollout", "leave it out; the head moves at once"},
     {"rollback", "leave it out; promote the earlier version by name"}}};

// Names of policies and channels: short words that need no escaping in a URL.
absl::StatusOr<std::string> ReadPlainName(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(std::string name, ReadText(field));
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789._-") == std::string::npos;
  if (name.empty() || name.size() > 63 || !plain || name.front() == '.' || name.front() == '-') {
    return InvalidPolicy(field,
                         "must be 1 to 63 letters, digits, '.', '_' and '-', and begin with a "
                         "letter, digit or '_'");
  }
  return name;
}

// Any text without control characters.
absl::StatusOr<std::string> ReadHumanText(const YamlField& field, size_t max_bytes) {
  CAIRN_ASSIGN_OR_RETURN(std::string text, ReadText(field));
  const absl::Status valid = ValidateHumanName(field.path, text, max_bytes, true);
  if (!valid.ok()) return InvalidPolicy(field, MetadataOf(valid, "rule"));
  return text;
}

absl::StatusOr<std::string> ReadHumanName(const YamlField& field) {
  constexpr size_t kMaxNameBytes = 250;
  CAIRN_ASSIGN_OR_RETURN(std::string name, ReadText(field));
  const absl::Status valid = ValidateHumanName(field.path, name, kMaxNameBytes, false);
  if (!valid.ok()) return InvalidPolicy(field, MetadataOf(valid, "rule"));
  return name;
}

absl::Status ReadMetadata(const YamlField& field, Policy& policy) {
  static constexpr std::array<std::string_view, 2> kKnown = {"name", "annotations"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  CAIRN_ASSIGN_OR_RETURN(const YamlField name, map.Require("name"));
  CAIRN_ASSIGN_OR_RETURN(policy.name, ReadPlainName(name));
  const YamlField* annotations = map.Find("annotations");
  if (annotations == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(YamlMap::Open(*annotations, {}).status());
  for (const auto& [key, value] : annotations->node->entries) {
    const YamlField at{&value, fmt::format("{}.{}", annotations->path, key.text)};
    CAIRN_ASSIGN_OR_RETURN(policy.annotations[key.text], ReadText(at));
  }
  return absl::OkStatus();
}

absl::Status ReadTarget(const YamlField& field, Policy& policy) {
  static constexpr std::array<std::string_view, 2> kKnown = {"model", "channel"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  CAIRN_ASSIGN_OR_RETURN(const YamlField model, map.Require("model"));
  CAIRN_ASSIGN_OR_RETURN(policy.model, ReadHumanName(model));
  CAIRN_ASSIGN_OR_RETURN(const YamlField channel, map.Require("channel"));
  CAIRN_ASSIGN_OR_RETURN(policy.channel, ReadPlainName(channel));
  return absl::OkStatus();
}

absl::Status ReadCandidates(const YamlField& field, Policy& policy) {
  static constexpr std::array<std::string_view, 3> kKnown = {"state", "where", "max"};
  static constexpr std::array<std::string_view, 1> kStates = {"READY"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  if (const YamlField* state = map.Find("state")) {
    CAIRN_RETURN_IF_ERROR(ReadChoice(*state, kStates).status());
  }
  if (const YamlField* max = map.Find("max")) {
    CAIRN_ASSIGN_OR_RETURN(policy.max_candidates, ReadInteger(*max, 1, kMaxCandidates));
  }
  if (const YamlField* where = map.Find("where")) {
    CAIRN_ASSIGN_OR_RETURN(policy.where, ReadWhere(*where));
  }
  return absl::OkStatus();
}

// A list of distinct words.
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

// The server fits again only what a policy counts, and only where its own word counts.
absl::Status SettleRepeats(const YamlField& evidence, Policy& policy) {
  if (NamesMetric(policy, kStabilityMetric)) {
    if (policy.trust == Trust::kServer && policy.repeats == 0) policy.repeats = kDefaultRepeats;
    return absl::OkStatus();
  }
  if (policy.repeats == 0) return absl::OkStatus();
  return InvalidPolicy(evidence,
                       fmt::format("repeats are for {}, which no rule names", kStabilityMetric));
}

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

absl::StatusOr<MetricInfo> ReadMetricInfo(const std::string& name, const YamlField& field) {
  static constexpr std::array<std::string_view, 4> kKnown = {"direction", "min", "max", "unit"};
  static constexpr std::array<std::string_view, 3> kWords = {"higher", "lower", "none"};
  constexpr size_t kMaxUnitBytes = 32;
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  MetricInfo metric;
  metric.name = name;
  CAIRN_ASSIGN_OR_RETURN(const YamlField direction, map.Require("direction"));
  CAIRN_ASSIGN_OR_RETURN(const size_t word, ReadChoice(direction, kWords));
  if (word < kDirections.size()) metric.direction = static_cast<Direction>(word);
  if (const YamlField* min = map.Find("min")) {
    CAIRN_ASSIGN_OR_RETURN(metric.min, ReadNumber(*min));
  }
  if (const YamlField* max = map.Find("max")) {
    CAIRN_ASSIGN_OR_RETURN(metric.max, ReadNumber(*max));
    if (metric.max <= metric.min) return InvalidPolicy(*max, "must be greater than min");
  }
  if (const YamlField* unit = map.Find("unit"); unit != nullptr && !unit->node->text.empty()) {
    CAIRN_ASSIGN_OR_RETURN(metric.unit, ReadHumanText(*unit, kMaxUnitBytes));
  }
  return metric;
}

// Metrics of any kind of model, beside those that are built in.
absl::Status ReadMetrics(const YamlField& field, Policy& policy) {
  constexpr size_t kMaxMetricBytes = 250;
  CAIRN_RETURN_IF_ERROR(YamlMap::Open(field, {}).status());
  for (const auto& [key, value] : field.node->entries) {
    const YamlField at_key{&key, fmt::format("{}.{}", field.path, ShownText(key.text))};
    CAIRN_ASSIGN_OR_RETURN(const std::string name, ReadHumanText(at_key, kMaxMetricBytes));
    if (FindMetric(name) != nullptr || name.rfind("live.", 0) == 0) {
      return InvalidPolicy(at_key, "the metric is built in and means the same in every policy");
    }
    if (policy.metrics.size() >= kMaxDeclaredMetrics) {
      return InvalidPolicy(at_key, fmt::format("more than {} metrics", kMaxDeclaredMetrics));
    }
    CAIRN_ASSIGN_OR_RETURN(policy.metrics[name], ReadMetricInfo(name, {&value, at_key.path}));
  }
  return absl::OkStatus();
}

// What nobody counts decides nothing; and what a decision says must fit one answer.
absl::Status CheckRules(const YamlField& spec, const Policy& policy) {
  const auto& checks = policy.checks;
  if (std::none_of(checks.begin(), checks.end(),
                   [](const Check& check) { return check.head.mode == CheckMode::kEnforce; })) {
    return InvalidPolicy(spec, "no gate or comparison is enforced, so nothing could ever pass");
  }
  const int64_t results = policy.max_candidates * static_cast<int64_t>(checks.size());
  if (results <= kMaxResults) return absl::OkStatus();
  return InvalidPolicy(
      spec,
      fmt::format("candidates.max {} times {} checks is {}, more than {}: lower candidates.max"
                  " and select by candidates.where, or leave checks out",
                  policy.max_candidates, checks.size(), results, kMaxResults));
}

absl::Status ReadChecks(const YamlMap& spec, const CheckSection& section,
                        std::set<std::string>& ids, Policy& policy) {
  const YamlField* field = spec.Find(section.field);
  if (field == nullptr) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const auto items, ReadSequence(*field));
  if (!items.empty() && section.needs_champion && policy.baseline == BaselineUse::kNone) {
    return InvalidPolicy(*field, "needs a baseline; write baseline.use: channel-head");
  }
  for (const YamlField& item : items) {
    CAIRN_ASSIGN_OR_RETURN(Check check, ReadCheck(section, item, policy.metrics));
    if (ids.size() >= kMaxChecks) {
      return InvalidPolicy(item, fmt::format("more than {} rules", kMaxChecks));
    }
    if (!ids.insert(check.head.id).second) {
      return InvalidPolicy(item, fmt::format("another rule has the id \"{}\"", check.head.id));
    }
    policy.checks.push_back(std::move(check));
  }
  return absl::OkStatus();
}

absl::Status ReadChoose(const YamlMap& spec, Policy& policy) {
  static constexpr std::array<std::string_view, 1> kKnown = {"order"};
  if (const YamlField* choose = spec.Find("choose")) {
    CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(*choose, kKnown));
    CAIRN_ASSIGN_OR_RETURN(const YamlField order, map.Require("order"));
    CAIRN_ASSIGN_OR_RETURN(const auto items, ReadSequence(order));
    std::set<std::pair<ChooseKey::Source, std::string>> seen;
    for (const YamlField& item : items) {
      if (!policy.choose.empty() && policy.choose.back().source == ChooseKey::Source::kVersion) {
        return InvalidPolicy(item, "nothing can follow the version: no two versions tie on it");
      }
      CAIRN_ASSIGN_OR_RETURN(ChooseKey key, ReadChooseKey(item, policy.metrics));
      if (!seen.insert({key.source, key.key}).second) {
        return InvalidPolicy(item, "the order has this key already");
      }
      policy.choose.push_back(std::move(key));
    }
  }
  if (policy.choose.empty() || policy.choose.back().source != ChooseKey::Source::kVersion) {
    policy.choose.push_back({ChooseKey::Source::kVersion, "", Direction::kLower, 0});
  }
  return absl::OkStatus();
}

absl::Status ReadSpec(const YamlField& field, Policy& policy) {
  std::vector<std::string_view> known(kSpecFields.begin(), kSpecFields.end());
  for (const CheckSection* section : CheckSections()) known.push_back(section->field);
  CAIRN_ASSIGN_OR_RETURN(const YamlMap spec, YamlMap::Open(field, known, kSpecLater));
  CAIRN_ASSIGN_OR_RETURN(const YamlField target, spec.Require("target"));
  CAIRN_RETURN_IF_ERROR(ReadTarget(target, policy));
  if (const YamlField* mode = spec.Find("mode")) {
    // "off" is a word here, not YAML 1.1's false.
    CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(*mode, kPolicyModes));
    policy.mode = static_cast<PolicyMode>(index);
  }
  if (const YamlField* candidates = spec.Find("candidates")) {
    CAIRN_RETURN_IF_ERROR(ReadCandidates(*candidates, policy));
  }
  if (const YamlField* metrics = spec.Find("metrics")) {
    CAIRN_RETURN_IF_ERROR(ReadMetrics(*metrics, policy));
  }
  CAIRN_ASSIGN_OR_RETURN(const YamlField evidence, spec.Require("evidence"));
  CAIRN_RETURN_IF_ERROR(ReadEvidence(evidence, policy));
  policy.comparable_on = {ComparableKey::kDatasetDigest, ComparableKey::kFeatureSchema,
                          ComparableKey::kMetricDefinition, ComparableKey::kEvaluationSpace};
  if (const YamlField* baseline = spec.Find("baseline")) {
    CAIRN_RETURN_IF_ERROR(ReadBaseline(*baseline, policy));
  }
  std::set<std::string> ids;
  for (const CheckSection* section : CheckSections()) {
    CAIRN_RETURN_IF_ERROR(ReadChecks(spec, *section, ids, policy));
  }
  CAIRN_RETURN_IF_ERROR(ReadChoose(spec, policy));
  CAIRN_RETURN_IF_ERROR(SettleRepeats(evidence, policy));
  return CheckRules(field, policy);
}

}  // namespace

absl::StatusOr<Policy> ParsePolicy(std::string_view yaml) {
  static constexpr std::array<std::string_view, 4> kKnown = {"apiVersion", "kind", "metadata",
                                                             "spec"};
  static constexpr std::array<std::string_view, 1> kVersions = {"cairn/v1"};
  static constexpr std::array<std::string_view, 1> kKinds = {"PromotionPolicy"};
  YamlNode root;
  root.position = {1, 1};
  const YamlField document{&root, ""};
  if (yaml.size() > kMaxPolicyBytes) {
    return InvalidPolicy(document,
                         fmt::format("{} bytes are more than {}", yaml.size(), kMaxPolicyBytes));
  }
  CAIRN_ASSIGN_OR_RETURN(root, ParseYaml(yaml, kMaxPolicyDepth));
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(document, kKnown));
  CAIRN_ASSIGN_OR_RETURN(const YamlField version, map.Require("apiVersion"));
  CAIRN_RETURN_IF_ERROR(ReadChoice(version, kVersions).status());
  CAIRN_ASSIGN_OR_RETURN(const YamlField kind, map.Require("kind"));
  CAIRN_RETURN_IF_ERROR(ReadChoice(kind, kKinds).status());
  Policy policy;
  CAIRN_ASSIGN_OR_RETURN(const YamlField metadata, map.Require("metadata"));
  CAIRN_RETURN_IF_ERROR(ReadMetadata(metadata, policy));
  CAIRN_ASSIGN_OR_RETURN(const YamlField spec, map.Require("spec"));
  CAIRN_RETURN_IF_ERROR(ReadSpec(spec, policy));
  return policy;
}

bool NamesMetric(const Policy& policy, std::string_view metric) {
  return std::any_of(policy.checks.begin(), policy.checks.end(),
                     [&](const Check& check) { return check.rule->Metric() == metric; }) ||
         std::any_of(policy.choose.begin(), policy.choose.end(), [&](const ChooseKey& key) {
           return key.source == ChooseKey::Source::kMetric && key.key == metric;
         });
}

std::string PolicyDigest(const Policy& policy) { return Sha256Hex(RenderPolicy(policy)); }

}  // namespace cairn::promotion
