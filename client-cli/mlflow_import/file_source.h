#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_SOURCE_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_SOURCE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/mlflow_import/json_entities.h"
#include "client-cli/mlflow_import/source.h"

namespace cairn::mlflow_import {

// The folder in which MLflow keeps everything without a database, `mlruns`: of experiments and runs
// `meta.yaml`, a file for each parameter, tag and metric, and `artifacts`; below `models` what is
// registered. Nothing outside of the folder is read, whatever its files name: artifacts that are
// elsewhere cannot be had. It may have been moved since it was written.
//
// Somebody may write there meanwhile: what is read then is as good as a copy of the folder.
class FileSource final : public MlflowSource {
 public:
  // INVALID_ARGUMENT when the folder has no experiment in it, NOT_FOUND when there is none.
  static absl::StatusOr<std::unique_ptr<FileSource>> Open(const std::string& folder);

  const std::string& name() const override { return folder_; }
  absl::StatusOr<std::vector<SourceExperiment>> Experiments() override;
  absl::Status ForEachRun(const SourceExperiment& experiment,
                          const std::function<absl::Status(SourceRun)>& on_run) override;
  absl::Status ReadHistory(
      const std::string& run_id, const std::string& key,
      const std::function<absl::Status(const std::vector<Point>&)>& on_part) override;
  absl::Status ForEachModel(const SourceExperiment& experiment,
                            const std::function<absl::Status(SourceModel)>& on_model) override;
  absl::StatusOr<SourceModel> GetModel(const std::string& model_id) override;
  absl::StatusOr<SourceFiles> Files(const ArtifactPlace& place) override;
  absl::Status ReadFile(const ArtifactPlace& place, const std::string& path,
                        const std::function<absl::Status(std::string_view)>& sink) override;
  absl::StatusOr<std::vector<RegisteredModel>> RegisteredModels() override;
  absl::StatusOr<std::vector<SourceVersion>> Versions(const std::string& model) override;

 private:
  explicit FileSource(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<SourceRun> ReadRun(const std::string& experiment, const std::string& id) const;
  absl::Status ReadLinks(const std::string& experiment, const std::string& run,
                         SourceRun& into) const;
  absl::StatusOr<SourceModel> ReadModel(const std::string& directory, const std::string& id) const;
  // Of a run or a logged model; NOT_FOUND for one that was not listed.
  absl::StatusOr<std::string> DirectoryOf(const ArtifactPlace& place) const;

  const std::string folder_;
  std::map<std::string, std::string> experiments_;  // directories by id
  std::map<std::string, std::string> runs_;         // those of the last experiment
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_SOURCE_H_
