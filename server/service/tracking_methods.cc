#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/status_macros.h"
#include "server/metrics/metric_compactor.h"
#include "server/service/call_facts.h"
#include "server/service/methods.h"
#include "server/tracking/experiments.h"
#include "server/tracking/logged_points.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/packed_curves.h"
#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/run_operations.h"
#include "server/tracking/run_purge.h"
#include "server/tracking/run_searcher.h"
#include "server/tracking/run_update.h"

namespace cairn::service {
namespace {

using storage::Snapshot;
using tracking::CallFacts;

// A curve, one part after the other.
class CurveParts final : public PartSource {
 public:
  explicit CurveParts(tracking::MetricCurve curve) : curve_(std::move(curve)) {}

  absl::StatusOr<Part> Next(const std::function<int64_t()>&, std::string& part) override {
    v1::ReadMetricsResponse response;
    CAIRN_ASSIGN_OR_RETURN(const bool more, curve_.Next(response));
    if (more) part = response.SerializeAsString();
    return more ? Part::kFilled : Part::kEnd;
  }
  int64_t HeldBytes() const override { return curve_.HeldBytes(); }

 private:
  tracking::MetricCurve curve_;
};

// Many curves, each a part.
class PackedCurveParts final : public PartSource {
 public:
  PackedCurveParts(tracking::PackedCurves curves, const Caller& caller)
      : curves_(std::move(curves)), caller_(caller) {}

  absl::StatusOr<Part> Next(const std::function<int64_t()>&, std::string& part) override {
    v1::ReadCurvesResponse response;
    CAIRN_ASSIGN_OR_RETURN(const bool more, curves_.Next(caller_.ended, response));
    if (more) part = response.SerializeAsString();
    // What every stream is charged for pays for the rest.
    beyond_ = std::max<int64_t>(0, static_cast<int64_t>(part.size()) - kPartBytes);
    return more ? Part::kFilled : Part::kEnd;
  }
  int64_t HeldBytes() const override { return curves_.HeldBytes() + beyond_; }

 private:
  tracking::PackedCurves curves_;
  const Caller caller_;
  int64_t beyond_ = 0;  // of the last part
};

Change LogBatch(const Backends& backends, const Caller& caller,
                const v1::LogBatchRequest& request) {
  const auto logged = std::make_shared<const tracking::LoggedPoints>(
      request.run(), request.metrics(), backends.metric_compactor);
  Change change;
  change.plan = [&request, bundling = logged->bundling(),
                 facts = FactsOfCall(backends)(caller)](const Snapshot& snapshot) {
    return tracking::PlanLogBatch(snapshot, request, facts, bundling);
  };
  change.stored = [&backends, logged] {
    logged->Tell(backends.metric_compactor, backends.run_leases);
  };
  change.brings_points = request.metrics_size() > 0;
  return change;
}

void AddRunChanges(const Backends& backends, MethodTableBuilder& table) {
  const auto facts = FactsOfCall(backends);
  table.Changes<v1::CreateRunRequest>("CreateRun", tracking::PlanCreateRun, facts);
  table.Changes<v1::FinishRunRequest>("FinishRun", tracking::PlanFinishRun, facts);
  table.Changes<v1::DeleteRunRequest>("DeleteRun", tracking::PlanDeleteRun, facts);
  table.Changes<v1::UndeleteRunRequest>("UndeleteRun", tracking::PlanUndeleteRun, facts);
  table.Changes<v1::UpdateRunRequest>("UpdateRun", tracking::PlanUpdateRun, facts);
  table.Changes<v1::ResumeRunRequest>("ResumeRun", tracking::PlanResumeRun, facts);
  table.Changes<v1::HeartbeatRunRequest>(
      "HeartbeatRun", [&leases = backends.run_leases](const Snapshot& snapshot,
                                                      const v1::HeartbeatRunRequest& request) {
        return leases.PlanHeartbeat(snapshot, request);
      });
  table.Changes<v1::PurgeRunRequest>("PurgeRun", tracking::PlanPurgeRun, facts);
  table.Changes<v1::PurgeExperimentRequest>("PurgeExperiment", tracking::PlanPurgeExperiment,
                                            facts);
  table.Changes<v1::BulkChangeRunsRequest>(
      "BulkChangeRuns",
      [&searcher = backends.run_searcher](const Snapshot& snapshot,
                                          const v1::BulkChangeRunsRequest& request,
                                          const CallFacts& call) {
        return tracking::PlanBulkChangeRuns(snapshot, searcher, request, call);
      },
      facts);
  table.MakesChange<v1::LogBatchRequest>(
      "LogBatch", [&backends](const Caller& caller, const v1::LogBatchRequest& request) {
        return LogBatch(backends, caller, request);
      });
  table.Serves("LogMetrics", PointStream{&backends.store, &backends.ids, &backends.metric_compactor,
                                         &backends.run_leases});
}

// What `search(within)` finds in the experiments that the caller sees, if the request names none:
// those it names were asked for. Whoever sees all of them has no need to name each.
template <typename Request, typename Search>
auto WithinSight(const Backends& backends, const Caller& caller, const Request& request,
                 const Search& search) -> decltype(search(nullptr)) {
  const auth::Sight sight = SightOf(backends.access, caller);
  if (!request.parents().empty() || sight.Sees("experiments/-")) return search(nullptr);
  CAIRN_ASSIGN_OR_RETURN(std::vector<int64_t> visible,
                         tracking::VisibleExperiments(*backends.store.GetSnapshot(), sight));
  // None would stand for all; this one is nobody's.
  if (visible.empty()) visible.push_back(-1);
  return search(&visible);
}

void AddRunReads(const Backends& backends, MethodTableBuilder& table) {
  auto& searcher = backends.run_searcher;
  table.Answers<v1::GetRunRequest>("GetRun",
                                   [&searcher](const Caller&, const v1::GetRunRequest& get) {
                                     return searcher.Get(get.name());
                                   });
  table.Answers<v1::ListRunsRequest>(
      "ListRuns", [&searcher](const Snapshot& snapshot, const v1::ListRunsRequest& list) {
        return tracking::ListRuns(snapshot, list, &searcher.damage());
      });
  table.FiltersItself<v1::SearchRunsRequest>(
      "SearchRuns", [&backends](const Caller& caller, const v1::SearchRunsRequest& search) {
        return WithinSight(backends, caller, search, [&](const std::vector<int64_t>* within) {
          return backends.run_searcher.SearchEncoded(search, caller.ended, within);
        });
      });
  table.FiltersItself<v1::CountRunsRequest>(
      "CountRuns", [&backends](const Caller& caller, const v1::CountRunsRequest& count) {
        return WithinSight(backends, caller, count, [&](const std::vector<int64_t>* within) {
          return backends.run_searcher.Count(count, caller.ended, within);
        });
      });
  table.FiltersItself<v1::ListRunFieldsRequest>(
      "ListRunFields", [&backends](const Caller& caller, const v1::ListRunFieldsRequest& list) {
        return WithinSight(backends, caller, list, [&](const std::vector<int64_t>* within) {
          return backends.run_searcher.ListFields(list, caller.ended, within);
        });
      });
  table.FiltersItself<v1::GroupRunsRequest>(
      "GroupRuns", [&backends](const Caller& caller, const v1::GroupRunsRequest& group) {
        return WithinSight(backends, caller, group, [&](const std::vector<int64_t>* within) {
          return backends.run_searcher.Group(group, caller.ended, within);
        });
      });
  table.Streams<v1::ReadMetricsRequest>(
      "ReadMetrics",
      [&store = backends.store](const Caller&, const v1::ReadMetricsRequest& request)
          -> absl::StatusOr<std::unique_ptr<PartSource>> {
        CAIRN_ASSIGN_OR_RETURN(auto curve,
                               tracking::MetricCurve::Open(store.GetSnapshot(), request));
        return std::make_unique<CurveParts>(std::move(curve));
      });
  table.Streams<v1::ReadCurvesRequest>(
      "ReadCurves",
      [&store = backends.store](const Caller& caller, const v1::ReadCurvesRequest& request)
          -> absl::StatusOr<std::unique_ptr<PartSource>> {
        CAIRN_ASSIGN_OR_RETURN(auto curves,
                               tracking::PackedCurves::Open(store.GetSnapshot(), request));
        return std::make_unique<PackedCurveParts>(std::move(curves), caller);
      });
}

}  // namespace

void AddTrackingMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Run::descriptor()->file()->FindServiceByName("TrackingService"));
  table.Changes<v1::CreateExperimentRequest>("CreateExperiment", tracking::PlanCreateExperiment);
  table.Filters<v1::GetExperimentRequest>("GetExperiment", tracking::GetExperiment,
                                          backends.access);
  table.Filters<v1::ListExperimentsRequest>("ListExperiments", tracking::ListExperiments,
                                            backends.access);
  table.Changes<v1::UpdateExperimentRequest>("UpdateExperiment", tracking::PlanUpdateExperiment);
  table.Changes<v1::DeleteExperimentRequest>("DeleteExperiment", tracking::PlanDeleteExperiment);
  table.Changes<v1::UndeleteExperimentRequest>("UndeleteExperiment",
                                               tracking::PlanUndeleteExperiment);
  AddRunChanges(backends, table);
  AddRunReads(backends, table);
}

}  // namespace cairn::service
