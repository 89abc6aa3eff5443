#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cairn/v1/tracking.grpc.pb.h"
#include "server/metrics/bundle.h"
#include "server/metrics/folder.h"
#include "server/rpc/log_metrics_stream.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/services.h"
#include "server/rpc/streams.h"
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

namespace cairn::rpc {
namespace {

using cairn::v1::TrackingService;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using storage::Snapshot;
using tracking::CallFacts;

class ReadMetricsStream final : public ServerStream {
 public:
  ReadMetricsStream(Environment& env, CallbackServerContext* context,
                    const grpc::ByteBuffer* request)
      : ServerStream(env, "cairn.v1.TrackingService/ReadMetrics", context, Effort::kLong),
        bytes_(*request) {}

 private:
  absl::StatusOr<bool> Produce(grpc::ByteBuffer& part) override {
    if (!curve_.has_value()) {
      CAIRN_RETURN_IF_ERROR(ParseRequest(bytes_, request_));
      bytes_.Clear();
      auto curve = tracking::MetricCurve::Open(environment().store.GetSnapshot(), request_);
      if (!curve.ok()) return curve.status();
      curve_ = *std::move(curve);
    }
    cairn::v1::ReadMetricsResponse response;
    auto more = curve_->Next(response);
    if (more.ok() && *more) part = ToByteBuffer(response.SerializeAsString());
    return more;
  }

  int64_t HeldBytes() const override { return curve_.has_value() ? curve_->HeldBytes() : 0; }

  grpc::ByteBuffer bytes_;  // of the request, until it is parsed
  cairn::v1::ReadMetricsRequest request_;
  std::optional<tracking::MetricCurve> curve_;
};

// Runs are answered as the bytes they are stored in, streams part by part.
using TrackingBase =
    TrackingService::WithRawCallbackMethod_GetRun<TrackingService::WithRawCallbackMethod_SearchRuns<
        TrackingService::WithRawCallbackMethod_ReadMetrics<TrackingService::CallbackService>>>;

class TrackingServiceImpl final : public ParsedService<TrackingService, TrackingBase> {
 public:
  explicit TrackingServiceImpl(Environment& environment) : env_(environment) {
    Parsed(environment, this, &TrackingServiceImpl::CreateExperiment,
           &TrackingServiceImpl::GetExperiment, &TrackingServiceImpl::ListExperiments,
           &TrackingServiceImpl::UpdateExperiment, &TrackingServiceImpl::DeleteExperiment,
           &TrackingServiceImpl::UndeleteExperiment, &TrackingServiceImpl::CreateRun,
           &TrackingServiceImpl::ListRuns, &TrackingServiceImpl::CountRuns,
           &TrackingServiceImpl::FinishRun, &TrackingServiceImpl::DeleteRun,
           &TrackingServiceImpl::UndeleteRun, &TrackingServiceImpl::UpdateRun,
           &TrackingServiceImpl::ResumeRun, &TrackingServiceImpl::HeartbeatRun,
           &TrackingServiceImpl::PurgeRun, &TrackingServiceImpl::PurgeExperiment,
           &TrackingServiceImpl::BulkChangeRuns, &TrackingServiceImpl::LogBatch);
    ParsedStream<LogMetricsStream::Handler, cairn::v1::LogMetricsRequest>(
        [this](CallbackServerContext*) {
          auto stream = std::make_unique<LogMetricsStream>(env_);
          stream->Start();
          return stream.release();  // deletes itself when the call is done
        });
  }

  ServerUnaryReactor* CreateExperiment(CallbackServerContext* context,
                                       const cairn::v1::CreateExperimentRequest* request,
                                       cairn::v1::Experiment* response) override {
    return ServeMutation(env_, "cairn.v1.TrackingService/CreateExperiment", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return tracking::PlanCreateExperiment(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* GetExperiment(CallbackServerContext* context,
                                    const cairn::v1::GetExperimentRequest* request,
                                    cairn::v1::Experiment* response) override {
    return ServeRead(env_, "cairn.v1.TrackingService/GetExperiment", context, request, response,
                     Effort::kQuick, tracking::GetExperiment);
  }

  ServerUnaryReactor* ListExperiments(CallbackServerContext* context,
                                      const cairn::v1::ListExperimentsRequest* request,
                                      cairn::v1::ListExperimentsResponse* response) override {
    return ServeRead(env_, "cairn.v1.TrackingService/ListExperiments", context, request, response,
                     Effort::kLong, tracking::ListExperiments);
  }

  ServerUnaryReactor* UpdateExperiment(CallbackServerContext* context,
                                       const cairn::v1::UpdateExperimentRequest* request,
                                       cairn::v1::Experiment* response) override {
    return ServeMutation(env_, "cairn.v1.TrackingService/UpdateExperiment", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return tracking::PlanUpdateExperiment(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* DeleteExperiment(CallbackServerContext* context,
                                       const cairn::v1::DeleteExperimentRequest* request,
                                       cairn::v1::Experiment* response) override {
    return ServeMutation(env_, "cairn.v1.TrackingService/DeleteExperiment", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return tracking::PlanDeleteExperiment(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* UndeleteExperiment(CallbackServerContext* context,
                                         const cairn::v1::UndeleteExperimentRequest* request,
                                         cairn::v1::Experiment* response) override {
    return ServeMutation(env_, "cairn.v1.TrackingService/UndeleteExperiment", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return tracking::PlanUndeleteExperiment(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* CreateRun(CallbackServerContext* context,
                                const cairn::v1::CreateRunRequest* request,
                                cairn::v1::Run* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/CreateRun", context, request, response,
        [request, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanCreateRun(snapshot, *request, facts);
        },
        NoteChange(response));
  }

  using TrackingBase::GetRun;
  ServerUnaryReactor* GetRun(CallbackServerContext* context, const grpc::ByteBuffer* request,
                             grpc::ByteBuffer* response) override {
    return ServeBytes<cairn::v1::GetRunRequest>(
        env_, "cairn.v1.TrackingService/GetRun", context, request, response, Effort::kQuick,
        [this](const cairn::v1::GetRunRequest& get) { return env_.run_searcher.Get(get.name()); });
  }

  ServerUnaryReactor* ListRuns(CallbackServerContext* context,
                               const cairn::v1::ListRunsRequest* request,
                               cairn::v1::ListRunsResponse* response) override {
    return ServeRead(env_, "cairn.v1.TrackingService/ListRuns", context, request, response,
                     Effort::kLong,
                     [this](const Snapshot& snapshot, const cairn::v1::ListRunsRequest& list) {
                       return tracking::ListRuns(snapshot, list, &env_.run_searcher.damage());
                     });
  }

  using TrackingBase::SearchRuns;
  ServerUnaryReactor* SearchRuns(CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override {
    return ServeBytes<cairn::v1::SearchRunsRequest>(
        env_, "cairn.v1.TrackingService/SearchRuns", context, request, response, Effort::kLong,
        [this, context](const cairn::v1::SearchRunsRequest& search) {
          return env_.run_searcher.SearchEncoded(search, EndOf(context));
        });
  }

  ServerUnaryReactor* CountRuns(CallbackServerContext* context,
                                const cairn::v1::CountRunsRequest* request,
                                cairn::v1::CountRunsResponse* response) override {
    return ServeRead(env_, "cairn.v1.TrackingService/CountRuns", context, request, response,
                     Effort::kLong,
                     [this, context](const Snapshot&, const cairn::v1::CountRunsRequest& count) {
                       return env_.run_searcher.Count(count, EndOf(context));
                     });
  }

  ServerUnaryReactor* FinishRun(CallbackServerContext* context,
                                const cairn::v1::FinishRunRequest* request,
                                cairn::v1::Run* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/FinishRun", context, request, response,
        [request, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanFinishRun(snapshot, *request, facts);
        },
        NoteChange(response));
  }

  ServerUnaryReactor* DeleteRun(CallbackServerContext* context,
                                const cairn::v1::DeleteRunRequest* request,
                                cairn::v1::Run* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/DeleteRun", context, request, response,
        [request, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanDeleteRun(snapshot, *request, facts);
        },
        NoteChange(response));
  }

  ServerUnaryReactor* UndeleteRun(CallbackServerContext* context,
                                  const cairn::v1::UndeleteRunRequest* request,
                                  cairn::v1::Run* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/UndeleteRun", context, request, response,
        [request, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanUndeleteRun(snapshot, *request, facts);
        },
        NoteChange(response));
  }

  ServerUnaryReactor* UpdateRun(CallbackServerContext* context,
                                const cairn::v1::UpdateRunRequest* request,
                                cairn::v1::Run* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/UpdateRun", context, request, response,
        [request](const Snapshot& snapshot) { return tracking::PlanUpdateRun(snapshot, *request); },
        NoteChange(response));
  }

  ServerUnaryReactor* ResumeRun(CallbackServerContext* context,
                                const cairn::v1::ResumeRunRequest* request,
                                cairn::v1::Run* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/ResumeRun", context, request, response,
        [request](const Snapshot& snapshot) { return tracking::PlanResumeRun(snapshot, *request); },
        NoteChange(response));
  }

  ServerUnaryReactor* HeartbeatRun(CallbackServerContext* context,
                                   const cairn::v1::HeartbeatRunRequest* request,
                                   cairn::v1::HeartbeatRunResponse* response) override {
    return ServeMutation(env_, "cairn.v1.TrackingService/HeartbeatRun", context, request, response,
                         [this, request](const Snapshot& snapshot) {
                           return env_.run_leases.PlanHeartbeat(snapshot, *request);
                         });
  }

  ServerUnaryReactor* PurgeRun(CallbackServerContext* context,
                               const cairn::v1::PurgeRunRequest* request,
                               google::protobuf::Empty* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/PurgeRun", context, request, response,
        [request](const Snapshot& snapshot) { return tracking::PlanPurgeRun(snapshot, *request); },
        [this] { env_.run_purger.Wake(); });
  }

  ServerUnaryReactor* PurgeExperiment(CallbackServerContext* context,
                                      const cairn::v1::PurgeExperimentRequest* request,
                                      google::longrunning::Operation* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/PurgeExperiment", context, request, response,
        [request, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanPurgeExperiment(snapshot, *request, facts);
        },
        NoteOperation(response));
  }

  ServerUnaryReactor* BulkChangeRuns(CallbackServerContext* context,
                                     const cairn::v1::BulkChangeRunsRequest* request,
                                     google::longrunning::Operation* response) override {
    return ServeMutation(
        env_, "cairn.v1.TrackingService/BulkChangeRuns", context, request, response,
        [this, request, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanBulkChangeRuns(snapshot, env_.run_searcher, *request, facts);
        },
        NoteOperation(response));
  }

  ServerUnaryReactor* LogBatch(CallbackServerContext* context,
                               const cairn::v1::LogBatchRequest* request,
                               cairn::v1::LogBatchResponse* response) override {
    const bool bundles =
        metrics::IsBundle(request->metrics()) && env_.metric_folder.TakesBundles(RunIdOf(*request));
    const auto bundling = bundles ? tracking::Bundling::kAllowed : tracking::Bundling::kRefused;
    return ServeMutation(
        env_, "cairn.v1.TrackingService/LogBatch", context, request, response,
        [request, bundling, facts = Facts()](const Snapshot& snapshot) {
          return tracking::PlanLogBatch(snapshot, *request, facts, bundling);
        },
        [this, bundling, request] { NoteMetrics(*request, bundling); }, Effort::kQuick,
        request->metrics_size() > 0 ? &env_.folding_room : nullptr);
  }

  using TrackingBase::ReadMetrics;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ReadMetrics(
      CallbackServerContext* context, const grpc::ByteBuffer* request) override {
    auto stream = std::make_unique<ReadMetricsStream>(env_, context, request);
    stream->Start();
    return stream.release();  // deletes itself when the call is done
  }

 private:
  static std::string RunIdOf(const cairn::v1::LogBatchRequest& request) {
    return request.run().substr(request.run().rfind('/') + 1);
  }

  void NoteMetrics(const cairn::v1::LogBatchRequest& request, tracking::Bundling bundling) {
    const std::string run_id = RunIdOf(request);
    env_.run_leases.Logged(run_id);
    if (bundling == tracking::Bundling::kAllowed) {
      env_.metric_folder.LoggedBundle(run_id, metrics::BundleBytes(request.metrics()));
      return;
    }
    for (const auto& columns : request.metrics()) {
      env_.metric_folder.Logged(run_id, columns.key(), columns.values_size() * kBytesPerPoint,
                                columns.steps_size() == 0 ? 0 : columns.steps(0));
    }
  }

  // What to do when the answer says how a run is now.
  std::function<void()> NoteChange(const cairn::v1::Run* run) {
    return [this, run] { env_.run_leases.Changed(*run); };
  }

  // What to do when the answer is an operation; one without a name was not stored.
  std::function<void()> NoteOperation(const google::longrunning::Operation* operation) {
    return [this, operation] {
      if (!operation->name().empty()) env_.operations.Created(operation->name());
    };
  }

  int64_t Now() const { return env_.clock.NowUnixNanos(); }
  CallFacts Facts() const { return {Now(), env_.ids.NewHexId()}; }

  Environment& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTrackingService(Environment& environment) {
  return std::make_unique<TrackingServiceImpl>(environment);
}

}  // namespace cairn::rpc
