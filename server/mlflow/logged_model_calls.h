#ifndef CAIRN_SERVER_MLFLOW_LOGGED_MODEL_CALLS_H_
#define CAIRN_SERVER_MLFLOW_LOGGED_MODEL_CALLS_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// Calls about logged models, which clients name by their id alone. Sessions outlive the tasks.

// RESOURCE_DOES_NOT_EXIST: "Logged model with ID 'm-…' not found."
absl::Status NoSuchLoggedModel(std::string_view model_id);

// The run that a logged model is. NoSuchLoggedModel for an id that is none, one that the caller may
// not see, a run that is no model, and, unless `show_deleted`, one that is deleted.
Task<absl::StatusOr<v1::Run>> GetLoggedModel(Session& session, std::string model_id,
                                             bool show_deleted = false);

// An error of a call about a model in MLflow's words: what is gone or deleted is not found.
absl::Status ErrorOfLoggedModel(const std::string& model_id, const absl::Status& error);

// What is to be logged to models, by their id; the run of each request is set here.
using ModelBatches = std::map<std::string, v1::LogBatchRequest>;

// What is done about a model that is not there. A metric of a run may name one, as in MLflow.
enum class MissingModels { kRefuse, kPassOver };

// Logs each batch in a commit of its own, in the order of the ids, until one fails.
Task<absl::Status> LogToModels(Session& session, ModelBatches batches, MissingModels missing);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_LOGGED_MODEL_CALLS_H_
