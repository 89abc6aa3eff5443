// k-means and silhouette at the sizes of the pipeline, the silhouette next to its ceiling: as many
// square roots and nothing else, in the same run.

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "bench/beside.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/kernels.h"
#include "lib/clustering/kmeans.h"
#include "lib/clustering/random.h"

namespace cairn::clustering {
namespace {

Matrix Skewed(Eigen::Index rows, Eigen::Index columns) {
  Mt19937 random(1);
  Matrix data(rows, columns);
  for (double& value : data.reshaped()) value = -std::log(1 - random.NextDouble());
  return data;
}

constexpr Eigen::Index kCustomers = 4338;

void TimeSquareRootCeiling(benchmark::State& state) {
  // One feature: the distance kernel reduced to its square roots.
  const RowBlocks blocks(Skewed(kCustomers, 1));
  double rows[kSumRows] = {1, 2, 3, 4};
  double sums[kSumRows * kLanes] = {};
  for (auto _ : state) {
    for (Eigen::Index i = 0; i < kCustomers; i += kSumRows) {
      ActiveKernels().distance_sums(blocks.block(0), blocks.blocks(), 1, rows, kLanes, sums);
    }
    benchmark::DoNotOptimize(sums);
  }
}
BENCHMARK(TimeSquareRootCeiling)->Unit(benchmark::kMillisecond);

Labels InFiveClusters(Eigen::Index rows) {
  Labels labels(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 5);
  return labels;
}

void TimeSilhouette(benchmark::State& state) {
  const Matrix rows = Skewed(kCustomers, 9);
  const Labels labels = InFiveClusters(kCustomers);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ComputeSilhouette(rows, labels, static_cast<int>(state.range(0))));
  }
}
BENCHMARK(TimeSilhouette)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void TimeFitCustomers(benchmark::State& state) {
  const auto context = KMeansContext::Create(Skewed(4362, 6));
  KMeansOptions options;
  options.k = 3;
  options.threads = static_cast<int>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Fit(*context, options));
}
BENCHMARK(TimeFitCustomers)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Twenty iterations of one start, whatever they gain.
KMeansOptions TwentyIterations(int64_t threads) {
  KMeansOptions options;
  options.init = KMeansInit::kRandom;
  options.n_init = 1;
  options.limits = {.max_iter = 20, .tol = 0};
  options.threads = static_cast<int>(threads);
  return options;
}

void TimeFitMillion(benchmark::State& state) {
  const auto context = KMeansContext::Create(Skewed(1'000'000, 8));
  KMeansOptions options = TwentyIterations(state.range(0));
  if (state.range(1) != 0) options.limits.algorithm = KMeansAlgorithm::kHamerly;
  for (auto _ : state) benchmark::DoNotOptimize(Fit(*context, options));
}
BENCHMARK(TimeFitMillion)
    ->ArgNames({"threads", "hamerly"})
    ->Args({1, 0})
    ->Args({2, 0})
    ->Args({2, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(2);

// The same beside its distances alone: 20 times those of all rows to all centres.
void TimeFitMillionBeside(benchmark::State& state) {
  const Matrix rows = Skewed(1'000'000, 8);
  const auto context = KMeansContext::Create(rows);
  const RowBlocks blocks(rows);
  std::vector<std::int32_t> labels(blocks.padded_rows());
  const KMeansOptions options = TwentyIterations(state.range(0));
  const auto distances = [&] {
    for (int turn = 0; turn < options.limits.max_iter; ++turn) {
      ActiveKernels().nearest(blocks.block(0), blocks.blocks(), blocks.columns(), rows.data(),
                              static_cast<std::size_t>(options.k), labels.data());
    }
    benchmark::DoNotOptimize(labels.data());
  };
  RunBeside(
      state, [&] { benchmark::DoNotOptimize(Fit(*context, options)); }, distances);
}
BENCHMARK(TimeFitMillionBeside)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(3);

// 20,000 rows beside the square roots of all pairs, each once.
void TimeSilhouetteBeside(benchmark::State& state) {
  constexpr Eigen::Index kRows = 20'000;
  const Matrix rows = Skewed(kRows, 6);
  const Labels labels = InFiveClusters(kRows);
  const RowBlocks blocks(Skewed(kRows, 1));
  const double four[kSumRows] = {1, 2, 3, 4};
  double sums[kSumRows * kLanes] = {};
  const auto roots = [&] {
    for (Eigen::Index i = 0; i < kRows / 2; i += kSumRows) {
      ActiveKernels().distance_sums(blocks.block(0), blocks.blocks(), 1, four, kLanes, sums);
    }
    benchmark::DoNotOptimize(sums);
  };
  const int threads = static_cast<int>(state.range(0));
  RunBeside(
      state, [&] { benchmark::DoNotOptimize(ComputeSilhouette(rows, labels, threads)); }, roots);
}
BENCHMARK(TimeSilhouetteBeside)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(3);

void TimeClassicSweep(benchmark::State& state) {
  const auto context = KMeansContext::Create(Skewed(4067, 6));
  std::vector<KMeansStart> specs;
  for (const int k : {3, 4, 8}) {
    for (const KMeansInit init : {KMeansInit::kKMeansPlusPlus, KMeansInit::kRandom}) {
      for (int start = 0; start < 50; ++start) specs.push_back({k, init, start, 42, {}});
    }
  }
  Parallel parallel(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(FitStarts(*context, specs, parallel));
}
BENCHMARK(TimeClassicSweep)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace cairn::clustering

BENCHMARK_MAIN();
