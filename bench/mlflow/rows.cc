#include "bench/mlflow/rows.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "bench/http_load/http_load.h"
#include "bench/mlflow/calls.h"
#include "fmt/format.h"

namespace cairn::bench {
namespace {

constexpr int kClients = 16;
constexpr int kManyConnections = 64;
constexpr int kHistoryPoints = 100'000;
constexpr size_t kPage = 100;

void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "mlflow_load: %s\n", std::string(what).c_str());
  std::exit(1);
}

RowResult ResultOf(const HttpRate& rate, double units = 1) {
  return {rate.Quantile(0.5), rate.Quantile(0.99), rate.per_second, units, rate.millis.size()};
}

// A run in an experiment of its own.
MlflowRun NewRun(const RowSettings& settings) {
  HttpCaller caller(settings.address);
  return CreateRun(caller, CreateExperiment(caller));
}

HttpRate Load(const RowSettings& settings, int connections, const MakeRequest& make) {
  HttpLoad load;
  load.address = settings.address;
  load.connections = connections;
  load.seconds = settings.seconds;
  return RunHttpLoad(load, make);
}

// The load begins twice at 0, once to warm up; nothing may be logged twice.
MakeRequest Counting(std::function<std::string(int64_t)> make) {
  const auto next = std::make_shared<int64_t>(0);
  return [next, make = std::move(make)](int64_t) {
    return std::make_shared<const std::string>(make((*next)++));
  };
}

HttpRate Turns(int turns, const std::function<void(int)>& work) {
  HttpRate rate;
  double seconds = 0;
  for (int turn = 0; turn < turns; ++turn) {
    const auto begin = std::chrono::steady_clock::now();
    work(turn);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    rate.millis.push_back(1e3 * took.count());
    seconds += took.count();
  }
  rate.per_second = turns / seconds;
  return rate;
}

std::vector<NamedResult> MeasureCreateRun(const RowSettings& settings) {
  HttpCaller caller(settings.address);
  const std::string experiment = CreateExperiment(caller);
  (void)CreateRun(caller, experiment);
  return {{"create-run", ResultOf(Load(settings, 1, InTurn({CreateRunCall(experiment)})))}};
}

MakeRequest MetricsOf(const MlflowRun& run) {
  return Counting([id = run.id](int64_t i) { return LogMetricCall(id, i); });
}

std::vector<NamedResult> MeasureLogMetric(const RowSettings& settings) {
  return {{"log-metric", ResultOf(Load(settings, 1, MetricsOf(NewRun(settings))))}};
}

std::vector<NamedResult> MeasureManyLogMetric(const RowSettings& settings) {
  const HttpRate rate = Load(settings, kManyConnections, MetricsOf(NewRun(settings)));
  return {{"log-metric-64", ResultOf(rate)}};
}

std::vector<NamedResult> MeasureLogBatch(const RowSettings& settings) {
  const BatchCalls batches(NewRun(settings).id, BatchCalls::kPoints);
  const auto make = Counting([&](int64_t i) { return batches.Batch(i); });
  return {{"log-batch", ResultOf(Load(settings, 1, make), BatchCalls::kPoints)}};
}

// 16 clients, each with a run of its own, to which it logs ten metrics.
std::vector<NamedResult> MeasureParallelBatches(const RowSettings& settings) {
  std::vector<BatchCalls> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(NewRun(settings).id, 10);
  const auto make = Counting(
      [&](int64_t i) { return clients[static_cast<size_t>(i % kClients)].Batch(i / kClients); });
  return {{"points-16", ResultOf(Load(settings, kClients, make), BatchCalls::kPoints)}};
}

// A run with what a search looks at: `loss` and `accuracy`, each once over [0, 1).
void FillRun(HttpCaller& caller, std::string_view experiment, int i, int of) {
  constexpr int kStride = 7919;  // prime, so that the orders of the two metrics differ
  const MlflowRun run = CreateRun(caller, experiment);
  const auto at = [&](int64_t n) { return static_cast<double>(n % of) / of; };
  (void)caller.Call(MlflowPost(
      "runs/log-batch",
      fmt::format(R"({{"run_id":"{0}","metrics":[)"
                  R"({{"key":"loss","value":{1},"timestamp":1790000000000,"step":0}},)"
                  R"({{"key":"accuracy","value":{2},"timestamp":1790000000000,"step":0}}],)"
                  R"("params":[{{"key":"depth","value":"{3}"}}],"tags":[]}})",
                  run.id, at(i), at(int64_t{i} * kStride), i % 10)));
}

void Fill(const RowSettings& settings, const std::string& experiment) {
  std::vector<std::thread> fillers;
  for (int filler = 0; filler < settings.fillers; ++filler) {
    fillers.emplace_back([&settings, &experiment, filler] {
      HttpCaller caller(settings.address);
      for (int i = filler; i < settings.runs; i += settings.fillers) {
        FillRun(caller, experiment, i, settings.runs);
      }
    });
  }
  for (std::thread& filler : fillers) filler.join();
}

std::vector<NamedResult> MeasureSearch(const RowSettings& settings) {
  HttpCaller caller(settings.address);
  const std::string experiment = CreateExperiment(caller);
  Fill(settings, experiment);
  const std::string search = MlflowPost(
      "runs/search",
      fmt::format(R"({{"experiment_ids":["{}"],"filter":"metrics.loss < 0.5","max_results":{},)"
                  R"("run_view_type":"ACTIVE_ONLY","order_by":["metrics.accuracy DESC"]}})",
                  experiment, kPage));
  // A new connection: servers close those that were idle meanwhile.
  const std::string answer = HttpCaller(settings.address).Call(search);
  Require(CountOf(answer, "artifact_uri") == kPage, "runs/search does not answer a page");
  Require(!FieldOf(answer, "next_page_token").empty(), "runs/search does not find all");
  return {{"runs-search", ResultOf(Load(settings, 1, InTurn({search})))}};
}

size_t ReadHistory(HttpCaller& caller, std::string_view run, bool counted) {
  size_t points = 0;
  std::string token;
  do {
    const std::string page = caller.Call(HistoryCall(run, "metric_000", token));
    if (counted) points += CountOf(page, "timestamp");
    // The token comes after the points, and looking for it from there costs nothing.
    const size_t from = page.rfind("\"next_page_token\"");
    token = from == std::string::npos ? "" : FieldOf(page.substr(from), "next_page_token");
  } while (!token.empty());
  return points;
}

std::vector<NamedResult> MeasureHistory(const RowSettings& settings) {
  HttpCaller caller(settings.address);
  const MlflowRun run = CreateRun(caller, CreateExperiment(caller));
  const BatchCalls batches(run.id, 1);
  for (int i = 0; i < kHistoryPoints / BatchCalls::kPoints; ++i) {
    (void)caller.Call(batches.Batch(i));
  }
  Require(ReadHistory(caller, run.id, true) == kHistoryPoints, "get-history misses points");
  const HttpRate rate =
      Turns(settings.turns, [&](int) { (void)ReadHistory(caller, run.id, false); });
  return {{"get-history", ResultOf(rate, kHistoryPoints)}};
}

// A PUT of bytes that no other turn has, so that a server that keeps each content once gains
// nothing by it.
std::string PutOf(const std::string& path, size_t size) {
  std::string body(size, '\0');
  std::mt19937_64 random(std::random_device{}());
  for (size_t at = 0; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
    const uint64_t bits = random();
    std::memcpy(body.data() + at, &bits, sizeof(bits));
  }
  return RequestOf("PUT", path, "application/octet-stream", body);
}

std::vector<NamedResult> MeasureArtifacts(const RowSettings& settings) {
  const MlflowRun run = NewRun(settings);
  Require(!run.artifacts.empty(), "the server takes no files of runs");
  const size_t size = static_cast<size_t>(settings.artifact_mib) << 20;
  const auto path = [&](int turn) { return fmt::format("{}/file-{}.bin", run.artifacts, turn); };
  HttpRate up;
  for (int i = 0; i < settings.turns; ++i) {
    const std::string put = PutOf(path(i), size);
    // A new connection: servers close those that were idle while the bytes were made.
    HttpCaller caller(settings.address);
    up.millis.push_back(Turns(1, [&](int) { (void)caller.Fetch(put); }).millis.front());
  }
  HttpCaller caller(settings.address);
  const HttpRate down = Turns(settings.turns, [&](int turn) {
    const std::string get = RequestOf("GET", path(turn), "application/octet-stream", "");
    Require(caller.Fetch(get) == size, "a download has another size");
  });
  up.per_second = 1e3 / up.Quantile(0.5);
  return {{"artifact-up", ResultOf(up, settings.artifact_mib)},
          {"artifact-down", ResultOf(down, settings.artifact_mib)}};
}

}  // namespace

const std::vector<MlflowRow>& MlflowRows() {
  static const std::vector<MlflowRow> rows = {
      {"create-run", MeasureCreateRun},      {"log-metric", MeasureLogMetric},
      {"log-batch", MeasureLogBatch},        {"runs-search", MeasureSearch},
      {"get-history", MeasureHistory},       {"artifact", MeasureArtifacts},
      {"points-16", MeasureParallelBatches}, {"log-metric-64", MeasureManyLogMetric},
  };
  return rows;
}

}  // namespace cairn::bench
