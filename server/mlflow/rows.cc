#include "server/mlflow/rows.h"

#include <string>

#include "fmt/format.h"
#include "lib/base/errors.h"

namespace cairn::mlflow {
namespace {

// Looks up rows one after the other, and keeps the first that is not there.
class Finder {
 public:
  explicit Finder(const service::MethodTable& methods) : methods_(methods) {}

  template <typename RequestType, typename ResponseType>
  void operator()(const std::string& service, const std::string& name,
                  Row<RequestType, ResponseType>& row) {
    const std::string path = fmt::format("cairn.v1.{}/{}", service, name);
    row.method = methods_.Find(path);
    const bool fits = row.method != nullptr &&
                      row.method->descriptor->input_type() == RequestType::descriptor() &&
                      row.method->descriptor->output_type() == ResponseType::descriptor();
    if (fits || !status_.ok()) return;
    status_ = Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
                    fmt::format("the method {} that the MLflow routes call is not there", path));
  }

  const absl::Status& status() const { return status_; }

 private:
  const service::MethodTable& methods_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Rows> Rows::Find(const service::MethodTable& methods) {
  Rows rows;
  Finder find(methods);
  const std::string tracking = "TrackingService";
  find(tracking, "CreateExperiment", rows.create_experiment);
  find(tracking, "GetExperiment", rows.get_experiment);
  find(tracking, "ListExperiments", rows.list_experiments);
  find(tracking, "UpdateExperiment", rows.update_experiment);
  find(tracking, "DeleteExperiment", rows.delete_experiment);
  find(tracking, "UndeleteExperiment", rows.undelete_experiment);
  find(tracking, "CreateRun", rows.create_run);
  find(tracking, "GetRun", rows.get_run);
  find(tracking, "UpdateRun", rows.update_run);
  find(tracking, "FinishRun", rows.finish_run);
  find(tracking, "ResumeRun", rows.resume_run);
  find(tracking, "DeleteRun", rows.delete_run);
  find(tracking, "UndeleteRun", rows.undelete_run);
  find(tracking, "SearchRuns", rows.search_runs);
  find(tracking, "LogBatch", rows.log_batch);
  find(tracking, "ReadMetrics", rows.read_metrics);
  const std::string registry = "RegistryService";
  find(registry, "CreateModel", rows.create_model);
  find(registry, "GetModel", rows.get_model);
  find(registry, "ListModels", rows.list_models);
  find(registry, "UpdateModel", rows.update_model);
  find(registry, "DeleteModel", rows.delete_model);
  find(registry, "CreateModelVersion", rows.create_model_version);
  find(registry, "GetModelVersion", rows.get_model_version);
  find(registry, "ListModelVersions", rows.list_model_versions);
  find(registry, "UpdateModelVersion", rows.update_model_version);
  find(registry, "ArchiveModelVersion", rows.archive_model_version);
  find(registry, "RestoreModelVersion", rows.restore_model_version);
  find(registry, "DeleteModelVersion", rows.delete_model_version);
  find(registry, "CopyModelVersion", rows.copy_model_version);
  find(registry, "SetAlias", rows.set_alias);
  find(registry, "DeleteAlias", rows.delete_alias);
  find(registry, "ListAliases", rows.list_aliases);
  find(registry, "ListChannels", rows.list_channels);
  find("PromotionService", "Promote", rows.promote);
  const std::string artifacts = "ArtifactService";
  find(artifacts, "ListArtifacts", rows.list_artifacts);
  find(artifacts, "LogArtifacts", rows.log_artifacts);
  find(artifacts, "DeleteArtifacts", rows.delete_artifacts);
  find(artifacts, "BatchUpdateBlobs", rows.batch_update_blobs);
  find(artifacts, "BatchReadBlobs", rows.batch_read_blobs);
  find(artifacts, "SpliceBlob", rows.splice_blob);
  find(artifacts, "Read", rows.read_blob);
  if (!find.status().ok()) return find.status();
  return rows;
}

}  // namespace cairn::mlflow
