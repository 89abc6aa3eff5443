#include "lib/promotion/policy_words.h"

#include <vector>

#include "lib/base/nearest.h"

namespace cairn::promotion {

absl::StatusOr<const MetricInfo*> ReadMetric(const YamlField& field, const MetricMap& declared) {
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

absl::Status ReadDirection(const YamlMap& map, const MetricInfo* metric, Direction& direction) {
  if (metric != nullptr && metric->direction) direction = *metric->direction;
  if (map.Find("direction") == nullptr && metric != nullptr && !metric->direction) {
    return map.Require("direction").status();
  }
  return ReadWord(map, "direction", kDirections, direction);
}

}  // namespace cairn::promotion
