#include "lib/promotion/choose_key.h"

#include <array>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_words.h"
#include "lib/promotion/yaml_lines.h"

namespace cairn::promotion {

absl::StatusOr<ChooseKey> ReadChooseKey(const YamlField& field, const MetricMap& metrics) {
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
    CAIRN_ASSIGN_OR_RETURN(info, ReadMetric(*metric, metrics));
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

void RenderChooseKey(const ChooseKey& key, std::string& out) {
  YamlLines lines(out, 6, true);
  if (key.source == ChooseKey::Source::kVersion) {
    lines.Add("field", "version");
  } else {
    lines.Add(key.source == ChooseKey::Source::kMetric ? "metric" : "param", QuotedYaml(key.key));
  }
  lines.Add("direction", WordOf(kDirections, key.direction));
  if (key.source != ChooseKey::Source::kVersion) lines.Add("bucket", ShortestDouble(key.bucket));
}

}  // namespace cairn::promotion
