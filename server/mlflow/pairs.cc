#include "server/mlflow/pairs.h"

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

}  // namespace cairn::mlflow
