// Servers beside each other, measured in turns in the same run: this build as it is, this build
// with token and TLS, and with --before another build of cairnd, as it is. Prints the median of
// each row for each of them, and its ratio to the first: above 1 is better, in every row.
//
// usage: compare_bench [--before PROGRAM] [--seconds N] [--turns N] [--only ROW] [--data-dir
// PARENT]
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

#include "bench/serving/load.h"
#include "bench/serving/reads.h"
#include "bench/serving/transfers.h"
#include "fmt/format.h"
#include "tests/testing/server_process.h"
#include "tests/testing/test_certificates.h"

namespace cairn::bench {
namespace {

struct Settings {
  std::string before;
  double seconds = 2;  // of a row in a turn
  int turns = 5;
  std::string only;
  std::string parent;
  bool each = false;  // token and TLS apart instead of together
};

// A server and how it is reached.
struct Contender {
  std::string name;
  std::unique_ptr<testing::ServerProcess> server;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string token;  // empty: none
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<Stub> stub;
  std::string run;         // one that is read
  std::string experiment;  // one whose runs are listed
  int64_t step = 0;        // of the last point of `run`
  int64_t uploads = 0;
};

// Puts the token of the server whose turn it is into every call, as lib/client does: gRPC's own
// credentials of a call cost its client more than TLS.
class TokenOfTheTurn final : public grpc::ClientContext::GlobalCallbacks {
 public:
  // While no call is under way.
  void Set(const std::string& token) { header_ = token.empty() ? "" : "Bearer " + token; }

  void DefaultConstructor(grpc::ClientContext* context) override {
    if (!header_.empty()) context->AddMetadata("authorization", header_);
  }
  void Destructor(grpc::ClientContext*) override {}

 private:
  std::string header_;
};

// Lives as long as the process, as gRPC wants it.
TokenOfTheTurn& TheTurn() {
  static auto* const turn = [] {
    auto* made = new TokenOfTheTurn;
    grpc::ClientContext::SetGlobalCallbacks(made);
    return made;
  }();
  return *turn;
}

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
  const Listing listing = ListAll(*of.stub, of.server->pid(), of.experiment);
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
};

const std::vector<Row>& Rows() {
  static const auto* const rows = new std::vector<Row>{
      {"durable write, one client, 1 / p50", "/s",
       [](Contender& of, double seconds) { return WriteAlone(of, seconds, 1); }},
      {"1,000 points in one call, 1 / p50", "/s",
       [](Contender& of, double seconds) { return WriteAlone(of, seconds, 1000); }},
      {"durable writes, 64 in flight", "/s", WriteMany},
      {"GetRun, one client, 1 / p50", "/s", ReadAlone},
      {"GetRun, 64 in flight", "/s", ReadMany},
      {"all of 10,000 runs, whole, in pages", "/s", ListRuns},
      {"points, 4 streams", "/s", StreamPoints},
      {"upload of 64 MiB", "B/s", UploadBytes},
      {"download of 64 MiB", "B/s", DownloadBytes}};
  return *rows;
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

Contender Plain(std::string name, const std::string& data_dir, const std::string& program) {
  Contender contender;
  contender.name = std::move(name);
  contender.server =
      std::make_unique<testing::ServerProcess>(data_dir, std::vector<std::string>{}, program);
  contender.credentials = grpc::InsecureChannelCredentials();
  return contender;
}

// What of its protection a server has.
struct Protection {
  bool token = false;
  bool tls = false;
};

std::string NameOf(const Protection& has) {
  return has.token && has.tls ? "token and TLS" : has.token ? "token" : "TLS";
}

Contender Secured(const std::string& parent, const Protection& has) {
  Contender contender;
  contender.name = NameOf(has);
  const std::string data_dir = parent + "/" + contender.name;
  std::vector<std::string> flags;
  contender.credentials = grpc::InsecureChannelCredentials();
  if (has.tls) {
    const testing::Authority authority("bench");
    authority.Sign(testing::LocalServer()).Write(parent, contender.name);
    flags = {"--tls-cert", data_dir + ".crt", "--tls-key", data_dir + ".key"};
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority.own().CertificatePem();
    contender.credentials = grpc::SslCredentials(options);
  }
  if (has.token) {
    flags.emplace_back("--auth");
    contender.token = LastLine(
        testing::RunProgram({testing::ProgramPath("cairnd"), "init", "--data-dir", data_dir})
            .output);
  }
  contender.server = std::make_unique<testing::ServerProcess>(data_dir, flags);
  return contender;
}

bool Begin(Contender& contender) {
  if (!contender.server->Start()) return false;
  contender.channel = grpc::CreateChannel(contender.server->grpc_address(), contender.credentials);
  contender.stub = v1::TrackingService::NewStub(contender.channel);
  TheTurn().Set(contender.token);
  contender.run = NewRun(*contender.stub);
  contender.experiment = FillExperiment(*contender.stub, 10'000);
  return true;
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
    for (const Contender& contender : contenders) micros += CpuMicrosOf(contender.server->pid());
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

// Who comes first changes from turn to turn.
void Measure(const Row& row, const Settings& settings, std::vector<Contender>& contenders) {
  std::vector<std::vector<double>> found(contenders.size());
  for (int turn = 0; turn < settings.turns; ++turn) {
    for (size_t place = 0; place < contenders.size(); ++place) {
      const size_t i = (place + static_cast<size_t>(turn)) % contenders.size();
      WaitForQuiet(contenders);
      TheTurn().Set(contenders[i].token);
      found[i].push_back(row.measure(contenders[i], settings.seconds));
    }
  }
  const double first = Median(found[0]);
  std::printf("%-38s", row.name.c_str());
  for (size_t i = 0; i < contenders.size(); ++i) {
    const double median = Median(found[i]);
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
    if (flag == "--each") settings.each = std::string_view(argv[i + 1]) == "true";
  }
  return settings;
}

int Main(int argc, char** argv) {
  const Settings settings = ParseSettings(argc, argv);
  if (!settings.parent.empty()) ::setenv("TMPDIR", settings.parent.c_str(), 1);
  const testing::TempFolder folder;
  std::vector<Contender> contenders;
  if (!settings.before.empty()) {
    contenders.push_back(Plain("before", folder / "before", settings.before));
  }
  contenders.push_back(Plain("plain", folder / "plain", testing::ProgramPath("cairnd")));
  for (const Protection& has : settings.each ? std::vector<Protection>{{true, false}, {false, true}}
                                             : std::vector<Protection>{{true, true}}) {
    contenders.push_back(Secured(folder.path(), has));
  }
  for (Contender& contender : contenders) {
    if (!Begin(contender)) return 1;
  }
  for (const Row& row : Rows()) {
    if (row.name.find(settings.only) != std::string::npos) Measure(row, settings, contenders);
  }
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
