#include "lib/promotion/policy_words.h"

#include <vector>

#include "lib/base/nearest.h"

namespace cairn::promotion {

absl::StatusOr<const MetricInfo*> ReadAnyMetric(const YamlField& field, const MetricMap& declared) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ReadText(field));
  if (name.rfind("live.", 0) == 0) {
    return UnsupportedPolicy(field, "leave rules on live metrics out");
  }
  const MetricInfo* metric = FindMetric(name, declared);
  if (metric == nullptr) {
    std::vector<std::string_view> names;
    for (const MetricInfo& known : KnownMetrics()) names.push_back(known.name);
    for (const auto& [known, info] : declared) names.push_back(known);
    return InvalidPolicy(field,
                         "unknown metric: it is not built in and spec.metrics does not declare it",
                         Nearest(name, names));
  }
  return metric;
}

absl::StatusOr<const MetricInfo*> ReadMetric(const YamlField& field, const MetricMap& declared) {
  CAIRN_ASSIGN_OR_RETURN(const MetricInfo* metric, ReadAnyMetric(field, declared));
  if (metric->of_pair) {
    return InvalidPolicy(field,
                         "describes candidate and champion together; only a gate, or a guardrail "
                         "with pass or fail, may name it");
  }
  return metric;
}

absl::StatusOr<std::string> ReadParamKey(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(std::string key, ReadText(field));
  if (key.empty()) return InvalidPolicy(field, "must name a parameter");
  return key;
}

absl::Status ReadDirection(const YamlMap& map, const MetricInfo* metric, Direction& direction) {
  if (metric != nullptr && metric->direction) direction = *metric->direction;
  if (map.Find("direction") == nullptr && metric != nullptr && !metric->direction) {
    return map.Require("direction").status();
  }
  return ReadWord(map, "direction", kDirections, direction);
}

}  // namespace cairn::promotion
