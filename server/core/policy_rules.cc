#include "server/core/policy_rules.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"
#include "server/core/metric_registry.h"

namespace cairn::core {
namespace {

constexpr std::string_view kConditionHelp =
    "must be a condition such as \">= 0.2\", \"< 3\", \"== 4\" or \"3..8\"";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> ParseFinite(std::string_view text) {
  text = Trim(text);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value == 0 ? 0.0 : value;
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<Interval> BetweenOf(std::string_view low, std::string_view high) {
  const auto from = ParseFinite(low);
  const auto to = ParseFinite(high);
  if (!from || !to) return std::nullopt;
  Interval interval;
  interval.low = *from;
  interval.high = *to;
  return interval;
}

std::optional<Interval> ParseCondition(std::string_view text) {
  text = Trim(text);
  if (TakePrefix(text, "between ")) {
    const size_t middle = text.find(" and ");
    if (middle == std::string_view::npos) return std::nullopt;
    return BetweenOf(text.substr(0, middle), text.substr(middle + 5));
  }
  if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
    return BetweenOf(text.substr(0, dots), text.substr(dots + 2));
  }
  Interval interval;
  const bool equal = TakePrefix(text, "==");
  const bool greater = !equal && TakePrefix(text, ">");
  const bool less = !equal && !greater && TakePrefix(text, "<");
  if (!equal && !greater && !less) return std::nullopt;
  const bool included = equal || TakePrefix(text, "=");
  const auto bound = ParseFinite(text);
  if (!bound) return std::nullopt;
  if (equal || greater) {
    interval.low = *bound;
    interval.low_included = included;
  }
  if (equal || less) {
    interval.high = *bound;
    interval.high_included = included;
  }
  return interval;
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

template <typename Enum, size_t kCount>
absl::Status ReadWord(const YamlMap& map, std::string_view name,
                      const std::array<std::string_view, kCount>& words, Enum& value) {
  const YamlField* field = map.Find(name);
  if (field == nullptr) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const size_t index, ReadChoice(*field, words));
  value = static_cast<Enum>(index);
  return absl::OkStatus();
}

absl::StatusOr<const MetricInfo*> ReadMetric(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ReadText(field));
  if (name.rfind("live.", 0) == 0) {
    return UnsupportedPolicy(field, "leave rules on live metrics out");
  }
  const MetricInfo* metric = FindMetric(name);
  if (metric == nullptr) {
    std::vector<std::string_view> names;
    for (const MetricInfo& known : KnownMetrics()) names.push_back(known.name);
    return InvalidPolicy(field, "unknown metric", Nearest(name, names));
  }
  if (metric->needs_server) {
    return UnsupportedPolicy(field, "leave rules on metrics that compare two models' labels out");
  }
  return metric;
}

absl::StatusOr<std::string> ReadParamKey(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(std::string key, ReadText(field));
  if (key.empty()) return InvalidPolicy(field, "must name a parameter");
  return key;
}

absl::Status ReadBands(const YamlMap& map, std::optional<Interval>& pass,
                       std::optional<Interval>& fail) {
  for (const auto& [name, band] : {std::pair{"pass", &pass}, std::pair{"fail", &fail}}) {
    if (const YamlField* field = map.Find(name)) {
      CAIRN_ASSIGN_OR_RETURN(*band, ReadInterval(*field));
    }
  }
  if (pass && fail && !pass->Intersect(*fail).Empty()) {
    return InvalidPolicy(*map.Find("fail"), fmt::format("overlaps with pass: {} and {}",
                                                        fail->ToString(), pass->ToString()));
  }
  return absl::OkStatus();
}

// A band that no value of the metric can reach is a slip of the pen.
absl::Status CheckReach(const YamlMap& map, const Gate& gate, const MetricInfo& metric) {
  Interval range;
  range.low = metric.min;
  range.high = metric.max;
  for (const auto& [name, band] : {std::pair{"pass", gate.pass}, std::pair{"fail", gate.fail}}) {
    if (band && band->Intersect(range).Empty()) {
      return InvalidPolicy(*map.Find(name), fmt::format("{} lies in {} and never {}", gate.key,
                                                        range.ToString(), band->ToString()));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadDirection(const YamlMap& map, const MetricInfo* metric, Direction& direction) {
  if (metric != nullptr && metric->direction) direction = *metric->direction;
  if (map.Find("direction") == nullptr && metric != nullptr && !metric->direction) {
    return map.Require("direction").status();
  }
  return ReadWord(map, "direction", kDirections, direction);
}

absl::StatusOr<Amount> ReadAmount(const YamlField& field) {
  static constexpr std::array<std::string_view, 2> kKinds = {"absolute", "relative"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKinds));
  const YamlField* absolute = map.Find("absolute");
  const YamlField* relative = map.Find("relative");
  if ((absolute == nullptr) == (relative == nullptr)) {
    return InvalidPolicy(field, "must have exactly one of absolute, relative");
  }
  const YamlField& given = relative != nullptr ? *relative : *absolute;
  CAIRN_ASSIGN_OR_RETURN(const double value, ReadNumber(given));
  if (value < 0) return InvalidPolicy(given, "must not be negative");
  return Amount{value, relative != nullptr};
}

// The one condition there is: "param('k') == champion.param('k')".
absl::StatusOr<std::string> ReadWhen(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadText(field));
  std::string compact;
  bool quoted = false;
  for (const char c : text) {
    if (c == '\'') quoted = !quoted;
    if (c != ' ' || quoted) compact += c;
  }
  std::string_view rest = compact;
  if (TakePrefix(rest, "param('")) {
    const std::string key(rest.substr(0, rest.find('\'')));
    if (!key.empty() && rest == fmt::format("{0}')==champion.param('{0}')", key)) return key;
  }
  return UnsupportedPolicy(field,
                           "the only condition is that a parameter is equal: "
                           "\"param('k') == champion.param('k')\"");
}

absl::Status ReadAmounts(const YamlMap& map, Comparison& rule) {
  const bool objective = rule.role == Comparison::Role::kObjective;
  const YamlField* mine = map.Find(objective ? "minEffect" : "maxLoss");
  if (const YamlField* other = map.Find(objective ? "maxLoss" : "minEffect")) {
    return InvalidPolicy(*other, objective ? "an objective has minEffect, not maxLoss"
                                           : "a guardrail has maxLoss, not minEffect");
  }
  const bool band = rule.pass || rule.fail;
  if (band && (objective || mine != nullptr)) {
    return InvalidPolicy(*map.Find(rule.pass ? "pass" : "fail"),
                         "only a guardrail without maxLoss has bands");
  }
  if (mine != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(rule.amount, ReadAmount(*mine));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Interval> ReadInterval(const YamlField& field) {
  if (field.node->kind == YamlNode::Kind::kSequence) {
    CAIRN_ASSIGN_OR_RETURN(const auto items, ReadSequence(field));
    if (items.empty()) return InvalidPolicy(field, kConditionHelp);
    Interval all;
    for (const YamlField& item : items) {
      if (item.node->kind == YamlNode::Kind::kSequence) return InvalidPolicy(item, kConditionHelp);
      CAIRN_ASSIGN_OR_RETURN(const Interval one, ReadInterval(item));
      all = all.Intersect(one);
    }
    if (all.Empty()) return InvalidPolicy(field, "no number satisfies all of it");
    return all;
  }
  if (field.node->kind != YamlNode::Kind::kScalar) return InvalidPolicy(field, kConditionHelp);
  const auto interval = ParseCondition(field.node->text);
  if (!interval) return InvalidPolicy(field, kConditionHelp);
  if (interval->Empty()) return InvalidPolicy(field, "no number satisfies it");
  return *interval;
}

absl::StatusOr<Gate> ReadGate(const YamlField& field) {
  static constexpr std::array<std::string_view, 7> kKnown = {"id",   "metric",    "param", "pass",
                                                             "fail", "onMissing", "mode"};
  static constexpr std::array<Unsupported, 2> kLater = {
      {{"expr", "write metric or param with pass and fail"},
       {"severity", "use mode: shadow for rules that shall not count"}}};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown, kLater));
  Gate gate;
  gate.position = field.node->position;
  CAIRN_ASSIGN_OR_RETURN(gate.id, ReadId(map));
  const YamlField* metric = map.Find("metric");
  const YamlField* param = map.Find("param");
  if ((metric == nullptr) == (param == nullptr)) {
    return InvalidPolicy(field, "must have exactly one of metric, param");
  }
  CAIRN_RETURN_IF_ERROR(ReadBands(map, gate.pass, gate.fail));
  if (!gate.pass && !gate.fail) return InvalidPolicy(field, "must have pass, fail or both");
  if (metric != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(const MetricInfo* info, ReadMetric(*metric));
    gate.key = std::string(info->name);
    CAIRN_RETURN_IF_ERROR(CheckReach(map, gate, *info));
  } else {
    gate.source = Gate::Source::kParam;
    CAIRN_ASSIGN_OR_RETURN(gate.key, ReadParamKey(*param));
  }
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "onMissing", kOnMissing, gate.on_missing));
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "mode", kCheckModes, gate.mode));
  return gate;
}

absl::StatusOr<Comparison> ReadComparison(const YamlField& field) {
  static constexpr std::array<std::string_view, 11> kKnown = {
      "id",   "role", "metric", "direction", "minEffect", "maxLoss",
      "pass", "fail", "when",   "onMissing", "mode"};
  static constexpr std::array<Unsupported, 2> kLater = {
      {{"test", "leave the test out and ask for a larger minEffect"},
       {"expr", "write metric with minEffect or maxLoss"}}};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown, kLater));
  Comparison rule;
  rule.position = field.node->position;
  CAIRN_ASSIGN_OR_RETURN(rule.id, ReadId(map));
  CAIRN_RETURN_IF_ERROR(map.Require("role").status());
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "role", kRoles, rule.role));
  CAIRN_ASSIGN_OR_RETURN(const YamlField metric, map.Require("metric"));
  CAIRN_ASSIGN_OR_RETURN(const MetricInfo* info, ReadMetric(metric));
  rule.metric = std::string(info->name);
  CAIRN_RETURN_IF_ERROR(ReadDirection(map, info, rule.direction));
  CAIRN_RETURN_IF_ERROR(ReadBands(map, rule.pass, rule.fail));
  CAIRN_RETURN_IF_ERROR(ReadAmounts(map, rule));
  if (const YamlField* when = map.Find("when")) {
    CAIRN_ASSIGN_OR_RETURN(rule.equal_param, ReadWhen(*when));
  }
  if (info->depends_on_k && rule.equal_param.empty()) {
    return InvalidPolicy(metric,
                         fmt::format("{} changes with the number of clusters by itself; add "
                                     "when: \"param('k') == champion.param('k')\"",
                                     rule.metric));
  }
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "onMissing", kOnMissing, rule.on_missing));
  CAIRN_RETURN_IF_ERROR(ReadWord(map, "mode", kCheckModes, rule.mode));
  return rule;
}

absl::StatusOr<ChooseKey> ReadChooseKey(const YamlField& field) {
  static constexpr std::array<std::string_view, 5> kKnown = {"metric", "param", "field",
                                                             "direction", "bucket"};
  static constexpr std::array<std::string_view, 1> kFields = {"version"};
  CAIRN_ASSIGN_OR_RETURN(const YamlMap map, YamlMap::Open(field, kKnown));
  const YamlField* metric = map.Find("metric");
  const YamlField* param = map.Find("param");
  const YamlField* plain = map.Find("field");
  if ((metric != nullptr) + (param != nullptr) + (plain != nullptr) != 1) {
    return InvalidPolicy(field, "must have exactly one of metric, param, field");
  }
  ChooseKey key;
  const MetricInfo* info = nullptr;
  if (metric != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(info, ReadMetric(*metric));
    if (info->depends_on_k) {
      return InvalidPolicy(*metric, fmt::format("{} does not rank models: it changes with the "
                                                "number of clusters by itself",
                                                info->name));
    }
    key.key = std::string(info->name);
  } else if (param != nullptr) {
    key.source = ChooseKey::Source::kParam;
    CAIRN_ASSIGN_OR_RETURN(key.key, ReadParamKey(*param));
    CAIRN_RETURN_IF_ERROR(map.Require("direction").status());
  } else {
    key.source = ChooseKey::Source::kVersion;
    key.direction = Direction::kLower;
    CAIRN_RETURN_IF_ERROR(ReadChoice(*plain, kFields).status());
  }
  CAIRN_RETURN_IF_ERROR(ReadDirection(map, info, key.direction));
  if (const YamlField* bucket = map.Find("bucket")) {
    if (plain != nullptr) return InvalidPolicy(*bucket, "a version has no buckets");
    CAIRN_ASSIGN_OR_RETURN(key.bucket, ReadNumber(*bucket));
    if (key.bucket < 0) return InvalidPolicy(*bucket, "must not be negative");
  }
  return key;
}

}  // namespace cairn::core
