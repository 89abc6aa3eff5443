#include <memory>
#include <optional>
#include <string_view>

#include "cairn/v1/promotion.pb.h"
#include "server/registry/holds.h"
#include "server/registry/override.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/registry/rollback.h"
#include "server/service/methods.h"

namespace cairn::service {
namespace {

// Moves a head. The epoch that the first attempt saw is kept, so that later ones know what came
// between.
template <typename Request>
using MovePlanner = absl::StatusOr<storage::Plan> (*)(const storage::Snapshot&, const Request&,
                                                      const storage::Stamp&,
                                                      std::optional<int64_t>&);

template <typename Request>
void Moves(std::string_view method, MovePlanner<Request> planner, MethodTableBuilder& table) {
  table.MakesChange<Request>(method, [planner](const Caller& caller, const Request& request) {
    Change change;
    change.plan = [planner, &request, stamp = StampOfCall()(caller),
                   first_epoch = std::make_shared<std::optional<int64_t>>()](
                      const storage::Snapshot& snapshot) {
      return planner(snapshot, request, stamp, *first_epoch);
    };
    return change;
  });
}

struct PolicyCall {
  storage::Stamp stamp;
  auth::Allowance promotes;
};

void AddPolicyMethods(const Backends& backends, MethodTableBuilder& table) {
  const auto* const access = backends.access;
  const auto begin = [access](const Caller& caller) {
    return PolicyCall{StampOfCall()(caller), AllowanceOf(access, caller, v1::PROMOTE)};
  };
  table.Changes<v1::ApplyPolicyRequest>(
      "ApplyPolicy",
      [](const storage::Snapshot& snapshot, const v1::ApplyPolicyRequest& request,
         const PolicyCall& call) {
        return registry::PlanApplyPolicy(snapshot, request, call.stamp, call.promotes);
      },
      begin);
  table.AsksItself();
  table.Changes<v1::DeletePolicyRequest>(
      "DeletePolicy",
      [](const storage::Snapshot& snapshot, const v1::DeletePolicyRequest& request,
         const PolicyCall& call) {
        return registry::PlanDeletePolicy(snapshot, request, call.stamp, call.promotes);
      },
      begin);
  table.AsksItself();
  table.Answers<v1::GetPolicyRequest>("GetPolicy", [access, &store = backends.store](
                                                       const Caller& caller,
                                                       const v1::GetPolicyRequest& get) {
    return registry::GetPolicy(*store.GetSnapshot(), get, AllowanceOf(access, caller, v1::READ));
  });
  table.AsksItself();
  table.Answers<v1::ListPolicyRevisionsRequest>(
      "ListPolicyRevisions", [access, &store = backends.store](
                                 const Caller& caller, const v1::ListPolicyRevisionsRequest& list) {
        return registry::ListPolicyRevisions(*store.GetSnapshot(), list,
                                             AllowanceOf(access, caller, v1::READ));
      });
  table.AsksItself();
  table.Filters<v1::ListPoliciesRequest>("ListPolicies", registry::ListPolicies, access);
  table.Answers<v1::RenderPolicyRequest>("RenderPolicy",
                                         [](const Caller&, const v1::RenderPolicyRequest& source) {
                                           return registry::RenderPolicy(source);
                                         });
}

}  // namespace

void AddPromotionMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Policy::descriptor()->file()->FindServiceByName("PromotionService"));
  AddPolicyMethods(backends, table);
  Moves<v1::PromoteRequest>("Promote", registry::PlanPromote, table);
  Moves<v1::RollbackRequest>("Rollback", registry::PlanRollback, table);
  Moves<v1::OverrideRequest>("Override", registry::PlanOverride, table);
  table.Changes<v1::HoldVersionRequest>("HoldVersion", registry::PlanHoldVersion, StampOfCall());
  table.Changes<v1::ReleaseVersionRequest>("ReleaseVersion", registry::PlanReleaseVersion,
                                           StampOfCall());
  table.Answers<v1::GetDecisionRequest>("GetDecision", registry::GetDecision);
  table.Answers<v1::ListDecisionsRequest>("ListDecisions", registry::ListDecisions);
  table.Answers<v1::ExplainRequest>(
      "Explain", [&store = backends.store](const Caller& caller, const v1::ExplainRequest& asked) {
        return registry::Explain(*store.GetSnapshot(), asked, caller.now_unix_nanos);
      });
}

}  // namespace cairn::service
