#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "bench/serving/bare_calls.h"
#include "bench/serving/parts.h"
#include "bench/serving/reads.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

v1::LogBatchRequest BatchOf(const std::string& run, int keys, int points, int64_t first_step) {
  v1::LogBatchRequest request;
  request.set_run(run);
  for (int k = 0; k < keys; ++k) {
    v1::MetricColumns& columns = *request.add_metrics();
    columns.set_key(fmt::format("metric_{:04}", k));
    for (int i = 0; i < points; ++i) {
      columns.add_steps(first_step + i);
      columns.add_values(0.25 + static_cast<double>(i % 97) / 1024);
    }
  }
  return request;
}

Latencies TimeBatches(Stub& stub, double seconds, int keys, int points, const std::string& run) {
  Latencies latencies;
  const auto begin = Clock::now();
  for (int64_t i = 0; SecondsSince(begin) < seconds; ++i) {
    const v1::LogBatchRequest request = BatchOf(run, keys, points, i * points);
    grpc::ClientContext context;
    v1::LogBatchResponse response;
    const auto start = Clock::now();
    Check(stub.LogBatch(&context, request, &response), "LogBatch");
    latencies.Add(Clock::now() - start);
  }
  return latencies;
}

// One asynchronous call with everything it needs to stay alive.
template <typename Request, typename Response>
struct Pending {
  grpc::ClientContext context;
  Request request;
  Response response;
};

std::string Describe(const ReadRate& reads) {
  return fmt::format("{:.0f} per s  p99 {:.2f} ms, CPU {:.1f} us server + {:.1f} us client",
                     reads.rate.per_second, reads.rate.latencies.Quantile(0.99),
                     reads.server_micros, reads.client_micros);
}

}  // namespace

void Reads(const Target& target, const Settings& settings) {
  const ReadRate bare = TimeBareCalls(settings.seconds, 64);
  Print("bare gRPC, an empty answer, 64 in flight", Describe(bare));
  const std::string run = NewRun(target.stub);
  TimeBatches(target.stub, settings.seconds / 10, 1, 1, run);
  const ReadRate reads =
      TimeGetRun(target.server.grpc_address(), target.server.pid(), run, settings.seconds, 64);
  Print("read unary (GetRun), 64 in flight",
        fmt::format("{}  ({:.2f} x bare)", Describe(reads),
                    reads.rate.per_second / bare.rate.per_second));
}

void Batches(const Target& target, const Settings& settings) {
  for (const auto& [keys, points] : {std::pair{1, 1000}, std::pair{1000, 1}}) {
    const v1::LogBatchRequest request = BatchOf("", keys, points, 0);
    const size_t bytes = request.ByteSizeLong();
    const Rate append = BareAppends(settings.parent, settings.seconds / 4, bytes);
    const Latencies call = TimeBareBatches(settings.seconds / 4, request);
    const Latencies batch =
        TimeBatches(target.stub, settings.seconds, keys, points, NewRun(target.stub));
    const double append_millis = append.latencies.Quantile(0.5);
    Print(fmt::format("LogBatch of 1,000 metrics, {} key(s)", keys),
          fmt::format("p50 {:.2f} ms  p99 {:.2f} ms  ({:.2f} x append {:.2f} + call {:.2f} of "
                      "{} bytes)",
                      batch.Quantile(0.5), batch.Quantile(0.99),
                      batch.Quantile(0.5) / (append_millis + call.Quantile(0.5)), append_millis,
                      call.Quantile(0.5), bytes));
  }
}

void UnaryCalls(const Target& target, const Settings& settings) {
  const Rate bare = BareAppends(settings.parent, settings.seconds / 2, 512);
  Print("bare append of 512 bytes + fdatasync",
        fmt::format("p50 {:.3f} ms", bare.latencies.Quantile(0.5)));
  const ReadRate bare_call = TimeBareCalls(settings.seconds / 2, 1);
  const double call_millis = bare_call.rate.latencies.Quantile(0.5);
  Print("bare gRPC, an empty answer, one client", fmt::format("p50 {:.3f} ms", call_millis));
  const Latencies one = TimeBatches(target.stub, settings.seconds, 1, 1, NewRun(target.stub));
  Print("durable unary write, one client",
        fmt::format("p50 {:.3f} ms  p99 {:.2f} ms  ({:.2f} x both)", one.Quantile(0.5),
                    one.Quantile(0.99),
                    one.Quantile(0.5) / (bare.latencies.Quantile(0.5) + call_millis)));
  const ReadRate bare_many = TimeBareCalls(settings.seconds / 2, 64);
  const std::string run = NewRun(target.stub);
  const Rate writes = KeepInFlight(64, settings.seconds, [&](int64_t i, auto done) {
    auto call = std::make_shared<Pending<v1::LogBatchRequest, v1::LogBatchResponse>>();
    call->request = BatchOf(run, 1, 1, i);
    target.stub.async()->LogBatch(&call->context, &call->request, &call->response,
                                  [call, done](const grpc::Status& status) {
                                    Check(status, "LogBatch");
                                    done();
                                  });
  });
  Print("durable unary write, 64 in flight",
        fmt::format("{:.0f} per s  p99 {:.2f} ms  ({:.0f} x bare appends, {:.2f} x bare calls)",
                    writes.per_second, writes.latencies.Quantile(0.99),
                    writes.per_second / bare.per_second,
                    writes.per_second / bare_many.rate.per_second));
  Reads(target, settings);
  Batches(target, settings);
}

void Pages(const Target& target, const Settings& settings) {
  for (const int64_t runs : {settings.runs, 3 * settings.runs}) {
    const std::string experiment = FillExperiment(target.stub, runs);
    const Listing first = ListAll(target.stub, target.server.pid(), experiment);
    const Listing weighed = ListAll(target.stub, target.server.pid(), experiment, /*weigh=*/true);
    Listing least = first;
    for (int i = 0; i < 5; ++i) {
      const Listing again = ListAll(target.stub, target.server.pid(), experiment);
      if (again.runs != runs) std::exit(1);
      if (again.millis < least.millis) least = again;
    }
    const Latencies bare = TimeBareAnswers(settings.seconds / 4, weighed.bytes / weighed.pages);
    const double bare_millis = bare.Quantile(0.5) * static_cast<double>(weighed.pages);
    Print(fmt::format("all of {} runs, pages of 1,000 ordered by a metric", runs),
          fmt::format("{:.0f} ms (CPU {:.0f} server + {:.0f} client), first time {:.0f} ms "
                      "(CPU {:.0f} server)  ({:.2f} x {} bare calls with {:.1f} MB: {:.1f} ms)",
                      least.millis, least.server_millis, least.client_millis, first.millis,
                      first.server_millis, least.millis / bare_millis, weighed.pages,
                      static_cast<double>(weighed.bytes) / 1e6, bare_millis));
  }
}

}  // namespace cairn::bench
