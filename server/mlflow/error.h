#ifndef CAIRN_SERVER_MLFLOW_ERROR_H_
#define CAIRN_SERVER_MLFLOW_ERROR_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/http/message.h"

namespace cairn::mlflow {

// What MLflow's clients read of an error: {"error_code": …, "message": …} with the HTTP status that
// belongs to the code. The client tries again for minutes on 408, 429 and from 500 on, so nothing
// that would fail again has such a status.

// The codes this gateway gives by itself.
inline constexpr std::string_view kInvalidParameter = "INVALID_PARAMETER_VALUE";  // 400
inline constexpr std::string_view kBadRequest = "BAD_REQUEST";                    // 400
inline constexpr std::string_view kAlreadyExists = "RESOURCE_ALREADY_EXISTS";     // 400
inline constexpr std::string_view kDenied = "PERMISSION_DENIED";                  // 403
inline constexpr std::string_view kNotExists = "RESOURCE_DOES_NOT_EXIST";         // 404
inline constexpr std::string_view kNoEndpoint = "ENDPOINT_NOT_FOUND";             // 404
inline constexpr std::string_view kBusy = "RESOURCE_EXHAUSTED";         // 429, again later
inline constexpr std::string_view kNotImplemented = "NOT_IMPLEMENTED";  // 501

// An error with a code of MLflow, where what the server's own reason says would become another one
// or another text. Passes through any function that hands on a status.
absl::Status Refuse(std::string_view code, std::string_view message);

// "Missing value for required parameter 'metrics[0].key'. …"
absl::Status MissingValue(std::string_view path);

// "Invalid value 5 for parameter 'key' supplied…"; `json` is the value as JSON, shortened here.
absl::Status InvalidValue(std::string_view json, std::string_view path, std::string_view rule = "");
// The same of a text, which is shown as JSON.
absl::Status InvalidText(std::string_view text, std::string_view path, std::string_view rule);

// The code of any status: that of Refuse, or the one next to what the server said.
std::string ErrorCodeOf(const absl::Status& error);

// The HTTP status of a code.
int HttpStatusOf(std::string_view error_code);

// The whole answer. REQUIRES: !error.ok()
http::Response ErrorAnswer(const absl::Status& error);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ERROR_H_
