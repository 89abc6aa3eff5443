// Connect's unary calls over HTTP/1.1, beside an answer of lib/http alone, in the same run and by
// the same client: by JSON and by protobuf, as it is and with a token (--auth). Server and client
// share the machine.
//
// usage: connect_bench [--seconds N] [--turns N] [--only ROW] [--data-dir PARENT]
// Each row is measured in so many turns, and the best of them is printed: what else the machine
// does makes figures worse, never better. The processor time of a call says most where others work
// on the same machine; "over bare" is the p50 less that of the bare answer, and for a durable write
// less that of an append of 512 bytes with fdatasync too.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/http_load/http_load.h"
#include "bench/serving/bare_calls.h"
#include "bench/serving/bare_server.h"
#include "bench/serving/load.h"
#include "cairn/v1/server.pb.h"
#include "fmt/format.h"
#include "google/protobuf/util/json_util.h"
#include "lib/http/http_server.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {
namespace {

constexpr const char* kBareHttpFlag = "--bare-http";
constexpr int kMany = 64;  // connections

struct Settings {
  double seconds = 2;  // of a row in a turn
  int turns = 3;
  std::string only;
  std::string parent;
};

// A server that answers every POST with a few bytes on the thread that read it: what HTTP costs.
[[noreturn]] void RunBareHttp() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  http::Route route{"POST", "/bare", "none", [](const http::Request& request) {
                      return http::TextResponse(request.body, "application/json");
                    }};
  auto router = http::Router::Create({std::move(route)});
  http::HttpServerOptions options;
  options.threads = 2;  // as cairnd on two processors
  auto server = http::HttpServer::Start(std::move(options), *std::move(router));
  if (!server.ok()) std::exit(1);
  std::printf("%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  for (;;) ::pause();
}

// A server and how it is called.
struct Target {
  std::string name;
  std::string address;
  pid_t pid = -1;
  std::string headers;  // of every request
};

struct Row {
  std::string name;
  MakeRequest make;
  bool durable = false;
};

std::string JsonOf(const google::protobuf::Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) std::exit(1);
  return json;
}

v1::LogBatchRequest PointOf(const std::string& run, int64_t step) {
  v1::LogBatchRequest request;
  request.set_run(run);
  v1::MetricColumns& columns = *request.add_metrics();
  columns.set_key("loss");
  columns.add_steps(step);
  columns.add_values(0.25 + static_cast<double>(step % 97) / 1024);
  return request;
}

MakeRequest Same(std::string request) { return InTurn({std::move(request)}); }

// One method in both codecs.
void AddRows(const Target& of, const std::string& name, const std::string& method,
             const std::function<std::unique_ptr<google::protobuf::Message>(int64_t)>& message,
             bool changes, std::vector<Row>& rows) {
  for (const bool json : {true, false}) {
    const auto make = [=, headers = of.headers](int64_t i) {
      const auto sent = message(i);
      return std::make_shared<const std::string>(
          PostOf("/" + method, json ? "application/json" : "application/proto",
                 json ? JsonOf(*sent) : sent->SerializeAsString(), headers));
    };
    rows.push_back({fmt::format("{}, {}{}", name, json ? "JSON" : "protobuf", of.name),
                    changes ? MakeRequest(make) : Same(*make(0)), changes});
  }
}

std::vector<Row> RowsOf(const Target& of, const std::string& run) {
  std::vector<Row> rows;
  AddRows(
      of, "GetServerInfo", "cairn.v1.AdminService/GetServerInfo",
      [](int64_t) { return std::make_unique<v1::GetServerInfoRequest>(); }, false, rows);
  AddRows(
      of, "GetRun", "cairn.v1.TrackingService/GetRun",
      [run](int64_t) {
        auto request = std::make_unique<v1::GetRunRequest>();
        request->set_name(run);
        return request;
      },
      false, rows);
  AddRows(
      of, "LogBatch, durable", "cairn.v1.TrackingService/LogBatch",
      [run](int64_t i) { return std::make_unique<v1::LogBatchRequest>(PointOf(run, i)); }, true,
      rows);
  return rows;
}

// The best of several turns, each figure by itself.
struct Figures {
  double p50 = 0;  // one connection, ms
  double one_micros = 0;
  double per_second = 0;  // many connections
  double p99 = 0;
  double server_micros = 0;
  double client_micros = 0;
};

void Improve(double found, bool first, double& best) {
  best = first ? found : std::min(best, found);
}

Figures Measure(const Target& target, const MakeRequest& make, const Settings& settings) {
  Figures best;
  for (int turn = 0; turn < settings.turns; ++turn) {
    const bool first = turn == 0;
    const HttpRate one = RunHttpLoad({target.address, target.pid, 1, settings.seconds / 2}, make);
    const HttpRate many = RunHttpLoad({target.address, target.pid, kMany, settings.seconds}, make);
    Improve(one.Quantile(0.5), first, best.p50);
    Improve(one.server_micros, first, best.one_micros);
    best.per_second = std::max(best.per_second, many.per_second);
    Improve(many.Quantile(0.99), first, best.p99);
    Improve(many.server_micros, first, best.server_micros);
    Improve(many.client_micros, first, best.client_micros);
  }
  return best;
}

// Of what has to be done whatever is called.
struct Bare {
  Figures http;
  double append = 0;  // p50, ms
};

void Print(const Row& row, const Figures& of, const Bare& bare) {
  std::printf(
      "%-44s one: p50 %.3f ms (%+.3f over bare), CPU %.1f us | %d: %.0f per s (%.2f x bare), "
      "p99 %.2f ms, CPU %.1f us server + %.1f us client\n",
      row.name.c_str(), of.p50, of.p50 - bare.http.p50 - (row.durable ? bare.append : 0),
      of.one_micros, kMany, of.per_second, of.per_second / bare.http.per_second, of.p99,
      of.server_micros, of.client_micros);
  std::fflush(stdout);
}

Bare MeasureBare(const Settings& settings, const std::string& folder) {
  const BareServer server({kBareHttpFlag});
  if (server.address().empty()) std::exit(1);
  const Target target{"", server.address(), server.pid(), ""};
  const Row row{"bare HTTP, answered at once", Same(PostOf("/bare", "application/json", "{}"))};
  Bare bare{Measure(target, row.make, settings)};
  Print(row, bare.http, bare);
  for (int turn = 0; turn < settings.turns; ++turn) {
    const Rate appends = BareAppends(folder, settings.seconds / 4, 512);
    Improve(appends.latencies.Quantile(0.5), turn == 0, bare.append);
  }
  std::printf("%-44s p50 %.3f ms\n", "append of 512 bytes + fdatasync", bare.append);
  return bare;
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Everything of one server; with a token where one is given.
bool MeasureServer(const Settings& settings, const Bare& bare, testing::ServerProcess& server,
                   const std::string& token) {
  if (!server.Start()) return false;
  Target target{token.empty() ? "" : ", with a token", server.http_address(), server.pid(), ""};
  if (!token.empty()) target.headers = fmt::format("Authorization: Bearer {}\r\n", token);
  const std::string created = testing::HttpExchange(
      server.http_address(),
      PostOf("/cairn.v1.TrackingService/CreateRun", "application/json",
             R"({"parent":"experiments/0"})", target.headers + "Connection: close\r\n"));
  const size_t at = created.find("experiments/0/runs/");
  if (at == std::string::npos) return false;
  const std::string run = created.substr(at, created.find('"', at) - at);
  for (const Row& row : RowsOf(target, run)) {
    if (row.name.find(settings.only) == std::string::npos) continue;
    Print(row, Measure(target, row.make, settings), bare);
  }
  return server.Stop() == 0;
}

Settings ParseSettings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--seconds") settings.seconds = std::atof(argv[i + 1]);
    if (flag == "--turns") settings.turns = std::max(std::atoi(argv[i + 1]), 1);
    if (flag == "--only") settings.only = argv[i + 1];
    if (flag == "--data-dir") settings.parent = argv[i + 1];
  }
  return settings;
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], kBareHttpFlag) == 0) RunBareHttp();
  const Settings settings = ParseSettings(argc, argv);
  if (!settings.parent.empty()) ::setenv("TMPDIR", settings.parent.c_str(), 1);
  const testing::TempFolder folder;
  const Bare bare = MeasureBare(settings, folder.path());
  testing::ServerProcess open(folder / "open");
  if (!MeasureServer(settings, bare, open, "")) return 1;
  const std::string guarded = folder / "guarded";
  const std::string token = LastLine(
      testing::RunProgram({testing::ProgramPath("cairnd"), "init", "--data-dir", guarded}).output);
  testing::ServerProcess asks(guarded, {"--auth"});
  return MeasureServer(settings, bare, asks, token) ? 0 : 1;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
