// Processor time, for ratios that hold on a machine which others use too.

#ifndef CAIRN_BENCH_BESIDE_H_
#define CAIRN_BENCH_BESIDE_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <limits>

namespace cairn {

// What all threads of the process have used, in seconds.
inline double ProcessCpuSeconds() {
  std::timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The least that `work` takes in three turns.
template <typename Work>
double LeastCpuSeconds(const Work& work) {
  double least = std::numeric_limits<double>::infinity();
  for (int turn = 0; turn < 3; ++turn) {
    const double before = ProcessCpuSeconds();
    work();
    least = std::min(least, ProcessCpuSeconds() - before);
  }
  return least;
}

// Runs `work` as a benchmark beside `ceiling`, which is the least work that it cannot do without.
// Counters: `cpu_ms` and `ceiling_ms`, the least processor time of each, and `ratio` of the two.
template <typename Work, typename Ceiling>
void RunBeside(benchmark::State& state, const Work& work, const Ceiling& ceiling) {
  double least = std::numeric_limits<double>::infinity();
  double bare = least;
  for (auto _ : state) {
    const double before = ProcessCpuSeconds();
    work();
    least = std::min(least, ProcessCpuSeconds() - before);
    state.PauseTiming();
    bare = std::min(bare, LeastCpuSeconds(ceiling));
    state.ResumeTiming();
  }
  state.counters["cpu_ms"] = 1e3 * least;
  state.counters["ceiling_ms"] = 1e3 * bare;
  state.counters["ratio"] = least / bare;
}

}  // namespace cairn

#endif  // CAIRN_BENCH_BESIDE_H_
