#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_JSON_ENTITIES_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_JSON_ENTITIES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/mlflow_import/source.h"
#include "nlohmann/json.hpp"

namespace cairn::mlflow_import {

// MLflow's entities from the JSON that its REST API answers. What is not there, or is of another
// type, is empty: the shape differs from version to version. Numbers may be texts, as in all JSON
// of protobuf; NaN and the infinities always are. Pure functions.

using Json = nlohmann::json;

// A JSON object. DATA_LOSS (DATA_MALFORMED) for what is none or is nested deeper than
// mlflow::kMaxJsonNesting;
// `what` names it.
absl::StatusOr<Json> ParseObject(std::string_view what, std::string_view text);

// Members of an object, "" or 0 where they are not.
std::string TextOf(const Json& object, const char* name);
std::optional<int64_t> IntOf(const Json& object, const char* name);
double DoubleOf(const Json& object, const char* name);
bool FlagOf(const Json& object, const char* name);
// A member that is an array, or an empty one.
const Json& ItemsOf(const Json& object, const char* name);
// A member that is an object, or an empty one.
const Json& ObjectOf(const Json& object, const char* name);

SourceExperiment ExperimentOf(const Json& experiment);
SourceRun RunOf(const Json& run);
SourceModel LoggedModelOf(const Json& model);
RegisteredModel RegisteredModelOf(const Json& model);
SourceVersion VersionOf(const Json& version);
Point PointOf(const Json& metric);

// A data set that a run read, as the tag in which Cairn keeps it (lib/mlflow/stored_inputs.h).
std::pair<std::string, std::string> InputTagOf(const Json& dataset_input);
// The key of the tag for a logged model that a run read.
std::string ModelInputTagOf(const std::string& model_id);

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_JSON_ENTITIES_H_
