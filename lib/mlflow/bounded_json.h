#ifndef CAIRN_LIB_MLFLOW_BOUNDED_JSON_H_
#define CAIRN_LIB_MLFLOW_BOUNDED_JSON_H_

#include <string_view>

#include "nlohmann/json_fwd.hpp"

namespace cairn::mlflow {

// JSON nested deeper than this is refused.
inline constexpr int kMaxJsonNesting = 64;

// `text` as JSON; discarded (nlohmann's word) if it is none, or nested deeper than kMaxJsonNesting,
// so that whoever walks it by recursion is safe. Pure.
nlohmann::json ParseJson(std::string_view text);

}  // namespace cairn::mlflow

#endif  // CAIRN_LIB_MLFLOW_BOUNDED_JSON_H_
