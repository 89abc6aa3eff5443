#ifndef CAIRN_SERVER_MLFLOW_ROWS_H_
#define CAIRN_SERVER_MLFLOW_ROWS_H_

#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/service/method_table.h"

namespace cairn::mlflow {

// A row of the method table with the types of its messages, so that a call with a wrong one does
// not compile.
template <typename RequestType, typename ResponseType>
struct Row {
  const service::Method* method = nullptr;  // never null once Rows::Find gave it
};

// The rows that the routes call, looked up once. A plain value; the table outlives it.
struct Rows {
  // INTERNAL (INTERNAL_FAULT): a row is not there or has other types, which is a bug of the build.
  static absl::StatusOr<Rows> Find(const service::MethodTable& methods);

  Row<v1::CreateExperimentRequest, v1::Experiment> create_experiment;
  Row<v1::GetExperimentRequest, v1::Experiment> get_experiment;
  Row<v1::ListExperimentsRequest, v1::ListExperimentsResponse> list_experiments;
  Row<v1::UpdateExperimentRequest, v1::Experiment> update_experiment;
  Row<v1::DeleteExperimentRequest, v1::Experiment> delete_experiment;
  Row<v1::UndeleteExperimentRequest, v1::Experiment> undelete_experiment;

  Row<v1::CreateRunRequest, v1::Run> create_run;
  Row<v1::GetRunRequest, v1::Run> get_run;
  Row<v1::UpdateRunRequest, v1::Run> update_run;
  Row<v1::FinishRunRequest, v1::Run> finish_run;
  Row<v1::ResumeRunRequest, v1::Run> resume_run;
  Row<v1::DeleteRunRequest, v1::Run> delete_run;
  Row<v1::UndeleteRunRequest, v1::Run> undelete_run;
  Row<v1::SearchRunsRequest, v1::SearchRunsResponse> search_runs;
  Row<v1::LogBatchRequest, v1::LogBatchResponse> log_batch;
  Row<v1::ReadMetricsRequest, v1::ReadMetricsResponse> read_metrics;  // a stream

  Row<v1::ListArtifactsRequest, v1::ListArtifactsResponse> list_artifacts;

  Row<v1::CreateModelRequest, v1::Model> create_model;
  Row<v1::GetModelRequest, v1::Model> get_model;
  Row<v1::ListModelsRequest, v1::ListModelsResponse> list_models;
  Row<v1::UpdateModelRequest, v1::Model> update_model;
  Row<v1::DeleteModelRequest, google::protobuf::Empty> delete_model;
  Row<v1::CreateModelVersionRequest, v1::ModelVersion> create_model_version;
  Row<v1::GetModelVersionRequest, v1::ModelVersion> get_model_version;
  Row<v1::ListModelVersionsRequest, v1::ListModelVersionsResponse> list_model_versions;
  Row<v1::UpdateModelVersionRequest, v1::ModelVersion> update_model_version;
  Row<v1::ArchiveModelVersionRequest, v1::ModelVersion> archive_model_version;
  Row<v1::RestoreModelVersionRequest, v1::ModelVersion> restore_model_version;
  Row<v1::DeleteModelVersionRequest, google::protobuf::Empty> delete_model_version;
  Row<v1::CopyModelVersionRequest, v1::ModelVersion> copy_model_version;
  Row<v1::SetAliasRequest, v1::Alias> set_alias;
  Row<v1::DeleteAliasRequest, google::protobuf::Empty> delete_alias;
  Row<v1::ListAliasesRequest, v1::ListAliasesResponse> list_aliases;
  Row<v1::ListChannelsRequest, v1::ListChannelsResponse> list_channels;
  Row<v1::PromoteRequest, v1::Decision> promote;
  Row<v1::LogArtifactsRequest, v1::LogArtifactsResponse> log_artifacts;
  Row<v1::DeleteArtifactsRequest, v1::DeleteArtifactsResponse> delete_artifacts;
  Row<v1::BatchUpdateBlobsRequest, v1::BatchUpdateBlobsResponse> batch_update_blobs;
  Row<v1::BatchReadBlobsRequest, v1::BatchReadBlobsResponse> batch_read_blobs;
  Row<v1::SpliceBlobRequest, v1::SpliceBlobResponse> splice_blob;
  Row<v1::ReadRequest, v1::ReadResponse> read_blob;  // a stream
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ROWS_H_
