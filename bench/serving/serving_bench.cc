// The real server over loopback, client included, beside the bare disk in the same
// run. usage: serving_bench [--seconds N] [--data-dir PARENT]
//     [--only unary|reads|batches|pages|streams|curves]
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "bench/serving/bare_server.h"
#include "bench/serving/load.h"
#include "bench/serving/reads.h"
#include "fmt/format.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

namespace fs = std::filesystem;

struct Settings {
  double seconds = 5;
  std::string parent = fs::temp_directory_path().string();
  std::string only;

  bool Wants(const std::string& part) const { return only.empty() || only == part; }
};

void Print(const std::string& what, const std::string& result) {
  std::printf("%-58s %s\n", what.c_str(), result.c_str());
  std::fflush(stdout);
}

int64_t DirectoryBytes(const std::string& path) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(path, ignored)) {
    if (entry.is_regular_file(ignored)) bytes += static_cast<int64_t>(entry.file_size(ignored));
  }
  return bytes;
}

// One value of the server's /metrics; -1 if it is not there.
double Gauge(const testing::ServerProcess& server, const std::string& name) {
  const std::string text = testing::HttpGet(server.http_address(), "/metrics");
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
}

// Waits until folding is over, which leaves a little of each series raw: until nothing
// changed for three seconds. How long it went on, in seconds.
double WaitForFolding(const testing::ServerProcess& server) {
  const auto begin = Clock::now();
  double waiting = -1;
  double changed = 0;
  while (SecondsSince(begin) < changed + 3 && SecondsSince(begin) < 300) {
    const double now = Gauge(server, "cairn_metric_unfolded_bytes");
    if (now != waiting) changed = SecondsSince(begin);
    waiting = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return changed;
}

// Appends `bytes` and syncs, again and again: what the disk gives at most.
Rate BareAppends(const Settings& settings, size_t bytes) {
  const std::string path = settings.parent + "/cairn-bench-append";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  const std::string data(bytes, 'x');
  Rate rate;
  const auto begin = Clock::now();
  while (SecondsSince(begin) < settings.seconds / 2) {
    const auto start = Clock::now();
    if (::write(fd, data.data(), data.size()) < 0 || ::fdatasync(fd) != 0) break;
    rate.latencies.Add(Clock::now() - start);
  }
  rate.per_second = static_cast<double>(rate.latencies.size()) / SecondsSince(begin);
  ::close(fd);
  ::unlink(path.c_str());
  return rate;
}

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

void Reads(const testing::ServerProcess& server, Stub& stub, const Settings& settings) {
  const ReadRate bare = TimeBareCalls(settings.seconds, 64);
  Print("bare gRPC, an empty answer, 64 in flight", Describe(bare));
  const std::string run = NewRun(stub);
  TimeBatches(stub, settings.seconds / 10, 1, 1, run);
  const ReadRate reads = TimeGetRun(server.grpc_address(), server.pid(), run, settings.seconds, 64);
  Print("read unary (GetRun), 64 in flight",
        fmt::format("{}  ({:.2f} x bare)", Describe(reads),
                    reads.rate.per_second / bare.rate.per_second));
}

void Pages(const testing::ServerProcess& server, Stub& stub) {
  for (const int64_t runs : {10'000, 30'000}) {
    const std::string experiment = FillExperiment(stub, runs);
    Listing least = ListAll(stub, server.pid(), experiment);
    const Listing first = least;
    for (int i = 0; i < 5; ++i) {
      const Listing again = ListAll(stub, server.pid(), experiment);
      if (again.runs != runs) std::exit(1);
      if (again.millis < least.millis) least = again;
    }
    Print(fmt::format("all of {} runs, pages of 1,000 ordered by a metric", runs),
          fmt::format("{:.0f} ms (CPU {:.0f} server + {:.0f} client), first time {:.0f} ms "
                      "(CPU {:.0f} server)",
                      least.millis, least.server_millis, least.client_millis, first.millis,
                      first.server_millis));
  }
}

void Batches(Stub& stub, const Settings& settings) {
  for (const auto& [keys, points] : {std::pair{1, 1000}, std::pair{1000, 1}}) {
    const Latencies batch = TimeBatches(stub, settings.seconds, keys, points, NewRun(stub));
    Print(fmt::format("LogBatch of 1,000 metrics, {} key(s)", keys),
          fmt::format("p50 {:.2f} ms  p99 {:.2f} ms", batch.Quantile(0.5), batch.Quantile(0.99)));
  }
}

void UnaryCalls(const testing::ServerProcess& server, Stub& stub, const Settings& settings) {
  const Rate bare = BareAppends(settings, 512);
  Print("bare append of 512 bytes + fdatasync",
        fmt::format("p50 {:.3f} ms", bare.latencies.Quantile(0.5)));
  const ReadRate bare_call = TimeBareCalls(settings.seconds / 2, 1);
  const double call_millis = bare_call.rate.latencies.Quantile(0.5);
  Print("bare gRPC, an empty answer, one client", fmt::format("p50 {:.3f} ms", call_millis));
  const Latencies one = TimeBatches(stub, settings.seconds, 1, 1, NewRun(stub));
  Print("durable unary write, one client",
        fmt::format("p50 {:.3f} ms  p99 {:.2f} ms  ({:.2f} x both)", one.Quantile(0.5),
                    one.Quantile(0.99),
                    one.Quantile(0.5) / (bare.latencies.Quantile(0.5) + call_millis)));
  const std::string run = NewRun(stub);
  const Rate writes = KeepInFlight(64, settings.seconds, [&](int64_t i, auto done) {
    auto call = std::make_shared<Pending<v1::LogBatchRequest, v1::LogBatchResponse>>();
    call->request = BatchOf(run, 1, 1, i);
    stub.async()->LogBatch(&call->context, &call->request, &call->response,
                           [call, done](const grpc::Status& status) {
                             Check(status, "LogBatch");
                             done();
                           });
  });
  Print("durable unary write, 64 in flight",
        fmt::format("{:.0f} per s  p99 {:.2f} ms  ({:.0f} x bare)", writes.per_second,
                    writes.latencies.Quantile(0.99), writes.per_second / bare.per_second));
  Reads(server, stub, settings);
  Batches(stub, settings);
}

void StreamWith(const std::shared_ptr<grpc::Channel>& channel, const Settings& settings,
                size_t max_unacknowledged) {
  IngestPlan plan;
  plan.seconds = settings.seconds * 2;
  plan.max_unacknowledged = max_unacknowledged;
  const IngestResult result = Ingest(channel, plan);
  const double bytes = static_cast<double>(result.request_bytes);
  const Rate bare = BareAppends(settings, size_t{1} << 20);
  Print(fmt::format("streamed points, {} messages of 1,000 under way", 4 * max_unacknowledged),
        fmt::format("{:.2f} M/s durable  ack p50 {:.2f} p99 {:.2f} ms",
                    result.points_per_second / 1e6, result.acknowledgements.Quantile(0.5),
                    result.acknowledgements.Quantile(0.99)));
  Print("  its requests beside bare appends of 1 MiB + fdatasync",
        fmt::format("{:.0f} of {:.0f} MB/s",
                    bytes * result.points_per_second / static_cast<double>(result.points) / 1e6,
                    bare.per_second * (1 << 20) / 1e6));
}

void Streams(const testing::ServerProcess& server, const std::shared_ptr<grpc::Channel>& channel,
             const Settings& settings) {
  const int64_t before = DirectoryBytes(server.data_dir());
  for (const size_t max_unacknowledged : {5, 12}) StreamWith(channel, settings, max_unacknowledged);
  Print("  waiting to be folded at the end",
        fmt::format("{:.1f} MB, directory {:.0f} MB",
                    Gauge(server, "cairn_metric_unfolded_bytes") / 1e6,
                    static_cast<double>(DirectoryBytes(server.data_dir()) - before) / 1e6));
  const double took = WaitForFolding(server);
  Print("  folded", fmt::format("{:.1f} s later, {:.1f} MB left raw", took,
                                Gauge(server, "cairn_metric_unfolded_bytes") / 1e6));
}

// `points` of one series, logged and folded; its run.
std::string LongSeries(Stub& stub, int64_t points) {
  std::string run = NewRun(stub);
  constexpr int kPoints = 100'000;
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0.3, 0.02);
  grpc::ClientContext context;
  const auto stream = stub.LogMetrics(&context);
  for (int64_t first = 0; first < points; first += kPoints) {
    v1::LogMetricsRequest message;
    message.set_run(run);
    message.set_batch_number(first / kPoints + 1);
    v1::MetricColumns& columns = *message.add_metrics();
    columns.set_key("loss");
    for (int64_t i = first; i < std::min(points, first + kPoints); ++i) {
      columns.add_steps(i);
      columns.add_times_unix_millis(1'700'000'000'000 + i * 50);
      columns.add_values(static_cast<float>(noise(random)));
    }
    stream->Write(message);
  }
  stream->WritesDone();
  for (v1::LogMetricsResponse answer; stream->Read(&answer);) continue;
  Check(stream->Finish(), "LogMetrics");
  return run;
}

Latencies TimeReads(Stub& stub, const v1::ReadMetricsRequest& request, int64_t length, int times,
                    bool random_range) {
  std::mt19937_64 random(2);
  Latencies latencies;
  for (int i = 0; i < times; ++i) {
    v1::ReadMetricsRequest read = request;
    if (random_range) {
      const auto a = static_cast<int64_t>(random() % static_cast<uint64_t>(length / 2));
      read.set_start_step(a);
      read.set_end_step(a + length / 100 +
                        static_cast<int64_t>(random() % static_cast<uint64_t>(length / 2)));
    }
    grpc::ClientContext context;
    const auto begin = Clock::now();
    const auto stream = stub.ReadMetrics(&context, read);
    for (v1::ReadMetricsResponse part; stream->Read(&part);) continue;
    Check(stream->Finish(), "ReadMetrics");
    latencies.Add(Clock::now() - begin);
  }
  return latencies;
}

void Curves(const testing::ServerProcess& server, Stub& stub) {
  v1::ReadMetricsRequest request;
  request.set_key("loss");
  request.set_run(LongSeries(stub, 100'000));
  const Latencies raw = TimeReads(stub, request, 100'000, 50, false);
  constexpr int64_t kLong = 10'000'000;
  const int64_t before = DirectoryBytes(server.data_dir());
  const std::string long_run = LongSeries(stub, kLong);
  WaitForFolding(server);
  const Latencies folded = TimeReads(stub, request, 100'000, 50, false);
  Print("history of 100,000 points",
        fmt::format("raw p50 {:.2f} ms, folded p50 {:.2f} ms p99 {:.2f} ms", raw.Quantile(0.5),
                    folded.Quantile(0.5), folded.Quantile(0.99)));
  request.set_run(long_run);
  request.set_max_buckets(2000);
  const Latencies whole = TimeReads(stub, request, kLong, 100, false);
  const Latencies zoom = TimeReads(stub, request, kLong, 200, true);
  Print("10,000,000 points to 2,000 buckets",
        fmt::format("whole p50 {:.2f} p99 {:.2f} ms, ranges p50 {:.2f} p99 {:.2f} ms",
                    whole.Quantile(0.5), whole.Quantile(0.99), zoom.Quantile(0.5),
                    zoom.Quantile(0.99)));
  Print("  its disk use before compaction",
        fmt::format("{:.0f} MB for 10,000,000 points",
                    static_cast<double>(DirectoryBytes(server.data_dir()) - before) / 1e6));
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], kBareServerFlag) == 0) RunBareServer();
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0) settings.seconds = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--data-dir") == 0) settings.parent = argv[i + 1];
    if (std::strcmp(argv[i], "--only") == 0) settings.only = argv[i + 1];
  }
  std::string pattern = settings.parent + "/cairn-serving-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  {
    testing::ServerProcess server(pattern + "/store");
    if (!server.Start()) return 1;
    Print("memory of an empty server",
          fmt::format("{:.1f} MB", Gauge(server, "process_resident_memory_bytes") / 1e6));
    const auto channel = Connect(server.grpc_address());
    const auto stub = v1::TrackingService::NewStub(channel);
    if (settings.Wants("unary")) UnaryCalls(server, *stub, settings);
    if (settings.only == "reads") Reads(server, *stub, settings);  // a part of unary
    if (settings.only == "batches") Batches(*stub, settings);      // so is this
    if (settings.Wants("pages")) Pages(server, *stub);
    if (settings.Wants("streams")) Streams(server, channel, settings);
    if (settings.Wants("curves")) Curves(server, *stub);
    Print("memory at the end",
          fmt::format("{:.1f} MB", Gauge(server, "process_resident_memory_bytes") / 1e6));
    server.Stop();
  }
  std::error_code ignored;
  fs::remove_all(pattern, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
