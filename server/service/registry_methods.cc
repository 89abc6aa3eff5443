#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/registry.pb.h"
#include "server/evaluation/evaluation_work.h"
#include "server/evaluation/model_signature.h"
#include "server/operations/operations.h"
#include "server/registry/aliases.h"
#include "server/registry/consumers.h"
#include "server/registry/evaluations.h"
#include "server/registry/models.h"
#include "server/registry/rollouts.h"
#include "server/registry/version_creation.h"
#include "server/registry/version_removal.h"
#include "server/registry/version_state.h"
#include "server/service/call_facts.h"
#include "server/service/methods.h"

namespace cairn::service {

namespace {

// Registering reads the model file of a version, if it has one.
auto CreateModelVersion(artifacts::BlobStore& blobs) {
  const auto read = [&blobs](const v1::ModelVersion& version) {
    return evaluation::SignatureOf(version, [&blobs](const Digest& digest, int64_t max_bytes) {
      return blobs.ReadAll(digest, max_bytes);
    });
  };
  return [read](const storage::Snapshot& snapshot, const v1::CreateModelVersionRequest& request,
                const storage::Stamp& stamp) {
    return registry::PlanCreateModelVersion(snapshot, request, stamp, read);
  };
}

}  // namespace

void AddRegistryMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Model::descriptor()->file()->FindServiceByName("RegistryService"));
  table.Changes<v1::CreateModelRequest>("CreateModel", registry::PlanCreateModel);
  table.Answers<v1::GetModelRequest>("GetModel", registry::GetModel);
  table.Filters<v1::ListModelsRequest>("ListModels", registry::ListModels, backends.access);
  table.Changes<v1::UpdateModelRequest>("UpdateModel", registry::PlanUpdateModel);
  table.Changes<v1::DeleteModelRequest>("DeleteModel", registry::PlanDeleteModel);
  table.Changes<v1::CreateModelVersionRequest>("CreateModelVersion",
                                               CreateModelVersion(backends.blobs), StampOfCall());
  table.Changes<v1::UpdateModelVersionRequest>("UpdateModelVersion",
                                               registry::PlanUpdateModelVersion);
  table.Changes<v1::ArchiveModelVersionRequest>("ArchiveModelVersion",
                                                registry::PlanArchiveModelVersion);
  table.Changes<v1::RestoreModelVersionRequest>("RestoreModelVersion",
                                                registry::PlanRestoreModelVersion);
  table.Changes<v1::DeleteModelVersionRequest>("DeleteModelVersion",
                                               registry::PlanDeleteModelVersion);
  table.Changes<v1::CopyModelVersionRequest>("CopyModelVersion", registry::PlanCopyModelVersion,
                                             StampOfCall());
  table.Answers<v1::GetModelVersionRequest>("GetModelVersion", registry::GetModelVersion);
  table.Answers<v1::ListModelVersionsRequest>("ListModelVersions", registry::ListModelVersions);
  table.Changes<v1::SetAliasRequest>("SetAlias", registry::PlanSetAlias, StampOfCall());
  table.Changes<v1::DeleteAliasRequest>("DeleteAlias", registry::PlanDeleteAlias);
  table.Answers<v1::ListAliasesRequest>("ListAliases", registry::ListAliases);
  table.Answers<v1::GetChannelRequest>("GetChannel", registry::GetChannel);
  table.Filters<v1::ListChannelsRequest>("ListChannels", registry::ListChannels, backends.access);
  table.Answers<v1::ListRolloutsRequest>("ListRollouts", registry::ListRollouts);
  table.Changes<v1::ReportServingRequest>("ReportServing", registry::PlanReportServing,
                                          StampOfCall());
  table.Answers<v1::ListConsumersRequest>(
      "ListConsumers",
      [&store = backends.store](const Caller& caller, const v1::ListConsumersRequest& request) {
        return registry::ListConsumers(*store.GetSnapshot(), request, caller.now_unix_nanos);
      });
}

namespace {

// Asking is quick; a rehearsal measures.
Change EvaluateModelVersion(const Backends& backends, const Caller& caller,
                            const v1::EvaluateModelVersionRequest& request) {
  const auto facts = FactsOfCall(backends)(caller);
  Change change;
  if (request.validate_only()) change.effort = Effort::kIo;
  change.plan =
      [&measurer = backends.measurer, &request,
       call = evaluation::EvaluateCall{
           StampOfCall()(caller), operations::NewOperationId(facts.now_unix_nanos, facts.new_id),
           AllowanceOf(backends.access, caller, v1::READ)}](const storage::Snapshot& snapshot) {
        return evaluation::PlanEvaluateModelVersion(snapshot, measurer, request, call);
      };
  return change;
}

}  // namespace

void AddEvaluationMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Evaluation::descriptor()->file()->FindServiceByName("EvaluationService"));
  table.Changes<v1::CreateEvaluationRequest>("CreateEvaluation", registry::PlanCreateEvaluation,
                                             StampOfCall());
  table.Changes<v1::SealEvaluationRequest>("SealEvaluation", registry::PlanSealEvaluation,
                                           StampOfCall());
  table.MakesChange<v1::EvaluateModelVersionRequest>(
      "EvaluateModelVersion",
      [&backends](const Caller& caller, const v1::EvaluateModelVersionRequest& request) {
        return EvaluateModelVersion(backends, caller, request);
      });
  table.Answers<v1::GetEvaluationRequest>("GetEvaluation", registry::GetEvaluation);
  table.Answers<v1::ListEvaluationsRequest>("ListEvaluations", registry::ListEvaluations);
}

}  // namespace cairn::service
