#ifndef CAIRN_SERVER_MLFLOW_RUN_RENAME_H_
#define CAIRN_SERVER_MLFLOW_RUN_RENAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// Gives the run of this resource name another display name, which MLflow has as a field and as a
// tag. Errors are those of UpdateRun; Session::ErrorOfRun says them in MLflow's words.
Task<absl::StatusOr<v1::Run>> RenameRun(Session& session, const std::string& run,
                                        const std::string& display_name);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_RENAME_H_
