#ifndef CAIRN_LIB_MLFLOW_STORED_INPUTS_H_
#define CAIRN_LIB_MLFLOW_STORED_INPUTS_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

namespace cairn::mlflow {

// How Cairn keeps what MLflow says that a run read: in tags of the run, one for each data set and
// one for each logged model. Stored, so nothing here is ever given another meaning. Pure.

// Before the id of a data set; the value is its JSON:
// {"dataset": {some of kDatasetFields}, "tags": [{"key": …, "value": …}]}.
inline constexpr std::string_view kInputTagPrefix = "mlflow.input.";
// Before the id of a logged model that the run read; such a tag has no value.
inline constexpr std::string_view kModelInputTagPrefix = "mlflow.modelInput.";

// Texts; those that are empty are left out.
inline constexpr std::array kDatasetFields = {"name",   "digest", "source_type",
                                              "source", "schema", "profile"};

// The key of a data set's tag: its id comes from name and digest, so what is logged again stands at
// its place.
std::string InputTagKey(std::string_view name, std::string_view digest);

// The tag's value. Profile and then schema, which may be long, are left out where the text would
// have more than `max_bytes`; it may have more without them too. Bytes that are no UTF-8 are
// replaced.
std::string InputTagValue(nlohmann::json input, std::size_t max_bytes);

}  // namespace cairn::mlflow

#endif  // CAIRN_LIB_MLFLOW_STORED_INPUTS_H_
