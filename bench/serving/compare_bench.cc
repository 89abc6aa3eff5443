// Servers beside each other, measured in turns in the same run: this build as it is, this build
// with token and TLS, and with --before another build of cairnd, as it is; beside them a bare gRPC
// server that gives the same answers, without and with a token and gRPC's own TLS. Prints the
// median of each row for each of them, and its ratio to the first of its kind: above 1 is better.
//
// usage: compare_bench [--before PROGRAM] [--seconds N] [--turns N] [--only ROW]
//   [--data-dir PARENT] [--each true] [--secured-before true]
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/serving/canned_server.h"
#include "bench/serving/contenders.h"
#include "bench/serving/load.h"
#include "bench/serving/reads.h"
#include "bench/serving/transfers.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

struct Settings {
  std::string before;
  double seconds = 2;  // of a row in a turn
  int turns = 5;
  std::string only;
  std::string parent;
  bool each = false;            // token and TLS apart instead of together
  bool secured_before = false;  // the other build with its protection, too
};

v1::LogBatchRequest Points(Contender& of, int count) {
  v1::LogBatchRequest request;
  request.set_run(of.run);
  v1::MetricColumns& columns = *request.add_metrics();
  columns.set_key("loss");
  for (int i = 0; i < count; ++i) {
    columns.add_steps(++of.step);
    columns.add_values(0.25 + static_cast<double>(i % 97) / 1024);
  }
  return request;
}

// Calls one after another; operations a second by the median of their latencies, so that the
// ratio of two is that of their p50.
double PerSecondOfMedian(double seconds, const std::function<void()>& call) {
  Latencies latencies;
  for (const auto begin = Clock::now(); SecondsSince(begin) < seconds;) {
    const auto start = Clock::now();
    call();
    latencies.Add(Clock::now() - start);
  }
  return 1000 / latencies.Quantile(0.5);
}

double WriteAlone(Contender& of, double seconds, int points) {
  return PerSecondOfMedian(seconds, [&] {
    const v1::LogBatchRequest request = Points(of, points);
    grpc::ClientContext context;
    v1::LogBatchResponse response;
    Check(of.stub->LogBatch(&context, request, &response), "LogBatch");
  });
}

double ReadAlone(Contender& of, double seconds) {
  v1::GetRunRequest request;
  request.set_name(of.run);
  return PerSecondOfMedian(seconds, [&] {
    grpc::ClientContext context;
    v1::Run run;
    Check(of.stub->GetRun(&context, request, &run), "GetRun");
  });
}

template <typename Request, typename Response>
struct Pending {
  grpc::ClientContext context;
  Request request;
  Response response;
};

double WriteMany(Contender& of, double seconds) {
  return KeepInFlight(64, seconds,
                      [&](int64_t i, auto done) {
                        auto call =
                            std::make_shared<Pending<v1::LogBatchRequest, v1::LogBatchResponse>>();
                        call->request.set_run(of.run);
                        v1::MetricColumns& columns = *call->request.add_metrics();
                        columns.set_key("many");
                        columns.add_steps(i);
                        columns.add_values(0.5);
                        of.stub->async()->LogBatch(&call->context, &call->request, &call->response,
                                                   [call, done](const grpc::Status& status) {
                                                     Check(status, "LogBatch");
                                                     done();
                                                   });
                      })
      .per_second;
}

double ReadMany(Contender& of, double seconds) {
  return KeepInFlight(64, seconds,
                      [&](int64_t, auto done) {
                        auto call = std::make_shared<Pending<v1::GetRunRequest, v1::Run>>();
                        call->request.set_name(of.run);
                        of.stub->async()->GetRun(&call->context, &call->request, &call->response,
                                                 [call, done](const grpc::Status& status) {
                                                   Check(status, "GetRun");
                                                   done();
                                                 });
                      })
      .per_second;
}

double ListRuns(Contender& of, double) {
  const Listing listing = ListAll(*of.stub, of.pid(), of.experiment);
  return static_cast<double>(listing.runs) / listing.millis * 1000;
}

double StreamPoints(Contender& of, double seconds) {
  IngestPlan plan;
  plan.seconds = seconds;
  return Ingest(of.channel, plan).points_per_second;
}

double UploadBytes(Contender& of, double) {
  return Upload(of.channel, ++of.uploads, kTransferBytes).bytes_per_second;
}

double DownloadBytes(Contender& of, double) {
  const Transfer stored = Upload(of.channel, ++of.uploads, kTransferBytes);
  return Download(of.channel, stored.sha256, kTransferBytes).bytes_per_second;
}

struct Row {
  std::string name;
  std::string unit;
  std::function<double(Contender&, double seconds)> measure;  // more is better
  bool bare = false;  // of a canned server too: what gRPC alone carries is most of it
};

const std::vector<Row>& Rows() {
  static const auto* const rows = new std::vector<Row>{
      {"durable write, one client, 1 / p50", "/s",
       [](Contender& of, double seconds) { return WriteAlone(of, seconds, 1); }},
      {"1,000 points in one call, 1 / p50", "/s",
       [](Contender& of, double seconds) { return WriteAlone(of, seconds, 1000); }},
      {"durable writes, 64 in flight", "/s", WriteMany},
      {"GetRun, one client, 1 / p50", "/s", ReadAlone, true},
      {"GetRun, 64 in flight", "/s", ReadMany, true},
      {"all of 10,000 runs, whole, in pages", "/s", ListRuns, true},
      {"points, 4 streams", "/s", StreamPoints},
      {"upload of 64 MiB", "B/s", UploadBytes, true},
      {"download of 64 MiB", "B/s", DownloadBytes, true}};
  return *rows;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Waits until no server works on what an earlier turn left it, such as points to be compacted.
void WaitForQuiet(const std::vector<Contender>& contenders) {
  constexpr auto kLook = std::chrono::milliseconds(100);
  constexpr double kQuietMicros = 5'000;
  const auto used = [&] {
    double micros = 0;
    for (const Contender& contender : contenders) micros += CpuMicrosOf(contender.pid());
    return micros;
  };
  double before = used();
  for (const auto begin = Clock::now(); SecondsSince(begin) < 30;) {
    std::this_thread::sleep_for(kLook);
    const double now = used();
    if (now - before < kQuietMicros) return;
    before = now;
  }
}

// What each contender reached in each turn.
using Found = std::vector<std::vector<double>>;

// Who comes first changes from turn to turn.
Found MeasureInTurns(const Row& row, const Settings& settings, std::vector<Contender>& contenders) {
  Found found(contenders.size());
  for (int turn = 0; turn < settings.turns; ++turn) {
    for (size_t place = 0; place < contenders.size(); ++place) {
      const size_t i = (place + static_cast<size_t>(turn)) % contenders.size();
      if (contenders[i].bare != nullptr && !row.bare) continue;
      WaitForQuiet(contenders);
      SetTurn(contenders[i]);
      found[i].push_back(row.measure(contenders[i], settings.seconds));
    }
  }
  return found;
}

// The ratios of servers are to the first of all, those of bare ones to the first of them.
void Print(const Row& row, const std::vector<Contender>& contenders, const Found& found) {
  std::printf("%-38s", row.name.c_str());
  double first = 0;
  bool bare = false;
  for (size_t i = 0; i < contenders.size(); ++i) {
    if (found[i].empty()) continue;
    const double median = Median(found[i]);
    const bool is_bare = contenders[i].bare != nullptr;
    if (first == 0 || is_bare != bare) first = median;
    bare = is_bare;
    std::printf("  %s %.4g %s (x %.3f)", contenders[i].name.c_str(), median, row.unit.c_str(),
                median / first);
  }
  std::printf("\n");
  std::fflush(stdout);
}

Settings ParseSettings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--before") settings.before = argv[i + 1];
    if (flag == "--seconds") settings.seconds = std::atof(argv[i + 1]);
    if (flag == "--turns") settings.turns = std::atoi(argv[i + 1]);
    if (flag == "--only") settings.only = argv[i + 1];
    if (flag == "--data-dir") settings.parent = argv[i + 1];
    if (flag == "--secured-before") {
      settings.secured_before = std::string_view(argv[i + 1]) == "true";
    }
    if (flag == "--each") settings.each = std::string_view(argv[i + 1]) == "true";
  }
  return settings;
}

// The servers, and then the bare ones, each without protection first.
std::vector<Contender> Contenders(const Settings& settings, const testing::TempFolder& folder) {
  std::vector<Contender> contenders;
  if (!settings.before.empty()) {
    contenders.push_back(Plain("before", folder / "before", settings.before));
  }
  contenders.push_back(Plain("plain", folder / "plain", testing::ProgramPath("cairnd")));
  const Contender& plain = contenders.back();
  SetTurn(plain);
  RecordAnswers(*plain.stub, plain.run, plain.experiment, folder.path());
  const auto protections = settings.each ? std::vector<Protection>{{true, false}, {false, true}}
                                         : std::vector<Protection>{{true, true}};
  for (const Protection& has : protections) {
    const std::string name = NameOf(has);
    if (settings.secured_before && !settings.before.empty()) {
      contenders.push_back(Secured("before, " + name, folder.path(), settings.before, has));
    }
    contenders.push_back(Secured(name, folder.path(), testing::ProgramPath("cairnd"), has));
  }
  contenders.push_back(Bare(folder.path(), folder.path(), {}));
  for (const Protection& has : protections) {
    contenders.push_back(Bare(folder.path(), folder.path(), has));
  }
  return contenders;
}

int Main(int argc, char** argv) {
  const Settings settings = ParseSettings(argc, argv);
  if (!settings.parent.empty()) ::setenv("TMPDIR", settings.parent.c_str(), 1);
  const testing::TempFolder folder;
  std::vector<Contender> contenders = Contenders(settings, folder);
  for (const Row& row : Rows()) {
    if (row.name.find(settings.only) == std::string::npos) continue;
    Print(row, contenders, MeasureInTurns(row, settings, contenders));
  }
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) {
  cairn::bench::RunIfCannedServer(argc, argv);
  return cairn::bench::Main(argc, argv);
}
