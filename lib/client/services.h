#ifndef CAIRN_LIB_CLIENT_SERVICES_H_
#define CAIRN_LIB_CLIENT_SERVICES_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/audit.pb.h"
#include "cairn/v1/auth.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/server.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "cairn/v1/views.pb.h"
#include "cairn/v1/watch.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/empty.pb.h"
#include "lib/client/message_stream.h"
#include "lib/client/transport.h"

namespace cairn::client {

// One class for each service, one method for each call, with the names, the
// requests and the errors of the protos: see there what each does and which
// reasons it fails with. Deadlines, repetition, request ids and the conversion
// of errors are the Transport's (transport.h).
//
// The transport must outlive these objects. Safe to call from any thread.

#define CAIRN_CLIENT_CALL_IN(package, service, method, request, response)                         \
  absl::StatusOr<response> method(request arguments) {                                            \
    return transport_.Call<response>("/" package "." #service "/" #method, std::move(arguments)); \
  }
#define CAIRN_CLIENT_CALL(service, method, request, response) \
  CAIRN_CLIENT_CALL_IN("cairn.v1", service, method, request, response)

// Experiments, runs and metrics.
class TrackingClient {
 public:
  explicit TrackingClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(TrackingService, CreateExperiment, v1::CreateExperimentRequest, v1::Experiment)
  CAIRN_CLIENT_CALL(TrackingService, GetExperiment, v1::GetExperimentRequest, v1::Experiment)
  CAIRN_CLIENT_CALL(TrackingService, ListExperiments, v1::ListExperimentsRequest,
                    v1::ListExperimentsResponse)
  CAIRN_CLIENT_CALL(TrackingService, UpdateExperiment, v1::UpdateExperimentRequest, v1::Experiment)
  CAIRN_CLIENT_CALL(TrackingService, DeleteExperiment, v1::DeleteExperimentRequest, v1::Experiment)
  CAIRN_CLIENT_CALL(TrackingService, UndeleteExperiment, v1::UndeleteExperimentRequest,
                    v1::Experiment)
  CAIRN_CLIENT_CALL(TrackingService, PurgeExperiment, v1::PurgeExperimentRequest,
                    google::longrunning::Operation)
  CAIRN_CLIENT_CALL(TrackingService, CreateRun, v1::CreateRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, GetRun, v1::GetRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, UpdateRun, v1::UpdateRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, ListRuns, v1::ListRunsRequest, v1::ListRunsResponse)
  CAIRN_CLIENT_CALL(TrackingService, SearchRuns, v1::SearchRunsRequest, v1::SearchRunsResponse)
  CAIRN_CLIENT_CALL(TrackingService, CountRuns, v1::CountRunsRequest, v1::CountRunsResponse)
  CAIRN_CLIENT_CALL(TrackingService, ListRunFields, v1::ListRunFieldsRequest,
                    v1::ListRunFieldsResponse)
  CAIRN_CLIENT_CALL(TrackingService, GroupRuns, v1::GroupRunsRequest, v1::GroupRunsResponse)
  CAIRN_CLIENT_CALL(TrackingService, FinishRun, v1::FinishRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, ResumeRun, v1::ResumeRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, HeartbeatRun, v1::HeartbeatRunRequest,
                    v1::HeartbeatRunResponse)
  CAIRN_CLIENT_CALL(TrackingService, DeleteRun, v1::DeleteRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, UndeleteRun, v1::UndeleteRunRequest, v1::Run)
  CAIRN_CLIENT_CALL(TrackingService, PurgeRun, v1::PurgeRunRequest, google::protobuf::Empty)
  CAIRN_CLIENT_CALL(TrackingService, BulkChangeRuns, v1::BulkChangeRunsRequest,
                    google::longrunning::Operation)
  CAIRN_CLIENT_CALL(TrackingService, LogBatch, v1::LogBatchRequest, v1::LogBatchResponse)

  // Sends the batches as one stream and returns the server's last
  // acknowledgement. A writer id that is empty and numbers that are 0 are filled
  // in. Not repeated by itself: repeat it with the same batches, writer id and
  // numbers, which stores nothing twice. For a loop that logs see metric_writer.h.
  absl::StatusOr<v1::LogMetricsResponse> LogMetrics(std::vector<v1::LogMetricsRequest> batches);

  // Reads the points of a metric, calling `on_part` for each part in order;
  // `on_part` returns false to stop early, which is not an error.
  absl::Status ReadMetrics(const v1::ReadMetricsRequest& request,
                           const std::function<bool(const v1::MetricColumns&)>& on_part);

  // Reads a metric as at most `request.max_buckets` (from 1) summaries, in order.
  absl::StatusOr<std::vector<v1::MetricBucket>> ReadMetricBuckets(
      const v1::ReadMetricsRequest& request);

  // Reads many curves, calling `on_curve` for each in order; `on_curve` returns false to stop
  // early, which is not an error.
  absl::Status ReadCurves(const v1::ReadCurvesRequest& request,
                          const std::function<bool(v1::ReadCurvesResponse)>& on_curve);

 private:
  Transport& transport_;
};

// Data sets and lineage.
class DatasetClient {
 public:
  explicit DatasetClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(DatasetService, CreateDataset, v1::CreateDatasetRequest, v1::Dataset)
  CAIRN_CLIENT_CALL(DatasetService, GetDataset, v1::GetDatasetRequest, v1::Dataset)
  CAIRN_CLIENT_CALL(DatasetService, ListDatasets, v1::ListDatasetsRequest, v1::ListDatasetsResponse)
  CAIRN_CLIENT_CALL(DatasetService, UpdateDataset, v1::UpdateDatasetRequest, v1::Dataset)
  CAIRN_CLIENT_CALL(DatasetService, ApplyDatasetRetention, v1::ApplyDatasetRetentionRequest,
                    v1::ApplyDatasetRetentionResponse)
  CAIRN_CLIENT_CALL(DatasetService, CreateDatasetVersion, v1::CreateDatasetVersionRequest,
                    v1::DatasetVersion)
  CAIRN_CLIENT_CALL(DatasetService, GetDatasetVersion, v1::GetDatasetVersionRequest,
                    v1::DatasetVersion)
  CAIRN_CLIENT_CALL(DatasetService, ListDatasetVersions, v1::ListDatasetVersionsRequest,
                    v1::ListDatasetVersionsResponse)
  CAIRN_CLIENT_CALL(DatasetService, DiffDatasetVersions, v1::DiffDatasetVersionsRequest,
                    v1::DatasetDiff)
  CAIRN_CLIENT_CALL(DatasetService, UpdateDatasetVersion, v1::UpdateDatasetVersionRequest,
                    v1::DatasetVersion)
  CAIRN_CLIENT_CALL(DatasetService, SetDatasetAlias, v1::SetDatasetAliasRequest, v1::Dataset)
  CAIRN_CLIENT_CALL(DatasetService, DeleteDatasetAlias, v1::DeleteDatasetAliasRequest, v1::Dataset)
  CAIRN_CLIENT_CALL(DatasetService, DeleteDatasetVersion, v1::DeleteDatasetVersionRequest,
                    google::protobuf::Empty)
  CAIRN_CLIENT_CALL(DatasetService, GetLineage, v1::GetLineageRequest, v1::Lineage)

 private:
  Transport& transport_;
};

// Models, versions, aliases and channels.
class RegistryClient {
 public:
  explicit RegistryClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(RegistryService, CreateModel, v1::CreateModelRequest, v1::Model)
  CAIRN_CLIENT_CALL(RegistryService, GetModel, v1::GetModelRequest, v1::Model)
  CAIRN_CLIENT_CALL(RegistryService, ListModels, v1::ListModelsRequest, v1::ListModelsResponse)
  CAIRN_CLIENT_CALL(RegistryService, UpdateModel, v1::UpdateModelRequest, v1::Model)
  CAIRN_CLIENT_CALL(RegistryService, DeleteModel, v1::DeleteModelRequest, google::protobuf::Empty)
  CAIRN_CLIENT_CALL(RegistryService, CreateModelVersion, v1::CreateModelVersionRequest,
                    v1::ModelVersion)
  CAIRN_CLIENT_CALL(RegistryService, GetModelVersion, v1::GetModelVersionRequest, v1::ModelVersion)
  CAIRN_CLIENT_CALL(RegistryService, ListModelVersions, v1::ListModelVersionsRequest,
                    v1::ListModelVersionsResponse)
  CAIRN_CLIENT_CALL(RegistryService, UpdateModelVersion, v1::UpdateModelVersionRequest,
                    v1::ModelVersion)
  CAIRN_CLIENT_CALL(RegistryService, ArchiveModelVersion, v1::ArchiveModelVersionRequest,
                    v1::ModelVersion)
  CAIRN_CLIENT_CALL(RegistryService, RestoreModelVersion, v1::RestoreModelVersionRequest,
                    v1::ModelVersion)
  CAIRN_CLIENT_CALL(RegistryService, DeleteModelVersion, v1::DeleteModelVersionRequest,
                    google::protobuf::Empty)
  CAIRN_CLIENT_CALL(RegistryService, CopyModelVersion, v1::CopyModelVersionRequest,
                    v1::ModelVersion)
  CAIRN_CLIENT_CALL(RegistryService, SetAlias, v1::SetAliasRequest, v1::Alias)
  CAIRN_CLIENT_CALL(RegistryService, DeleteAlias, v1::DeleteAliasRequest, google::protobuf::Empty)
  CAIRN_CLIENT_CALL(RegistryService, ListAliases, v1::ListAliasesRequest, v1::ListAliasesResponse)
  CAIRN_CLIENT_CALL(RegistryService, GetChannel, v1::GetChannelRequest, v1::Channel)
  CAIRN_CLIENT_CALL(RegistryService, ListChannels, v1::ListChannelsRequest,
                    v1::ListChannelsResponse)
  CAIRN_CLIENT_CALL(RegistryService, ListRollouts, v1::ListRolloutsRequest,
                    v1::ListRolloutsResponse)
  CAIRN_CLIENT_CALL(RegistryService, ReportServing, v1::ReportServingRequest, v1::Consumer)
  CAIRN_CLIENT_CALL(RegistryService, ListConsumers, v1::ListConsumersRequest,
                    v1::ListConsumersResponse)

 private:
  Transport& transport_;
};

// What was measured of model versions.
class EvaluationClient {
 public:
  explicit EvaluationClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(EvaluationService, CreateEvaluation, v1::CreateEvaluationRequest,
                    v1::Evaluation)
  CAIRN_CLIENT_CALL(EvaluationService, SealEvaluation, v1::SealEvaluationRequest, v1::Evaluation)
  CAIRN_CLIENT_CALL(EvaluationService, EvaluateModelVersion, v1::EvaluateModelVersionRequest,
                    google::longrunning::Operation)
  CAIRN_CLIENT_CALL(EvaluationService, GetEvaluation, v1::GetEvaluationRequest, v1::Evaluation)
  CAIRN_CLIENT_CALL(EvaluationService, ListEvaluations, v1::ListEvaluationsRequest,
                    v1::ListEvaluationsResponse)

 private:
  Transport& transport_;
};

// Policies and decisions.
class PromotionClient {
 public:
  explicit PromotionClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(PromotionService, ApplyPolicy, v1::ApplyPolicyRequest, v1::ApplyPolicyResponse)
  CAIRN_CLIENT_CALL(PromotionService, GetPolicy, v1::GetPolicyRequest, v1::Policy)
  CAIRN_CLIENT_CALL(PromotionService, ListPolicies, v1::ListPoliciesRequest,
                    v1::ListPoliciesResponse)
  CAIRN_CLIENT_CALL(PromotionService, ListPolicyRevisions, v1::ListPolicyRevisionsRequest,
                    v1::ListPolicyRevisionsResponse)
  CAIRN_CLIENT_CALL(PromotionService, DeletePolicy, v1::DeletePolicyRequest,
                    google::protobuf::Empty)
  CAIRN_CLIENT_CALL(PromotionService, RenderPolicy, v1::RenderPolicyRequest,
                    v1::RenderPolicyResponse)
  CAIRN_CLIENT_CALL(PromotionService, Promote, v1::PromoteRequest, v1::Decision)
  CAIRN_CLIENT_CALL(PromotionService, Rollback, v1::RollbackRequest, v1::Decision)
  CAIRN_CLIENT_CALL(PromotionService, Override, v1::OverrideRequest, v1::Decision)
  CAIRN_CLIENT_CALL(PromotionService, HoldVersion, v1::HoldVersionRequest, v1::Decision)
  CAIRN_CLIENT_CALL(PromotionService, ReleaseVersion, v1::ReleaseVersionRequest, v1::Decision)
  CAIRN_CLIENT_CALL(PromotionService, GetDecision, v1::GetDecisionRequest, v1::Decision)
  CAIRN_CLIENT_CALL(PromotionService, ListDecisions, v1::ListDecisionsRequest,
                    v1::ListDecisionsResponse)
  CAIRN_CLIENT_CALL(PromotionService, ListDecisionCandidates, v1::ListDecisionCandidatesRequest,
                    v1::ListDecisionCandidatesResponse)
  CAIRN_CLIENT_CALL(PromotionService, ReplayDecision, v1::ReplayDecisionRequest,
                    v1::ReplayDecisionResponse)
  CAIRN_CLIENT_CALL(PromotionService, Explain, v1::ExplainRequest, v1::ExplainResponse)

 private:
  Transport& transport_;
};

// Long-running operations of any service; see operation_waiter.h for waiting.
class OperationsClient {
 public:
  explicit OperationsClient(Transport& transport) : transport_(transport) {}

#define CAIRN_OPERATIONS_CALL(method, request, response)                                       \
  CAIRN_CLIENT_CALL_IN("google.longrunning", Operations, method, google::longrunning::request, \
                       response)
  CAIRN_OPERATIONS_CALL(ListOperations, ListOperationsRequest,
                        google::longrunning::ListOperationsResponse)
  CAIRN_OPERATIONS_CALL(GetOperation, GetOperationRequest, google::longrunning::Operation)
  CAIRN_OPERATIONS_CALL(DeleteOperation, DeleteOperationRequest, google::protobuf::Empty)
  CAIRN_OPERATIONS_CALL(CancelOperation, CancelOperationRequest, google::protobuf::Empty)
  CAIRN_OPERATIONS_CALL(WaitOperation, WaitOperationRequest, google::longrunning::Operation)
#undef CAIRN_OPERATIONS_CALL

  const ConnectOptions& options() const { return transport_.options(); }

 private:
  Transport& transport_;
};

// The server itself.
class AdminClient {
 public:
  explicit AdminClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(AdminService, GetServerInfo, v1::GetServerInfoRequest, v1::ServerInfo)

 private:
  Transport& transport_;
};

// Who calls, and what they may.
class AuthClient {
 public:
  explicit AuthClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(AuthService, WhoAmI, v1::WhoAmIRequest, v1::WhoAmIResponse)
  CAIRN_CLIENT_CALL(AuthService, TestPermission, v1::TestPermissionRequest,
                    v1::TestPermissionResponse)
  // Not safe to repeat: each call makes a token, also one whose answer was lost.
  CAIRN_CLIENT_CALL(AuthService, CreateToken, v1::CreateTokenRequest, v1::CreateTokenResponse)
  CAIRN_CLIENT_CALL(AuthService, ListTokens, v1::ListTokensRequest, v1::ListTokensResponse)
  CAIRN_CLIENT_CALL(AuthService, RevokeToken, v1::RevokeTokenRequest, google::protobuf::Empty)
  CAIRN_CLIENT_CALL(AuthService, SetRoleBinding, v1::SetRoleBindingRequest, v1::RoleBinding)
  CAIRN_CLIENT_CALL(AuthService, ListRoleBindings, v1::ListRoleBindingsRequest,
                    v1::ListRoleBindingsResponse)
  CAIRN_CLIENT_CALL(AuthService, DeleteRoleBinding, v1::DeleteRoleBindingRequest,
                    google::protobuf::Empty)

 private:
  Transport& transport_;
};

// Who changed what of production.
class AuditClient {
 public:
  explicit AuditClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(AuditService, ListAuditEntries, v1::ListAuditEntriesRequest,
                    v1::ListAuditEntriesResponse)
  CAIRN_CLIENT_CALL(AuditService, GetAuditCheckpoint, v1::GetAuditCheckpointRequest,
                    v1::AuditCheckpoint)
  // Calls `on_part` for each part in order; an error of it ends the call and is the answer.
  absl::Status ExportAudit(const std::function<absl::Status(v1::AuditPart)>& on_part);

 private:
  Transport& transport_;
};

// States of pages under short names.
class ViewsClient {
 public:
  explicit ViewsClient(Transport& transport) : transport_(transport) {}

  CAIRN_CLIENT_CALL(ViewService, CreateView, v1::CreateViewRequest, v1::View)
  CAIRN_CLIENT_CALL(ViewService, GetView, v1::GetViewRequest, v1::View)
  CAIRN_CLIENT_CALL(ViewService, ListViews, v1::ListViewsRequest, v1::ListViewsResponse)
  CAIRN_CLIENT_CALL(ViewService, DeleteView, v1::DeleteViewRequest, google::protobuf::Empty)

 private:
  Transport& transport_;
};

// What changes, as single streams that end when their connection does; watcher.h goes on.
class WatchClient final : public WatchSource {
 public:
  explicit WatchClient(Transport& transport) : transport_(transport) {}

  std::unique_ptr<MessageStream<v1::WatchResponse>> Watch(const v1::WatchRequest& request) override;
  std::unique_ptr<MessageStream<v1::WatchChannelsResponse>> WatchChannels(
      const v1::WatchChannelsRequest& request) override;

  int64_t NowMillis() const override;
  bool Pause(int64_t millis) override;
  uint64_t RandomBits() override;

 private:
  Transport& transport_;
};

#undef CAIRN_CLIENT_CALL
#undef CAIRN_CLIENT_CALL_IN

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_SERVICES_H_
