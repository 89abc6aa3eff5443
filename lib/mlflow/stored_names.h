#ifndef CAIRN_LIB_MLFLOW_STORED_NAMES_H_
#define CAIRN_LIB_MLFLOW_STORED_NAMES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::mlflow {

// By which names Cairn keeps what MLflow has fields for and Cairn has not. The routes that MLflow's
// clients call and the import of an installation write the same, so that a client sees no
// difference. All of it is stored: nothing here is ever given another meaning. docs/mlflow.md says
// what it is for. Pure.

// Of runs; its value is their display name, and it is not kept as a tag.
inline constexpr std::string_view kRunNameTag = "mlflow.runName";

// Of runs that are logged models: what kind of model, and the run that made it where that is no run
// of this server.
inline constexpr std::string_view kModelTypeTag = "mlflow.modelType";
inline constexpr std::string_view kSourceRunTag = "mlflow.sourceRunId";

// Of model versions. Clients neither see nor set them.
inline constexpr std::string_view kStageTag = "mlflow.stage";
inline constexpr std::string_view kSourceTag = "mlflow.source";
inline constexpr std::string_view kStorageTag = "mlflow.storageLocation";  // if not the source
inline constexpr std::string_view kNamedRunTag = "mlflow.namedRun";        // if not the version's
inline constexpr std::string_view kRunLinkTag = "mlflow.runLink";
// Followed by 0, 1, …: the text of a prompt, in pieces of at most 5,000 bytes, if it is longer.
inline constexpr std::string_view kPromptPiecePrefix = "mlflow.promptText.";

// "m-" and the uid of the run that a logged model is.
std::string ModelIdOf(std::string_view uid);
// The uid, 32 lower-case hexadecimal digits; nullopt for what is no such id.
std::optional<std::string> UidOfModelId(std::string_view model_id);

// A metric of a model may be measured on a data set, of which a key of Cairn knows nothing. Such a
// point is kept twice: under its key, where the newest of all data sets is, and under one that
// names the data set. A key that would be too long is kept once.
struct ModelMetricKey {
  std::string key;
  std::string dataset_name;
  std::string dataset_digest;
};
inline constexpr std::size_t kMaxMetricKeyBytes = 250;
// The second key; "" without a data set, and where it is too long.
std::string KeyOnDataset(const ModelMetricKey& metric);
// Both parts again; nullopt for the key of a metric without a data set.
std::optional<ModelMetricKey> MetricOnDataset(std::string_view key);

}  // namespace cairn::mlflow

#endif  // CAIRN_LIB_MLFLOW_STORED_NAMES_H_
