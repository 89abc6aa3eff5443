#include <memory>
#include <string>
#include <utility>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/status_macros.h"
#include "server/metrics/bundle.h"
#include "server/metrics/folder.h"
#include "server/operations/operation_runner.h"
#include "server/service/methods.h"
#include "server/tracking/experiments.h"
#include "server/tracking/metric_curve.h"
#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/run_operations.h"
#include "server/tracking/run_purge.h"
#include "server/tracking/run_purger.h"
#include "server/tracking/run_searcher.h"
#include "server/tracking/run_update.h"
#include "server/tracking/runs.h"

namespace cairn::service {
namespace {

using google::protobuf::Message;
using storage::Snapshot;
using tracking::CallFacts;

// A curve, one part after the other.
class CurveParts final : public PartSource {
 public:
  explicit CurveParts(tracking::MetricCurve curve) : curve_(std::move(curve)) {}

  absl::StatusOr<bool> Next(const std::function<int64_t()>&, std::string& part) override {
    v1::ReadMetricsResponse response;
    CAIRN_ASSIGN_OR_RETURN(const bool more, curve_.Next(response));
    if (more) part = response.SerializeAsString();
    return more;
  }
  int64_t HeldBytes() const override { return curve_.HeldBytes(); }

 private:
  tracking::MetricCurve curve_;
};

// Makes rows of what changes runs: who is told of it is decided here.
class RunRows {
 public:
  RunRows(const Backends& backends, MethodTableBuilder& table)
      : backends_(backends), table_(table) {}

  // Answers with the run as it is now.
  template <typename Request, typename Planner>
  void ChangesRun(std::string_view method, Planner planner) {
    Changes<Request>(method, planner, [&leases = backends_.run_leases](const Message& answer) {
      leases.Changed(static_cast<const v1::Run&>(answer));
    });
  }

  // Answers with an operation; one without a name was not stored.
  template <typename Request, typename Planner>
  void BeginsOperation(std::string_view method, Planner planner) {
    Changes<Request>(method, planner, [&runner = backends_.operations](const Message& answer) {
      const auto& name = static_cast<const google::longrunning::Operation&>(answer).name();
      if (!name.empty()) runner.Created(name);
    });
  }

  // Plans from (Snapshot, Request, CallFacts) or (Snapshot, Request).
  template <typename Request, typename Planner, typename Stored>
  void Changes(std::string_view method, Planner planner, Stored stored) {
    table_.MakesChange<Request>(method, [planner, stored, &ids = backends_.ids](
                                            const Caller& caller, const Request& request) {
      Change change;
      if constexpr (std::is_invocable_v<Planner, const Snapshot&, const Request&>) {
        change.plan = [planner, &request](const Snapshot& snapshot) {
          return planner(snapshot, request);
        };
      } else {
        change.plan = [planner, &request, facts = CallFacts{caller.now_unix_nanos, ids.NewHexId()}](
                          const Snapshot& snapshot) { return planner(snapshot, request, facts); };
      }
      change.stored = stored;
      return change;
    });
  }

 private:
  const Backends& backends_;
  MethodTableBuilder& table_;
};

std::string RunIdOf(const v1::LogBatchRequest& request) {
  return request.run().substr(request.run().rfind('/') + 1);
}

void NoteMetrics(const Backends& backends, const v1::LogBatchRequest& request,
                 tracking::Bundling bundling) {
  const std::string run_id = RunIdOf(request);
  backends.run_leases.Logged(run_id);
  if (bundling == tracking::Bundling::kAllowed) {
    backends.metric_folder.LoggedBundle(run_id, metrics::BundleBytes(request.metrics()));
    return;
  }
  for (const auto& columns : request.metrics()) {
    backends.metric_folder.Logged(run_id, columns.key(),
                                  columns.values_size() * metrics::kBytesPerPoint,
                                  columns.steps_size() == 0 ? 0 : columns.steps(0));
  }
}

Change LogBatch(const Backends& backends, const Caller& caller,
                const v1::LogBatchRequest& request) {
  const bool bundles =
      metrics::IsBundle(request.metrics()) && backends.metric_folder.TakesBundles(RunIdOf(request));
  const auto bundling = bundles ? tracking::Bundling::kAllowed : tracking::Bundling::kRefused;
  Change change;
  change.plan = [&request, bundling,
                 facts = CallFacts{caller.now_unix_nanos, backends.ids.NewHexId()}](
                    const Snapshot& snapshot) {
    return tracking::PlanLogBatch(snapshot, request, facts, bundling);
  };
  change.stored = [&backends, &request, bundling](const Message&) {
    NoteMetrics(backends, request, bundling);
  };
  change.brings_points = request.metrics_size() > 0;
  return change;
}

void AddRunChanges(const Backends& backends, MethodTableBuilder& table) {
  RunRows runs(backends, table);
  runs.ChangesRun<v1::CreateRunRequest>("CreateRun", tracking::PlanCreateRun);
  runs.ChangesRun<v1::FinishRunRequest>("FinishRun", tracking::PlanFinishRun);
  runs.ChangesRun<v1::DeleteRunRequest>("DeleteRun", tracking::PlanDeleteRun);
  runs.ChangesRun<v1::UndeleteRunRequest>("UndeleteRun", tracking::PlanUndeleteRun);
  runs.ChangesRun<v1::UpdateRunRequest>("UpdateRun", tracking::PlanUpdateRun);
  runs.ChangesRun<v1::ResumeRunRequest>("ResumeRun", tracking::PlanResumeRun);
  runs.Changes<v1::HeartbeatRunRequest>(
      "HeartbeatRun",
      [&leases = backends.run_leases](const Snapshot& snapshot,
                                      const v1::HeartbeatRunRequest& request) {
        return leases.PlanHeartbeat(snapshot, request);
      },
      nullptr);
  runs.Changes<v1::PurgeRunRequest>(
      "PurgeRun", tracking::PlanPurgeRun,
      [&purger = backends.run_purger](const Message&) { purger.Wake(); });
  runs.BeginsOperation<v1::PurgeExperimentRequest>("PurgeExperiment",
                                                   tracking::PlanPurgeExperiment);
  runs.BeginsOperation<v1::BulkChangeRunsRequest>(
      "BulkChangeRuns", [&searcher = backends.run_searcher](
                            const Snapshot& snapshot, const v1::BulkChangeRunsRequest& request,
                            const CallFacts& facts) {
        return tracking::PlanBulkChangeRuns(snapshot, searcher, request, facts);
      });
  table.MakesChange<v1::LogBatchRequest>(
      "LogBatch", [&backends](const Caller& caller, const v1::LogBatchRequest& request) {
        return LogBatch(backends, caller, request);
      });
  table.LeftToTransport("LogMetrics");
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
  table.Answers<v1::SearchRunsRequest>(
      "SearchRuns", [&searcher](const Caller& caller, const v1::SearchRunsRequest& search) {
        return searcher.SearchEncoded(search, caller.ended);
      });
  table.Answers<v1::CountRunsRequest>(
      "CountRuns", [&searcher](const Caller& caller, const v1::CountRunsRequest& count) {
        return searcher.Count(count, caller.ended);
      });
  table.Streams<v1::ReadMetricsRequest>(
      "ReadMetrics",
      [&store = backends.store](const Caller&, const v1::ReadMetricsRequest& request)
          -> absl::StatusOr<std::unique_ptr<PartSource>> {
        CAIRN_ASSIGN_OR_RETURN(auto curve,
                               tracking::MetricCurve::Open(store.GetSnapshot(), request));
        return std::make_unique<CurveParts>(std::move(curve));
      });
}

}  // namespace

void AddTrackingMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::Run::descriptor()->file()->FindServiceByName("TrackingService"));
  table.Changes<v1::CreateExperimentRequest>("CreateExperiment", tracking::PlanCreateExperiment);
  table.Answers<v1::GetExperimentRequest>("GetExperiment", tracking::GetExperiment);
  table.Answers<v1::ListExperimentsRequest>("ListExperiments", tracking::ListExperiments);
  table.Changes<v1::UpdateExperimentRequest>("UpdateExperiment", tracking::PlanUpdateExperiment);
  table.Changes<v1::DeleteExperimentRequest>("DeleteExperiment", tracking::PlanDeleteExperiment);
  table.Changes<v1::UndeleteExperimentRequest>("UndeleteExperiment",
                                               tracking::PlanUndeleteExperiment);
  AddRunChanges(backends, table);
  AddRunReads(backends, table);
}

}  // namespace cairn::service
