#ifndef CAIRN_SERVER_MLFLOW_JSON_CALL_H_
#define CAIRN_SERVER_MLFLOW_JSON_CALL_H_

#include <optional>

#include "absl/status/status.h"
#include "lib/base/shared_budget.h"
#include "lib/http/message.h"
#include "server/mlflow/artifact_call.h"
#include "server/mlflow/request.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// The JSON of an ArtifactCall, for routes that need its head too; it may be as long as the list of
// all parts of an upload. Stays where it is, as its request refers to it; one thread at a time.
struct JsonCall {
  SharedCharge charge;  // for the body and what it is parsed to
  http::Request raw;
  std::optional<Request> request;  // once ReadJson returned OK
};

// Reads the body to its end and parses it, on the pool. Both outlive the task.
//   INVALID_PARAMETER_VALUE  it is no JSON, or has more than 8 MiB
//   RESOURCE_EXHAUSTED       there is no room for it now
//   errors of the exchange
Task<absl::Status> ReadJson(ArtifactCall& call, JsonCall& json);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_JSON_CALL_H_
