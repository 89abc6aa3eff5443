#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "cairn/v1/promotion.pb.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/decision_candidates.h"
#include "server/registry/decision_replay.h"
#include "server/registry/holds.h"
#include "server/registry/needed_evaluations.h"
#include "server/registry/override.h"
#include "server/registry/past.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/registry/rollback.h"
#include "server/service/methods.h"
#include "server/service/promotion_measuring.h"

namespace cairn::service {
namespace {

// A change that moves a head by planner(snapshot, request, stamp, first_epoch). The epoch that the
// first attempt saw is kept, so that later ones know what came between.
template <typename Request, typename Planner>
Change Move(const Caller& caller, const Request& request, const Planner& planner) {
  Change change;
  change.plan = [planner, &request, stamp = StampOfCall()(caller),
                 first_epoch = std::make_shared<std::optional<int64_t>>()](
                    const storage::Snapshot& snapshot) {
    return planner(snapshot, request, stamp, *first_epoch);
  };
  return change;
}

template <typename Request, typename Planner>
void Moves(std::string_view method, const Planner& planner, MethodTableBuilder& table) {
  table.MakesChange<Request>(method, [planner](const Caller& caller, const Request& request) {
    return Move(caller, request, planner);
  });
}

// Reads, measures and decides at length, so it takes turns with the others of its channel. What a
// person decides (Rollback and the like) does not wait behind it: it is short, and production may
// wait for it. A name that is none fails in its plan.
Change Promote(const Backends& backends, const Caller& caller, const v1::PromoteRequest& request) {
  // How long it waited for its turn: its time is that of the turn.
  const int64_t arrived = backends.store_clock.NowUnixNanos();
  auto waited = std::make_shared<std::optional<int64_t>>();
  Change change =
      Move(caller, request,
           [&backends, arrived, waited](const storage::Snapshot& snapshot,
                                        const v1::PromoteRequest& asked, storage::Stamp stamp,
                                        std::optional<int64_t>& first_epoch) {
             if (!waited->has_value()) {
               *waited = std::max<int64_t>(0, backends.store_clock.NowUnixNanos() - arrived);
             }
             stamp.unix_nanos += **waited;
             return PlanMeasuredPromotion(backends.store, backends.measurer, snapshot, asked, stamp,
                                          first_epoch);
           });
  const auto channel = ParseChannelName("name", request.name());
  if (channel.ok()) change.in_turn_of = ChannelName(channel->model, channel->channel);
  return change;
}

absl::StatusOr<v1::ExplainResponse> Explain(const Backends& backends, const Caller& caller,
                                            const v1::ExplainRequest& asked) {
  const auto snapshot = backends.store.GetSnapshot();
  // What was decided then was measured then.
  if (registry::AsksPast(asked)) return registry::Explain(*snapshot, asked, caller.now_unix_nanos);
  const auto needed = registry::FindNeededEvaluations(*snapshot, asked.name(), asked.version(),
                                                      caller.now_unix_nanos);
  registry::UnrecordedEvaluations unrecorded;
  // What is wrong with the channel is told by the use case.
  if (needed.ok()) {
    CAIRN_ASSIGN_OR_RETURN(unrecorded, MeasureForDryRun(*snapshot, backends.measurer, *needed));
  }
  return registry::Explain(*snapshot, asked, caller.now_unix_nanos, unrecorded);
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
  table.MakesChange<v1::PromoteRequest>(
      "Promote", [&backends](const Caller& caller, const v1::PromoteRequest& request) {
        return Promote(backends, caller, request);
      });
  Moves<v1::RollbackRequest>("Rollback", &registry::PlanRollback, table);
  Moves<v1::OverrideRequest>("Override", &registry::PlanOverride, table);
  table.Changes<v1::HoldVersionRequest>("HoldVersion", registry::PlanHoldVersion, StampOfCall());
  table.Changes<v1::ReleaseVersionRequest>("ReleaseVersion", registry::PlanReleaseVersion,
                                           StampOfCall());
  table.Answers<v1::GetDecisionRequest>("GetDecision", registry::GetDecision);
  table.Answers<v1::ListDecisionsRequest>("ListDecisions", registry::ListDecisions);
  table.Answers<v1::ListDecisionCandidatesRequest>("ListDecisionCandidates",
                                                   registry::ListDecisionCandidates);
  table.Answers<v1::ReplayDecisionRequest>("ReplayDecision", registry::ReplayDecision);
  table.Answers<v1::ExplainRequest>(
      "Explain", [&backends](const Caller& caller, const v1::ExplainRequest& asked) {
        return Explain(backends, caller, asked);
      });
}

}  // namespace cairn::service
