// What comes before k-means, at the size of the retail data: isolation forest, scaling, PCA.
// The ceiling of scoring is a bare walk of as many steps through one tree in cache.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "bench/beside.h"
#include "lib/clustering/correlation.h"
#include "lib/clustering/isolation_forest.h"
#include "lib/clustering/pca.h"
#include "lib/clustering/random.h"
#include "lib/clustering/scaler.h"

namespace cairn::clustering {
namespace {

constexpr Eigen::Index kCustomers = 4282;
constexpr Eigen::Index kFeatures = 15;

Matrix Customers() {
  Mt19937 random(1);
  Matrix rows(kCustomers, kFeatures);
  for (double& value : rows.reshaped()) {
    const double uniform = random.NextDouble();
    value = 100 * uniform * uniform * uniform;
  }
  return rows;
}

void TimeForestFit(benchmark::State& state) {
  const Matrix rows = Customers();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        IsolationForest::Fit(rows, {.threads = static_cast<int>(state.range(0))}));
  }
}
BENCHMARK(TimeForestFit)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void TimeForestScore(benchmark::State& state) {
  const Matrix rows = Customers();
  const auto forest = IsolationForest::Fit(rows, {});
  for (auto _ : state) {
    benchmark::DoNotOptimize(forest->ScoreSamples(rows, static_cast<int>(state.range(0))));
  }
  state.counters["walks/s"] = benchmark::Counter(static_cast<double>(kCustomers) * 100,
                                                 benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(TimeForestScore)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Eight independent chains of dependent loads and comparisons, 8 steps for each row and tree.
class BareWalks {
 public:
  BareWalks() {
    Mt19937 random(2);
    for (std::size_t i = 0; i < kNodes; ++i) {
      next_[i] = static_cast<std::uint32_t>(random.NextBounded(kNodes - 1));
      threshold_[i] = static_cast<float>(random.NextDouble());
    }
  }

  void Walk() const {
    std::uint32_t at[kChains] = {0, 1, 2, 3, 4, 5, 6, 7};
    constexpr std::size_t kSteps = static_cast<std::size_t>(kCustomers) * 100 * 8 / kChains;
    for (std::size_t step = 0; step < kSteps; ++step) {
      for (std::uint32_t& node : at) {
        node = next_[node] + static_cast<std::uint32_t>(threshold_[node] > 0.5F);
      }
    }
    benchmark::DoNotOptimize(at);
  }

 private:
  static constexpr std::size_t kNodes = 512;
  static constexpr std::size_t kChains = 8;
  std::vector<std::uint32_t> next_ = std::vector<std::uint32_t>(kNodes);
  std::vector<float> threshold_ = std::vector<float>(kNodes);
};

void TimeForestScoreCeiling(benchmark::State& state) {
  const BareWalks walks;
  for (auto _ : state) walks.Walk();
}
BENCHMARK(TimeForestScoreCeiling)->UseRealTime()->Unit(benchmark::kMillisecond);

// Fit and score on one thread, with own draws and with those of scikit-learn.
void TimeForestBeside(benchmark::State& state) {
  const Matrix rows = Customers();
  const BareWalks walks;
  const IsolationForestOptions options{.draws = state.range(0) == 0 ? ForestDraws::kOwn
                                                                    : ForestDraws::kScikitLearn};
  RunBeside(
      state,
      [&] {
        const auto forest = IsolationForest::Fit(rows, options);
        benchmark::DoNotOptimize(forest->ScoreSamples(rows, 1));
      },
      [&] { walks.Walk(); });
}
BENCHMARK(TimeForestBeside)
    ->ArgName("scikit")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(20);

void TimePca(benchmark::State& state) {
  const Matrix rows = Customers();
  for (auto _ : state) benchmark::DoNotOptimize(FitPca(rows, static_cast<int>(state.range(0))));
}
BENCHMARK(TimePca)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()->Unit(
    benchmark::kMillisecond);

void TimeStandardScale(benchmark::State& state) {
  const Matrix rows = Customers();
  const std::vector<ScaleRule> rules(kFeatures, ScaleRule::kStandard);
  for (auto _ : state) benchmark::DoNotOptimize(Scaler::Fit(rows, rules)->Apply(rows));
}
BENCHMARK(TimeStandardScale)->Unit(benchmark::kMillisecond);

void TimeCorrelations(benchmark::State& state) {
  const Matrix rows = Customers();
  for (auto _ : state) {
    benchmark::DoNotOptimize(PearsonCorrelation(rows));
    benchmark::DoNotOptimize(SpearmanCorrelation(rows));
  }
}
BENCHMARK(TimeCorrelations)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn::clustering

BENCHMARK_MAIN();
