#ifndef CAIRN_SERVER_MLFLOW_LOGGED_MODEL_H_
#define CAIRN_SERVER_MLFLOW_LOGGED_MODEL_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/tracking.pb.h"
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

inline constexpr std::string_view kModelTypeTag = "mlflow.modelType";
inline constexpr std::string_view kSourceRunTag = "mlflow.sourceRunId";
// What clients keep there themselves: the versions that were registered from the model, as JSON.
inline constexpr std::string_view kModelVersionsTag = "mlflow.modelVersions";

// "m-" and 32 hexadecimal digits.
std::string ModelIdOf(std::string_view uid);
// The uid; nullopt for what is no such id.
std::optional<std::string> UidOfModelId(std::string_view model_id);

// The id of the run that made the model; "" if none did.
std::string_view SourceRunIdOf(const v1::Run& model);

// "LOGGED_MODEL_READY"
std::string_view ModelStatusOf(v1::Run::State state);
// READY or UPLOAD_FAILED, the states that end an upload, by name or number of MLflow's.
std::optional<v1::Run::State> FinalStateOf(std::string_view status);

// A metric of a model may be measured on a data set, of which a key of Cairn knows nothing. Such a
// point is kept twice: under its key, where the newest of all data sets is, and under one that
// names the data set. A key that would be too long is kept once.
struct ModelMetricKey {
  std::string key;
  std::string dataset_name;
  std::string dataset_digest;
};
// The second key; "" without a data set, and where it is too long.
std::string KeyOnDataset(const ModelMetricKey& metric);
// Both parts again; nullopt for the key of a metric without a data set.
std::optional<ModelMetricKey> MetricOnDataset(std::string_view key);

std::string ModelArtifactUriOf(const v1::Run& model);

// Writes a JSON object.
void WriteLoggedModel(const v1::Run& model, gateway::JsonText& json);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_LOGGED_MODEL_H_
