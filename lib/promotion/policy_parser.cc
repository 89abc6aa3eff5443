#include "lib/promotion/policy_parser.h"

#include <algorithm>
#include <array>
#include <set>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/check_kinds.h"
#include "lib/promotion/evidence_section.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/policy_texts.h"
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
