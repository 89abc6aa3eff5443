// The real server with many runs: how long it takes to start from the store, and again
// after kill -9; its memory; searches over loopback while it is idle and while points
// stream in. Each run has 20 metrics and 20 parameters.
// usage: million_bench [--runs N] [--seconds N] [--directory DIRECTORY] [--data-dir PARENT]
// The store is filled in a temporary directory below PARENT and removed at the end, or in
// DIRECTORY and kept; there it is only filled when there is none. 1,000,000 runs with
// their points need about 5 GB and some minutes.
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "bench/index/run_store.h"
#include "bench/serving/bare_calls.h"
#include "bench/serving/bare_server.h"
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

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

void Fill(const std::string& directory, int64_t runs) {
  const auto begin = Clock::now();
  storage::RocksOptions options;
  options.directory = directory;
  options.merge = tracking::MergeRecords;
  auto store = storage::OpenRocksStore(std::move(options));
  if (!store.ok()) Fail(std::string(store.status().message()));
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

// A start has to do at least so much: start a gRPC server, and read every byte of the
// index's checkpoint. In seconds.
double BareStart(const std::string& directory) {
  const auto begin = Clock::now();
  const BareServer bare;
  if (bare.address().empty()) Fail("the bare server did not start");
  std::vector<char> bytes(size_t{1} << 20);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/index", ignored)) {
    std::ifstream file(entry.path(), std::ios::binary);
    while (file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) continue;
  }
  return SecondsSince(begin);
}

// Starts the server and waits for the first right answer.
void TimeStart(testing::ServerProcess& server, const std::string& how, int64_t runs) {
  const double bare = BareStart(server.data_dir());
  const auto begin = Clock::now();
  if (!server.Start()) std::exit(1);
  const double ready = SecondsSince(begin);
  const auto stub = v1::TrackingService::NewStub(Connect(server.grpc_address()));
  const int64_t found = CountRuns(*stub);
  const double answered = SecondsSince(begin);
  Print(how, fmt::format("ready after {:.2f} s, {} of {} runs counted after {:.2f} s ({:.1f} x a "
                         "bare server + reading the checkpoint: {:.3f} s), {:.0f} MB",
                         ready, found, runs, answered, answered / bare, bare,
                         ResidentMegabytes(server)));
  if (found != runs) std::exit(1);
}

// How long answers took and, on average, how large they were.
struct Asked {
  Latencies latencies;
  int64_t bytes = 0;

  int64_t mean_bytes() const {
    return bytes / std::max<int64_t>(1, static_cast<int64_t>(latencies.size()));
  }
};

// The questions of a search; each call differs in its constants.
class Questions {
 public:
  explicit Questions(Stub& stub) : stub_(stub) {}

  // Three predicates, an order and 100 rows; with `mask`, only the names.
  Asked Search(double seconds, bool names_only) {
    return Repeat(seconds, [&](Asked& asked) { Page(Usual(names_only), asked); });
  }

  // The second page of the same.
  Asked NextPage(double seconds) {
    return Repeat(seconds, [&](Asked& asked) {
      v1::SearchRunsRequest request = Usual(true);
      Asked first;
      request.set_page_token(Page(request, first));
      if (!request.page_token().empty()) Page(request, asked);
    });
  }

  Asked Count(double seconds) {
    return Repeat(seconds, [&](Asked& asked) {
      v1::CountRunsRequest request;
      request.set_filter(Usual(true).filter());
      grpc::ClientContext context;
      v1::CountRunsResponse response;
      const auto begin = Clock::now();
      Check(stub_.CountRuns(&context, request, &response), "CountRuns");
      asked.latencies.Add(Clock::now() - begin);
      asked.bytes += static_cast<int64_t>(response.ByteSizeLong());
    });
  }

  // Half of all runs match, by a text that no two runs share and a bare word.
  Asked Worst(double seconds) {
    return Repeat(seconds, [&](Asked& asked) {
      v1::SearchRunsRequest request;
      request.set_filter(fmt::format("params.p18 > {} AND display_name = \"*{:x}*\"",
                                     random_() % 500'000'000, random_() % 256));
      request.set_order_by(
          fmt::format("metrics.m{} desc, metrics.m{}", random_() % 20, random_() % 20));
      request.set_page_size(100);
      request.mutable_read_mask()->add_paths("name");
      Page(request, asked);
    });
  }

 private:
  template <typename Call>
  static Asked Repeat(double seconds, Call&& call) {
    Asked asked;
    for (const auto begin = Clock::now(); SecondsSince(begin) < seconds;) call(asked);
    return asked;
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

  std::string Page(const v1::SearchRunsRequest& request, Asked& asked) {
    grpc::ClientContext context;
    v1::SearchRunsResponse response;
    const auto begin = Clock::now();
    Check(stub_.SearchRuns(&context, request, &response), "SearchRuns");
    asked.latencies.Add(Clock::now() - begin);
    asked.bytes += static_cast<int64_t>(response.ByteSizeLong());
    return response.next_page_token();
  }

  Stub& stub_;
  std::mt19937_64 random_{3};
};

// Prints answers, and remembers those of the idle server.
struct Rows {
  double seconds = 0;
  double scan_millis = 0;
  std::vector<double> idle_p99 = {};

  // Beside a scan of one column and a bare call with as many bytes.
  void Idle(const std::string& what, const Asked& asked) {
    if (asked.latencies.size() == 0) Fail("no " + what + ": too few runs");
    const double call = TimeBareAnswers(seconds / 4, asked.mean_bytes()).Quantile(0.5);
    const Latencies& took = asked.latencies;
    Print("idle: " + what,
          fmt::format("p50 {:.2f} ms  p99 {:.2f} ms  ({} calls, {:.1f} x scan + bare call with "
                      "{} bytes {:.2f} ms)",
                      took.Quantile(0.5), took.Quantile(0.99), took.size(),
                      took.Quantile(0.5) / (scan_millis + call), asked.mean_bytes(), call));
    idle_p99.push_back(took.Quantile(0.99));
  }

  // Beside itself on the idle server.
  void Busy(size_t row, const std::string& what, const Asked& asked) const {
    const Latencies& took = asked.latencies;
    Print("1 M points/s: " + what,
          fmt::format("p50 {:.2f} ms  p99 {:.2f} ms  ({} calls, p99 {:.1f} x idle)",
                      took.Quantile(0.5), took.Quantile(0.99), took.size(),
                      took.Quantile(0.99) / idle_p99[row]));
  }
};

void AskAll(Questions& questions, double seconds,
            const std::function<void(size_t row, const std::string& what, const Asked&)>& print) {
  print(0, "3 predicates + order + 100 names", questions.Search(seconds, true));
  print(1, "the same, 100 whole runs", questions.Search(seconds, false));
  print(2, "next page", questions.NextPage(seconds));
  print(3, "count", questions.Count(seconds));
  print(4, "text without index, two sort keys", questions.Worst(seconds));
}

void AddRuns(const std::string& address, int64_t count) {
  const auto stub = v1::TrackingService::NewStub(Connect(address));
  for (int64_t i = 0; i < count; ++i) NewRun(*stub);
}

// Searches while the server is idle, and while 1,000,000 points a second stream in.
void Ask(const testing::ServerProcess& server, int64_t runs, double seconds) {
  const std::string& address = server.grpc_address();
  const auto channel = Connect(address);
  const auto stub = v1::TrackingService::NewStub(channel);
  Questions questions(*stub);
  questions.Search(seconds, true);  // sort orders are made when they are first asked for
  questions.Worst(seconds);
  Rows rows{seconds, BareScanMillis(runs)};
  Print("bare scan of one column", fmt::format("p50 {:.2f} ms", rows.scan_millis));
  AskAll(questions, seconds,
         [&](size_t, const std::string& what, const Asked& asked) { rows.Idle(what, asked); });
  Print("memory after these searches", fmt::format("{:.0f} MB", ResidentMegabytes(server)));
  IngestPlan plan;
  plan.seconds = 6 * seconds;
  plan.points_per_second = 1'000'000;
  IngestResult ingest;
  std::thread writer([&] { ingest = Ingest(Connect(address), plan); });
  AskAll(questions, seconds, [&](size_t row, const std::string& what, const Asked& asked) {
    rows.Busy(row, what, asked);
  });
  writer.join();
  Print("  streamed meanwhile", fmt::format("{:.2f} M points/s", ingest.points_per_second / 1e6));
}

void Measure(const std::string& directory, int64_t runs, double seconds) {
  if (!std::filesystem::exists(directory)) Fill(directory, runs);
  testing::ServerProcess server(directory);
  if (!server.Start()) std::exit(1);
  const int64_t before = CountRuns(*v1::TrackingService::NewStub(Connect(server.grpc_address())));
  server.Stop();
  TimeStart(server, "start after a clean stop", before);
  constexpr int64_t kAdded = 1'000;
  AddRuns(server.grpc_address(), kAdded);
  server.Kill();
  TimeStart(server, "start after kill -9", before + kAdded);
  Ask(server, before + kAdded, seconds);
  Print("memory at the end", fmt::format("{:.0f} MB", ResidentMegabytes(server)));
  server.Stop();
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], kBareServerFlag) == 0) RunBareServer();
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::string parent = std::filesystem::temp_directory_path().string();
  std::string directory;
  int64_t runs = 1'000'000;
  double seconds = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--runs") runs = std::atoll(argv[i + 1]);
    if (flag == "--seconds") seconds = std::atof(argv[i + 1]);
    if (flag == "--directory") directory = argv[i + 1];
    if (flag == "--data-dir") parent = argv[i + 1];
  }
  if (!directory.empty()) {
    Measure(directory, runs, seconds);
    return 0;
  }
  std::string scratch = parent + "/cairn-million-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return 1;
  Measure(scratch + "/store", runs, seconds);
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
