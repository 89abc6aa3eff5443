#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_VERSION_SOURCE_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_VERSION_SOURCE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::mlflow_import {

// What the source of a model version names. Value type.
struct VersionSource {
  enum class Kind {
    kUnknown,  // a place that is of no run: its files cannot be had
    kRun,      // artifacts of the run `id` at and below `path`
    kModel,    // files of the logged model `id` at and below `path`
    kVersion,  // those of version `number` of the registered model `id`
  };

  Kind kind = Kind::kUnknown;
  std::string id;
  std::string path;
  int64_t number = 0;
};

// Reads `runs:/RUN/PATH`, `models:/m-ID`, `models:/NAME/N`, and the places in which MLflow keeps
// artifacts, whatever stands before them: `…/RUN/artifacts/PATH` and `…/models/m-ID/artifacts/PATH`
// (a folder, `mlflow-artifacts:`, `s3:`). A path with `..` in it is unknown. Pure.
VersionSource ParseVersionSource(std::string_view text);

// The same place as the Cairn server names it: `mlflow-artifacts:/7/RUN/artifacts/PATH`, for the
// experiment's number in Cairn. Sources that begin with `runs:` and `models:` say the same on both
// sides and stay.
std::string SourceInCairn(std::string_view text, const VersionSource& source,
                          std::string_view experiment_number);

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_VERSION_SOURCE_H_
