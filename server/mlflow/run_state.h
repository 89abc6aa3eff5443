#ifndef CAIRN_SERVER_MLFLOW_RUN_STATE_H_
#define CAIRN_SERVER_MLFLOW_RUN_STATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// The life of runs, and of the runs that logged models are, as MLflow has it.

// Ends the run, or takes it back, as its new state says. A run that ended otherwise is taken back
// first, because MLflow lets a status be corrected. Without `end_time`, in milliseconds since 1970,
// it ends now. Errors are those of ResumeRun and FinishRun.
Task<absl::StatusOr<v1::Run>> ChangeRunState(Session& session, v1::Run run, v1::Run::State state,
                                             std::optional<int64_t> end_time);

// An error of CreateRun about the experiment, by its id, in MLflow's words; others as they are.
absl::Status ErrorOfNewRun(const std::string& experiment_id, const absl::Status& error);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_STATE_H_
