// The pipeline from a file in the page cache to selected segments, without server and output:
// both presets, and its parts. CAIRN_DATASET names the transactions; without it planted ones of
// about the same size stand in. bench/pipeline/compare sets this beside pandas and scikit-learn.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "pipeline/data/synthetic.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {
namespace {

// The file to work on; a planted one is made once and removed at exit.
const std::string& DataFile() {
  static const std::string* const path = [] {
    if (const char* given = std::getenv("CAIRN_DATASET"); given != nullptr && *given != '\0') {
      return new std::string(given);
    }
    SyntheticOptions options;
    options.customers = 4400;
    const auto csv = GenerateTransactionsCsv(options);
    const char* folder = std::getenv("TMPDIR");
    auto* made = new std::string(std::string(folder == nullptr ? "/tmp" : folder) +
                                 "/cairn_pipeline_bench_" + std::to_string(::getpid()) + ".csv");
    if (!csv.ok() || !WriteOutputFile(*made, csv->csv).ok()) std::abort();
    std::atexit([] { std::remove(DataFile().c_str()); });
    return made;
  }();
  return *path;
}

void RunPreset(benchmark::State& state, const char* preset, bool sharing) {
  RunRequest request;
  request.data = DataFile();
  request.config = PresetConfig(preset).value();
  request.config.sweep.sharing = sharing;
  std::map<std::string, double> seconds;
  for (auto _ : state) {
    const auto outcome = RunPipeline(request, {}, nullptr);
    if (!outcome.ok()) {
      state.SkipWithError(std::string(outcome.status().message()).c_str());
      return;
    }
    for (const StageRecord& record : outcome->stages) seconds[record.name] += record.seconds;
  }
  for (const auto& [stage, total] : seconds) {
    state.counters[stage + "_ms"] =
        benchmark::Counter(1000 * total, benchmark::Counter::kAvgIterations);
  }
}

void DefaultPreset(benchmark::State& state) { RunPreset(state, "default", true); }
void ClassicPreset(benchmark::State& state) { RunPreset(state, "classic", true); }
void ClassicPresetNoSharing(benchmark::State& state) { RunPreset(state, "classic", false); }

BENCHMARK(DefaultPreset)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ClassicPreset)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ClassicPresetNoSharing)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace cairn::pipeline

BENCHMARK_MAIN();
