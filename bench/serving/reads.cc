#include "bench/serving/reads.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "bench/serving/bare_server.h"
#include "fmt/format.h"
#include "google/protobuf/arena.h"
#include "lib/base/ids.h"

namespace cairn::bench {
namespace {

constexpr int kInFlight = 64;
constexpr int kKeys = 20;

// Calls `method` of the stub's asynchronous side with `request`; `then(response)`
// when it has succeeded.
template <typename Response, typename Request, typename Method, typename Then>
void Start(Stub& stub, OpenCalls& calls, Method method, Request request, Then then) {
  struct Call {
    explicit Call(OpenCalls& open) : ticket(open) {}
    const OpenCalls::Ticket ticket;
    grpc::ClientContext context;
    Request request;
    Response response;
  };
  auto call = std::make_shared<Call>(calls);
  call->request = std::move(request);
  (stub.async()->*method)(&call->context, &call->request, &call->response,
                          [call, then = std::move(then)](const grpc::Status& status) {
                            Check(status, "a call");
                            then(call->response);
                          });
}

using UnaryGetRun = void (Stub::async::*)(grpc::ClientContext*, const v1::GetRunRequest*, v1::Run*,
                                          std::function<void(grpc::Status)>);
using UnaryCreateRun = void (Stub::async::*)(grpc::ClientContext*, const v1::CreateRunRequest*,
                                             v1::Run*, std::function<void(grpc::Status)>);
using UnaryLogBatch = void (Stub::async::*)(grpc::ClientContext*, const v1::LogBatchRequest*,
                                            v1::LogBatchResponse*,
                                            std::function<void(grpc::Status)>);

v1::CreateRunRequest RunOf(const std::string& experiment, int64_t i) {
  std::mt19937_64 random(static_cast<uint64_t>(i));
  v1::CreateRunRequest request;
  request.set_parent(experiment);
  request.mutable_run()->set_user("bench");
  for (int k = 0; k < kKeys; ++k) {
    (*request.mutable_run()->mutable_params())[fmt::format("p{}", k)] =
        std::to_string(random() % 100);
  }
  return request;
}

v1::LogBatchRequest MetricsOf(const std::string& run, int64_t i) {
  std::mt19937_64 random(static_cast<uint64_t>(i) + 1'000'000);
  v1::LogBatchRequest request;
  request.set_run(run);
  for (int k = 0; k < kKeys; ++k) {
    v1::MetricColumns& columns = *request.add_metrics();
    columns.set_key(fmt::format("m{}", k));
    columns.add_steps(100);
    columns.add_values(static_cast<double>(random() % 1'000'000) / 1e6);
  }
  return request;
}

}  // namespace

ReadRate TimeGetRun(const std::string& address, pid_t server, const std::string& run,
                    double seconds, int in_flight) {
  const auto stub = v1::TrackingService::NewStub(Connect(address));
  OpenCalls calls;
  v1::GetRunRequest request;
  request.set_name(run);
  const double server_before = CpuMicrosOf(server);
  const double client_before = CpuMicrosOf(::getpid());
  ReadRate result;
  result.rate = KeepInFlight(in_flight, seconds, [&](int64_t, auto done) {
    Start<v1::Run>(*stub, calls, static_cast<UnaryGetRun>(&Stub::async::GetRun), request,
                   [done](const v1::Run&) { done(); });
  });
  const auto count = static_cast<double>(result.rate.latencies.size());
  result.server_micros = (CpuMicrosOf(server) - server_before) / count;
  result.client_micros = (CpuMicrosOf(::getpid()) - client_before) / count;
  return result;
}

ReadRate TimeBareCalls(double seconds, int in_flight) {
  const BareServer server;
  if (server.address().empty()) std::exit(1);
  return TimeGetRun(server.address(), server.pid(),
                    "experiments/0/runs/00000000000000000000000000000000", seconds, in_flight);
}

std::string FillExperiment(Stub& stub, int64_t runs) {
  grpc::ClientContext context;
  v1::CreateExperimentRequest request;
  request.mutable_experiment()->set_display_name("bench-" + SystemIds().NewUuid4());
  v1::Experiment experiment;
  Check(stub.CreateExperiment(&context, request, &experiment), "CreateExperiment");
  OpenCalls calls;
  KeepCalls(kInFlight, runs, [&](int64_t i, auto done) {
    Start<v1::Run>(stub, calls, static_cast<UnaryCreateRun>(&Stub::async::CreateRun),
                   RunOf(experiment.name(), i), [&stub, &calls, i, done](const v1::Run& run) {
                     Start<v1::LogBatchResponse>(
                         stub, calls, static_cast<UnaryLogBatch>(&Stub::async::LogBatch),
                         MetricsOf(run.name(), i), [done](const auto&) { done(); });
                   });
  });
  return experiment.name();
}

v1::SearchRunsRequest WholePages(const std::string& experiment) {
  v1::SearchRunsRequest request;
  request.add_parents(experiment);
  request.set_order_by("metrics.m3 desc");
  request.set_page_size(1000);
  return request;
}

Listing ListAll(Stub& stub, pid_t server, const std::string& experiment, bool weigh) {
  v1::SearchRunsRequest request = WholePages(experiment);
  Listing listing;
  const double server_before = CpuMicrosOf(server);
  const double client_before = CpuMicrosOf(::getpid());
  const auto begin = Clock::now();
  do {
    grpc::ClientContext context;
    google::protobuf::Arena arena;
    auto& page = *google::protobuf::Arena::CreateMessage<v1::SearchRunsResponse>(&arena);
    Check(stub.SearchRuns(&context, request, &page), "SearchRuns");
    listing.runs += page.runs_size();
    ++listing.pages;
    if (weigh) listing.bytes += static_cast<int64_t>(page.ByteSizeLong());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  listing.millis = SecondsSince(begin) * 1e3;
  listing.server_millis = (CpuMicrosOf(server) - server_before) / 1e3;
  listing.client_millis = (CpuMicrosOf(::getpid()) - client_before) / 1e3;
  return listing;
}

}  // namespace cairn::bench
