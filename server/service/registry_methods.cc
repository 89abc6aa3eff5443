#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/registry.pb.h"
#include "server/evaluation/evaluation_work.h"
#include "server/operations/operations.h"
#include "server/registry/evaluations.h"
#include "server/registry/models.h"
#include "server/service/call_facts.h"
#include "server/service/methods.h"

namespace cairn::service {

void AddRegistryMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Model::descriptor()->file()->FindServiceByName("RegistryService"));
  table.Changes<v1::CreateModelRequest>("CreateModel", registry::PlanCreateModel);
  table.Answers<v1::GetModelRequest>("GetModel", registry::GetModel);
  table.Filters<v1::ListModelsRequest>("ListModels", registry::ListModels, backends.access);
  table.Changes<v1::DeleteModelRequest>("DeleteModel", registry::PlanDeleteModel);
  table.Changes<v1::CreateModelVersionRequest>("CreateModelVersion",
                                               registry::PlanCreateModelVersion, StampOfCall());
  table.Answers<v1::GetModelVersionRequest>("GetModelVersion", registry::GetModelVersion);
  table.Answers<v1::ListModelVersionsRequest>("ListModelVersions", registry::ListModelVersions);
  table.Changes<v1::SetAliasRequest>("SetAlias", registry::PlanSetAlias, StampOfCall());
  table.Changes<v1::DeleteAliasRequest>("DeleteAlias", registry::PlanDeleteAlias);
  table.Answers<v1::ListAliasesRequest>("ListAliases", registry::ListAliases);
  table.Answers<v1::GetChannelRequest>("GetChannel", registry::GetChannel);
  table.Filters<v1::ListChannelsRequest>("ListChannels", registry::ListChannels, backends.access);
}

void AddEvaluationMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Evaluation::descriptor()->file()->FindServiceByName("EvaluationService"));
  table.Changes<v1::CreateEvaluationRequest>("CreateEvaluation", registry::PlanCreateEvaluation,
                                             StampOfCall());
  table.Changes<v1::SealEvaluationRequest>("SealEvaluation", registry::PlanSealEvaluation,
                                           StampOfCall());
  table.Changes<v1::EvaluateModelVersionRequest>(
      "EvaluateModelVersion",
      [&measurer = backends.measurer](const storage::Snapshot& snapshot,
                                      const v1::EvaluateModelVersionRequest& request,
                                      const evaluation::EvaluateCall& call) {
        return evaluation::PlanEvaluateModelVersion(snapshot, measurer, request, call);
      },
      [access = backends.access, facts = FactsOfCall(backends)](const Caller& caller) {
        const auto call = facts(caller);
        return evaluation::EvaluateCall{
            {call.now_unix_nanos, call.principal},
            operations::NewOperationId(call.now_unix_nanos, call.new_id),
            AllowanceOf(access, caller, v1::READ)};
      });
  table.Answers<v1::GetEvaluationRequest>("GetEvaluation", registry::GetEvaluation);
  table.Answers<v1::ListEvaluationsRequest>("ListEvaluations", registry::ListEvaluations);
}

}  // namespace cairn::service
