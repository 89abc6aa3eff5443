#include "lib/promotion/check_kinds.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/guardrail.h"
#include "lib/promotion/metric_gate.h"
#include "lib/promotion/objective.h"
#include "lib/promotion/param_gate.h"
#include "lib/promotion/policy_words.h"

namespace cairn::promotion {
namespace {

constexpr std::array<std::string_view, 3> kHeadFields = {"id", "onMissing", "mode"};

constexpr std::array<Unsupported, 2> kGatesLater = {
    {{"expr", "write metric or param with pass and fail"},
     {"severity", "use mode: shadow for rules that shall not count"}}};
constexpr std::array<Unsupported, 2> kComparisonsLater = {
    {{"test", "leave the test out and ask for a larger minEffect"},
     {"expr", "write metric with minEffect or maxLoss"}}};

template <typename T>
absl::StatusOr<std::shared_ptr<const Rule>> Parse(const YamlMap& check, const MetricMap& metrics) {
  CAIRN_ASSIGN_OR_RETURN(T rule, T::Read(check, metrics));
  return std::make_shared<const T>(std::move(rule));
}

template <typename T>
constexpr CheckKind Row(const CheckSection& section, std::string_view word) {
  return {&section, word, T::kFields, Parse<T>};
}

}  // namespace

const CheckSection kGates = {"gates", "gate", "", OnMissing::kFail, false, kGatesLater};
const CheckSection kComparisons = {"compare", "compare",        "role", OnMissing::kInconclusive,
                                   true,      kComparisonsLater};

std::span<const CheckKind> CheckKinds() {
  static const std::array kKinds = {
      Row<MetricGate>(kGates, "metric"),
      Row<ParamGate>(kGates, "param"),
      Row<Objective>(kComparisons, "objective"),
      Row<Guardrail>(kComparisons, "guardrail"),
  };
  return kKinds;
}

std::span<const CheckSection* const> CheckSections() {
  static constexpr std::array kSections = {&kGates, &kComparisons};
  return kSections;
}

namespace {

std::vector<const CheckKind*> KindsOf(const CheckSection& section) {
  std::vector<const CheckKind*> kinds;
  for (const CheckKind& kind : CheckKinds()) {
    if (kind.section == &section) kinds.push_back(&kind);
  }
  return kinds;
}

// Every field that some kind of the section knows.
std::vector<std::string_view> FieldsOf(const std::vector<const CheckKind*>& kinds) {
  std::vector<std::string_view> fields(kHeadFields.begin(), kHeadFields.end());
  const std::string_view selector = kinds.front()->section->selector;
  if (!selector.empty()) fields.push_back(selector);
  for (const CheckKind* kind : kinds) {
    for (const std::string_view field : kind->fields) {
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
    }
  }
  return fields;
}

absl::StatusOr<const CheckKind*> KindOf(const CheckSection& section,
                                        const std::vector<const CheckKind*>& kinds,
                                        const YamlMap& map) {
  std::vector<std::string_view> words;
  for (const CheckKind* kind : kinds) words.push_back(kind->word);
  if (!section.selector.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const YamlField selector, map.Require(section.selector));
    CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(selector, words));
    return kinds[index];
  }
  std::vector<const CheckKind*> named;
  std::copy_if(kinds.begin(), kinds.end(), std::back_inserter(named),
               [&](const CheckKind* kind) { return map.Find(kind->word) != nullptr; });
  if (named.size() == 1) return named.front();
  return InvalidPolicy(map.self(),
                       fmt::format("must have exactly one of {}", fmt::join(words, ", ")));
}

bool Has(const CheckKind& kind, std::string_view field) {
  return std::find(kind.fields.begin(), kind.fields.end(), field) != kind.fields.end();
}

// A field that only other kinds of the section have.
absl::Status RefuseForeignFields(const std::vector<const CheckKind*>& kinds, const CheckKind& kind,
                                 const YamlMap& map) {
  for (const CheckKind* other : kinds) {
    for (const std::string_view field : other->fields) {
      const YamlField* found = map.Find(field);
      if (found == nullptr || Has(kind, field)) continue;
      return InvalidPolicy(
          *found, fmt::format("is a field of {}, not of {}, which has {}", other->word, kind.word,
                              fmt::join(kind.fields, ", ")));
    }
  }
  return absl::OkStatus();
}

// Checks are named in decisions, so their ids are plain words.
absl::StatusOr<std::string> ReadId(const YamlMap& map) {
  CAIRN_ASSIGN_OR_RETURN(const YamlField field, map.Require("id"));
  CAIRN_ASSIGN_OR_RETURN(std::string id, ReadText(field));
  const bool plain =
      id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!plain || id.empty() || id.size() > 63 || id.front() == '-') {
    return InvalidPolicy(field, "must be 1 to 63 lower-case letters, digits and '-'");
  }
  return id;
}

}  // namespace

absl::StatusOr<Check> ReadCheck(const CheckSection& section, const YamlField& item,
                                const MetricMap& metrics) {
  const std::vector<const CheckKind*> kinds = KindsOf(section);
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map,
                         YamlMap::Open(item, FieldsOf(kinds), section.unsupported));
  Check check;
  check.head.position = item.node->position;
  check.head.on_missing = section.on_missing;
  CAIRN_ASSIGN_OR_RETURN(check.head.id, ReadId(map));
  CAIRN_ASSIGN_OR_RETURN(check.kind, KindOf(section, kinds, map));
  CAIRN_RETURN_IF_ERROR(RefuseForeignFields(kinds, *check.kind, map));
  CAIRN_ASSIGN_OR_RETURN(check.rule, check.kind->parse(map, metrics));
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "onMissing", kOnMissing, check.head.on_missing));
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "mode", kCheckModes, check.head.mode));
  return check;
}

void RenderCheck(const Check& check, std::string& out) {
  YamlLines lines(out, 4, true);
  lines.Add("id", QuotedYaml(check.head.id));
  const std::string_view selector = check.kind->section->selector;
  if (!selector.empty()) lines.Add(selector, check.kind->word);
  check.rule->Render(lines);
  lines.Add("onMissing", WordOf(kOnMissing, check.head.on_missing));
  lines.Add("mode", WordOf(kCheckModes, check.head.mode));
}

}  // namespace cairn::promotion
