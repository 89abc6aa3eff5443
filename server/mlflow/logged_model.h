#ifndef CAIRN_SERVER_MLFLOW_LOGGED_MODEL_H_
#define CAIRN_SERVER_MLFLOW_LOGGED_MODEL_H_

#include <optional>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "lib/mlflow/stored_names.h"
#include "server/gateway/json_text.h"

namespace cairn::mlflow {

// How a run of kind LOGGED_MODEL looks to clients of MLflow 3, which log models beside their run:
//
//   model_id          m- and the run's uid
//   name              display_name
//   source_run_id     the uid of parent_run; if that run is not here, the tag mlflow.sourceRunId
//   status            PENDING, READY, UPLOAD_FAILED: RUNNING, SUCCEEDED, FAILED or KILLED
//   creation_timestamp_ms, last_updated_timestamp_ms   create_time, end_time if it has ended
//   artifact_uri      mlflow-artifacts:/<experiment>/models/<model_id>/artifacts
//   model_type        the tag mlflow.modelType; clients do not see these two tags
//   params, tags      the same
//   metrics           the latest point of each, by data set
//
// Pure functions.

// What clients keep there themselves: the versions that were registered from the model, as JSON.
inline constexpr std::string_view kModelVersionsTag = "mlflow.modelVersions";

// The id of the run that made the model; "" if none did.
std::string_view SourceRunIdOf(const v1::Run& model);

// "LOGGED_MODEL_READY"
std::string_view ModelStatusOf(v1::Run::State state);
// READY or UPLOAD_FAILED, the states that end an upload, by name or number of MLflow's.
std::optional<v1::Run::State> FinalStateOf(std::string_view status);

std::string ModelArtifactUriOf(const v1::Run& model);

// Writes a JSON object.
void WriteLoggedModel(const v1::Run& model, gateway::JsonText& json);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_LOGGED_MODEL_H_
