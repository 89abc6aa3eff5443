#ifndef CAIRN_SERVER_MLFLOW_MODEL_SOURCE_H_
#define CAIRN_SERVER_MLFLOW_MODEL_SOURCE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::mlflow {

// What a client says that a model version is to be registered from. Only what this server holds
// itself can be: a version of Cairn is its files. Nothing is ever fetched from anywhere.
struct ModelSource {
  enum class Kind {
    kRun,  // artifacts of a run: runs:/RUN/PATH, mlflow-artifacts:/EXPERIMENT/RUN/artifacts/PATH
    kVersion,  // another version: models:/NAME/NUMBER, models:/NAME@ALIAS
    // models:/m-ID, mlflow-artifacts:/EXPERIMENT/models/m-ID/artifacts/PATH
    kLoggedModel,
  };

  Kind kind = Kind::kRun;
  std::string run_id;
  std::string model_id;       // of a logged model
  std::string experiment_id;  // "" if the text does not name it
  std::string path;           // below the artifacts of either; "" is all of them
  std::string version_name;   // the resource name of the version, or of the alias
};

// INVALID_PARAMETER_VALUE, in the words that clients look for: a path of a machine, one with `..`,
// or a place that this server does not hold. Pure.
absl::StatusOr<ModelSource> ParseModelSource(std::string_view text);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_MODEL_SOURCE_H_
