// The real server with many runs: how long it takes to start from the store, and again
// after kill -9; its memory; searches over loopback while it is idle and while points
// stream in. Each run has 20 metrics and 20 parameters.
// usage: million_bench DIRECTORY [RUNS] [SECONDS]
// The store in DIRECTORY is filled when there is none, and kept: 1,000,000 runs need
// about 3 GB and some minutes.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "bench/index/run_store.h"
#include "bench/serving/load.h"
#include "fmt/format.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/merge_records.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

void Print(const std::string& what, const std::string& result) {
  std::printf("%-58s %s\n", what.c_str(), result.c_str());
  std::fflush(stdout);
}

void Fill(const std::string& directory, int64_t runs) {
  const auto begin = Clock::now();
  storage::RocksOptions options;
  options.directory = directory;
  options.merge = tracking::MergeRecords;
  auto store = storage::OpenRocksStore(std::move(options));
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", std::string(store.status().message()).c_str());
    std::exit(1);
  }
  FillRuns(**store, runs);
  Print(fmt::format("{} runs put into the store", runs),
        fmt::format("{:.1f} s", SecondsSince(begin)));
}

double ResidentMegabytes(const testing::ServerProcess& server) {
  const std::string text = testing::HttpGet(server.http_address(), "/metrics");
  const std::string name = "\nprocess_resident_memory_bytes ";
  const auto at = text.find(name);
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size()) / 1e6;
}

int64_t CountRuns(Stub& stub) {
  grpc::ClientContext context;
  v1::CountRunsRequest request;
  v1::CountRunsResponse response;
  Check(stub.CountRuns(&context, request, &response), "CountRuns");
  return response.run_count();
}

// Starts the server and waits for the first right answer.
void TimeStart(testing::ServerProcess& server, const std::string& how, int64_t runs) {
  const auto begin = Clock::now();
  if (!server.Start()) std::exit(1);
  const double ready = SecondsSince(begin);
  const auto stub = v1::TrackingService::NewStub(Connect(server.grpc_address()));
  const int64_t found = CountRuns(*stub);
  Print(how, fmt::format("ready after {:.2f} s, {} of {} runs counted after {:.2f} s, {:.0f} MB",
                         ready, found, runs, SecondsSince(begin), ResidentMegabytes(server)));
  if (found != runs) std::exit(1);
}

// The questions of a search; each call differs in its constants.
class Questions {
 public:
  explicit Questions(Stub& stub) : stub_(stub) {}

  // Three predicates, an order and 100 rows; with `mask`, only the names.
  Latencies Search(double seconds, bool names_only) {
    return Repeat(seconds, [&](Latencies& latencies) { Page(Usual(names_only), latencies); });
  }

  // The second page of the same.
  Latencies NextPage(double seconds) {
    return Repeat(seconds, [&](Latencies& latencies) {
      v1::SearchRunsRequest request = Usual(true);
      Latencies first;
      request.set_page_token(Page(request, first));
      if (!request.page_token().empty()) Page(request, latencies);
    });
  }

  Latencies Count(double seconds) {
    return Repeat(seconds, [&](Latencies& latencies) {
      v1::CountRunsRequest request;
      request.set_filter(Usual(true).filter());
      grpc::ClientContext context;
      v1::CountRunsResponse response;
      const auto begin = Clock::now();
      Check(stub_.CountRuns(&context, request, &response), "CountRuns");
      latencies.Add(Clock::now() - begin);
    });
  }

  // Half of all runs match, by a text that no two runs share and a bare word.
  Latencies Worst(double seconds) {
    return Repeat(seconds, [&](Latencies& latencies) {
      v1::SearchRunsRequest request;
      request.set_filter(fmt::format("params.p18 > {} AND display_name = \"*{:x}*\"",
                                     random_() % 500'000'000, random_() % 256));
      request.set_order_by(
          fmt::format("metrics.m{} desc, metrics.m{}", random_() % 20, random_() % 20));
      request.set_page_size(100);
      request.mutable_read_mask()->add_paths("name");
      Page(request, latencies);
    });
  }

 private:
  template <typename Call>
  static Latencies Repeat(double seconds, Call&& call) {
    Latencies latencies;
    for (const auto begin = Clock::now(); SecondsSince(begin) < seconds;) call(latencies);
    return latencies;
  }

  v1::SearchRunsRequest Usual(bool names_only) {
    v1::SearchRunsRequest request;
    request.set_filter(fmt::format("params.p{} < 20 AND params.p{} = {} AND metrics.m{} > {:.3f}",
                                   random_() % 18, random_() % 18, random_() % 100, random_() % 20,
                                   static_cast<double>(random_() % 900) / 1000));
    request.set_order_by(fmt::format("metrics.m{} desc", random_() % 20));
    request.set_page_size(100);
    if (names_only) request.mutable_read_mask()->add_paths("name");
    return request;
  }

  std::string Page(const v1::SearchRunsRequest& request, Latencies& latencies) {
    grpc::ClientContext context;
    v1::SearchRunsResponse response;
    const auto begin = Clock::now();
    Check(stub_.SearchRuns(&context, request, &response), "SearchRuns");
    latencies.Add(Clock::now() - begin);
    return response.next_page_token();
  }

  Stub& stub_;
  std::mt19937_64 random_{3};
};

std::string Describe(const Latencies& latencies) {
  return fmt::format("p50 {:.2f} ms  p99 {:.2f} ms  ({} calls)", latencies.Quantile(0.5),
                     latencies.Quantile(0.99), latencies.size());
}

void Ask(Questions& questions, const std::string& when, double seconds) {
  Print(when + ": 3 predicates + order + 100 names", Describe(questions.Search(seconds, true)));
  Print(when + ": the same, 100 whole runs", Describe(questions.Search(seconds, false)));
  Print(when + ": next page", Describe(questions.NextPage(seconds)));
  Print(when + ": count", Describe(questions.Count(seconds)));
  Print(when + ": text without index, two sort keys", Describe(questions.Worst(seconds)));
}

void AddRuns(const std::string& address, int64_t count) {
  const auto stub = v1::TrackingService::NewStub(Connect(address));
  for (int64_t i = 0; i < count; ++i) NewRun(*stub);
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: million_bench DIRECTORY [RUNS] [SECONDS]\n");
    return 2;
  }
  const std::string directory = argv[1];
  const int64_t runs = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 5;
  if (!std::filesystem::exists(directory)) Fill(directory, runs);

  testing::ServerProcess server(directory);
  if (!server.Start()) return 1;
  const int64_t before = CountRuns(*v1::TrackingService::NewStub(Connect(server.grpc_address())));
  server.Stop();
  TimeStart(server, "start after a clean stop", before);
  constexpr int64_t kAdded = 1'000;
  AddRuns(server.grpc_address(), kAdded);
  server.Kill();
  TimeStart(server, "start after kill -9", before + kAdded);

  const auto channel = Connect(server.grpc_address());
  const auto stub = v1::TrackingService::NewStub(channel);
  Questions questions(*stub);
  questions.Search(seconds, true);  // sort orders are made when they are first asked for
  questions.Worst(seconds);
  Ask(questions, "idle", seconds);
  IngestPlan plan;
  plan.seconds = 6 * seconds;
  plan.points_per_second = 1'000'000;
  IngestResult ingest;
  std::thread writer([&] { ingest = Ingest(Connect(server.grpc_address()), plan); });
  Ask(questions, "1 M points/s", seconds);
  writer.join();
  Print("  streamed meanwhile", fmt::format("{:.2f} M points/s", ingest.points_per_second / 1e6));
  Print("memory at the end", fmt::format("{:.0f} MB", ResidentMegabytes(server)));
  server.Stop();
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
