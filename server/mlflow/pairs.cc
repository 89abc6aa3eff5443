#include "server/mlflow/pairs.h"

#include <utility>

#include "lib/mlflow/bounded_json.h"
#include "nlohmann/json.hpp"

namespace cairn::mlflow {

SortedPairs Sorted(const google::protobuf::Map<std::string, std::string>& pairs) {
  SortedPairs sorted;
  for (const auto& [key, value] : pairs) sorted[key] = value;
  return sorted;
}

void WritePairs(std::string_view name, const SortedPairs& pairs, gateway::JsonText& json) {
  if (pairs.empty()) return;
  json.Key(name).Begin('[');
  for (const auto& [key, value] : pairs) {
    json.Begin('{').Key("key").Text(key).Key("value").Text(value).End('}');
  }
  json.End(']');
}

nlohmann::json ListInTag(const v1::Run& run, const std::string& tag) {
  auto list = nlohmann::json::array();
  if (const auto kept = run.tags().find(tag); kept != run.tags().end()) {
    if (auto parsed = ParseJson(kept->second); parsed.is_array()) list = std::move(parsed);
  }
  return list;
}

}  // namespace cairn::mlflow
