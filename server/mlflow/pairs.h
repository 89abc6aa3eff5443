#ifndef CAIRN_SERVER_MLFLOW_PAIRS_H_
#define CAIRN_SERVER_MLFLOW_PAIRS_H_

#include <map>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/map.h"
#include "nlohmann/json_fwd.hpp"
#include "server/gateway/json_text.h"

namespace cairn::mlflow {

// Tags and parameters as MLflow lists them: by key. Views of what they are made from.
using SortedPairs = std::map<std::string_view, std::string_view>;

SortedPairs Sorted(const google::protobuf::Map<std::string, std::string>& pairs);

// The member `name` of an object, a list of {key, value}; left out when it is empty.
void WritePairs(std::string_view name, const SortedPairs& pairs, gateway::JsonText& json);

// The JSON list that a tag of a run holds, as clients keep some; an empty one without the tag, and
// for what is no list.
nlohmann::json ListInTag(const v1::Run& run, const std::string& tag);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_PAIRS_H_
