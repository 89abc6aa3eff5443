#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "bench/serving/bare_server.h"
#include "bench/serving/parts.h"
#include "bench/serving/reads.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

constexpr int kStarts = 15;
constexpr int kCommands = 100;

template <typename Call>
Clock::duration TimeIt(Call&& call) {
  const auto begin = Clock::now();
  call();
  return Clock::now() - begin;
}

// Whole processes of mlctl, from the start of one to its end.
Latencies TimeCommand(const Target& target, const std::vector<std::string>& words) {
  std::vector<std::string> command = {testing::ProgramPath("mlctl"), "--server",
                                      target.server.grpc_address()};
  command.insert(command.end(), words.begin(), words.end());
  Latencies latencies;
  for (int i = 0; i < kCommands; ++i) {
    testing::ProgramResult result;
    latencies.Add(TimeIt([&] { result = testing::RunProgram(command); }));
    if (result.exit_code == 0 && !result.output.empty()) continue;
    std::fprintf(stderr, "mlctl: exit code %d: %s\n", result.exit_code, result.output.c_str());
    std::exit(1);
  }
  return latencies;
}

std::string AnyRun(Stub& stub, const std::string& experiment) {
  grpc::ClientContext context;
  v1::SearchRunsRequest request;
  request.add_parents(experiment);
  request.set_page_size(1);
  v1::SearchRunsResponse response;
  Check(stub.SearchRuns(&context, request, &response), "SearchRuns");
  return response.runs(0).name();
}

}  // namespace

void Starts(const Settings& settings) {
  Latencies bare;
  Latencies fresh;
  Latencies again;
  for (int i = 0; i < kStarts; ++i) {
    bare.Add(TimeIt([] {
      if (BareServer().address().empty()) std::exit(1);
    }));
    testing::ServerProcess server(settings.parent + fmt::format("/start-{}", i));
    for (Latencies* const took : {&fresh, &again}) {
      took->Add(TimeIt([&server] {
        if (!server.Start()) std::exit(1);
      }));
      server.Stop();
    }
  }
  for (const auto& [what, took] :
       {std::pair{"without a store", &fresh}, std::pair{"with an empty store", &again}}) {
    Print(fmt::format("start of a server {}, to the ready line", what),
          fmt::format("p50 {:.0f} ms  most {:.0f} ms  ({:.1f} x start and end of a bare gRPC "
                      "server: {:.1f} ms)",
                      took->Quantile(0.5), took->Quantile(1),
                      took->Quantile(0.5) / bare.Quantile(0.5), bare.Quantile(0.5)));
  }
}

void TypingSpeed(const Target& target, const Settings& settings) {
  const std::string experiment = FillExperiment(target.stub, settings.runs);
  const std::string number = experiment.substr(experiment.rfind('/') + 1);
  const Latencies bare = TimeCommand(target, {"version"});
  Print("mlctl version, the whole process",
        fmt::format("p50 {:.1f} p99 {:.1f} ms", bare.Quantile(0.5), bare.Quantile(0.99)));
  const std::vector<std::pair<std::string, std::vector<std::string>>> commands = {
      {"mlctl search runs --limit 20, by filter and order",
       {"search", "runs", "-e", number, "--filter", "metrics.m3 > 0.5 AND params.p1 < 50",
        "--order-by", "metrics.m3 desc", "--limit", "20"}},
      {"mlctl list runs", {"list", "runs", "-e", number}},
      {"mlctl describe run", {"describe", "run", AnyRun(target.stub, experiment)}}};
  for (const auto& [what, words] : commands) {
    const Latencies took = TimeCommand(target, words);
    Print(fmt::format("{}, in {} runs", what, settings.runs),
          fmt::format("p50 {:.1f} p99 {:.1f} ms  ({:.2f} x mlctl version)", took.Quantile(0.5),
                      took.Quantile(0.99), took.Quantile(0.5) / bare.Quantile(0.5)));
  }
}

}  // namespace cairn::bench
