#include <cmath>
#include <string>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "lib/promotion/check_kinds.h"
#include "lib/promotion/limits.h"
#include "lib/promotion/policy_parser.h"
#include "lib/promotion/policy_words.h"
#include "lib/promotion/yaml_lines.h"

namespace cairn::promotion {
namespace {

template <typename Enum, size_t kCount>
std::string Words(const std::vector<Enum>& values,
                  const std::array<std::string_view, kCount>& words) {
  std::vector<std::string_view> out;
  for (const Enum value : values) out.push_back(WordOf(words, value));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

void RenderChecks(const Policy& policy, std::string& out) {
  for (const CheckSection* section : CheckSections()) {
    std::string items;
    for (const Check& check : policy.checks) {
      if (check.kind->section == section) RenderCheck(check, items);
    }
    YamlLines(out, 2).Add(section->field, items.empty() ? "[]" : "");
    out += items;
  }
}

std::string DatasetText(const Policy& policy) {
  return policy.evidence_version.empty()
             ? policy.evidence_dataset
             : fmt::format("{}@{}", policy.evidence_dataset, policy.evidence_version);
}

void RenderMetrics(const Policy& policy, std::string& out) {
  if (policy.metrics.empty()) return;
  YamlLines(out, 2).Add("metrics", "");
  for (const auto& [name, metric] : policy.metrics) {
    YamlLines(out, 4).Add(QuotedYaml(name), "");
    YamlLines lines(out, 6);
    lines.Add("direction", metric.direction ? WordOf(kDirections, *metric.direction) : "none");
    if (std::isfinite(metric.min)) lines.Add("min", ShortestDouble(metric.min));
    if (std::isfinite(metric.max)) lines.Add("max", ShortestDouble(metric.max));
    lines.Add("unit", QuotedYaml(metric.unit));
  }
}

void RenderChoose(const Policy& policy, std::string& out) {
  YamlLines(out, 2).Add("choose", "");
  YamlLines(out, 4).Add("order", "");
  for (const ChooseKey& key : policy.choose) RenderChooseKey(key, out);
}

}  // namespace

std::string RenderPolicy(const Policy& policy) {
  std::string out = "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata:\n";
  YamlLines(out, 2).Add("name", QuotedYaml(policy.name));
  YamlLines(out, 2).Add("annotations", policy.annotations.empty() ? "{}" : "");
  for (const auto& [key, value] : policy.annotations)
    YamlLines(out, 4).Add(QuotedYaml(key), QuotedYaml(value));
  out += "spec:\n  target:\n";
  YamlLines(out, 4).Add("model", QuotedYaml(policy.model));
  YamlLines(out, 4).Add("channel", QuotedYaml(policy.channel));
  YamlLines(out, 2).Add("mode", WordOf(kPolicyModes, policy.mode));
  out += "  candidates:\n    state: READY\n";
  YamlLines(out, 4).Add("max", std::to_string(policy.max_candidates));
  // Like `metrics` only where there is one: digests of policies without it stay what they were.
  if (!policy.where.empty()) YamlLines(out, 4).Add("where", QuotedYaml(WhereText(policy.where)));
  RenderMetrics(policy, out);
  out += "  evidence:\n";
  YamlLines(out, 4).Add("dataset", QuotedYaml(DatasetText(policy)));
  YamlLines(out, 4).Add("trust", WordOf(kTrust, policy.trust));
  // Nor where it is the default: what it measures is what a rule on it needs.
  if (policy.repeats != 0 && policy.repeats != kDefaultRepeats) {
    YamlLines(out, 4).Add("repeats", fmt::format("{{min: {}}}", policy.repeats));
  }
  YamlLines(out, 4).Add("requireLineage", Words(policy.require_lineage, kLineage));
  out += "  baseline:\n";
  YamlLines(out, 4).Add("use", WordOf(kBaselineUses, policy.baseline));
  YamlLines(out, 4).Add("ifAbsent", WordOf(kIfAbsent, policy.if_absent));
  YamlLines(out, 4).Add("comparableOn", Words(policy.comparable_on, kComparableKeys));
  YamlLines(out, 4).Add("ifIncomparable", WordOf(kIfIncomparable, policy.if_incomparable));
  RenderChecks(policy, out);
  RenderChoose(policy, out);
  return out;
}

}  // namespace cairn::promotion
