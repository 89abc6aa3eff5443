// What deciding alone takes: candidates times checks, in memory. `ratio` is the median by that of
// writing the decision as bytes and hashing them in the same run, which no decision can do without.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/promotion/policy_checks.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/promotion/decide.h"
#include "lib/promotion/policy_parser.h"

namespace cairn::promotion {
namespace {

using Clock = std::chrono::steady_clock;

std::string PolicyOf(int64_t candidates, int64_t checks) {
  return fmt::format(
             "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {{name: p}}\nspec:\n"
             "  target: {{model: m, channel: production}}\n  candidates: {{max: {}}}\n"
             "  evidence: {{trust: reported, dataset: d}}\n",
             candidates) +
         bench::PolicyChecks(checks);
}

VersionRead VersionOf(int64_t number, int64_t checks) {
  VersionRead read;
  read.mod_revision = 100 + number;
  read.version.set_name(fmt::format("models/m/versions/{}", number));
  read.version.set_state(v1::ModelVersion::READY);
  read.version.set_evaluation_space("space");
  read.version.set_feature_schema("schema");
  read.sha256 = Sha256Hex(read.version.SerializeAsString());
  EvaluationRead measured;
  measured.mod_revision = read.mod_revision;
  v1::Evaluation& evaluation = measured.evaluation;
  evaluation.set_name(read.version.name() + "/evaluations/1");
  evaluation.set_source(v1::Evaluation::REPORTED);
  evaluation.set_state(v1::Evaluation::FINAL);
  evaluation.set_dataset_version("datasets/d/versions/1");
  evaluation.set_dataset_sha256(std::string(64, 'd'));
  evaluation.set_space("space");
  for (int64_t i = 0; i < checks; ++i) {
    auto* value = evaluation.add_values();
    value->set_metric(fmt::format("m{}", i));
    // A few fail here and there.
    value->set_value(0.25 + static_cast<double>((number * 31 + i * 17) % 97) / 97);
  }
  measured.sha256 = Sha256Hex(evaluation.SerializeAsString());
  read.evaluations.push_back(std::move(measured));
  return read;
}

DecisionInput InputOf(const Policy& policy, int64_t candidates, int64_t checks) {
  DecisionInput input;
  input.policy_sha256 = PolicyDigest(policy);
  input.policy_revision = 1;
  for (int64_t i = 1; i <= candidates; ++i) input.candidates.push_back(VersionOf(i, checks));
  input.head_version = 1;
  input.head_epoch = 1;
  input.champion = input.candidates.front();
  input.evidence = DatasetRead{"datasets/d/versions/1", 7, std::string(64, 'd')};
  return input;
}

double QuantileOf(std::vector<double>& values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

double MillisSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void TimeDecide(benchmark::State& state) {
  const auto policy = ParsePolicy(PolicyOf(state.range(0), state.range(1)));
  if (!policy.ok()) return state.SkipWithError(std::string(policy.status().message()).c_str());
  const DecisionInput input = InputOf(*policy, state.range(0), state.range(1));
  std::vector<double> took;
  std::vector<double> bare;
  for (auto _ : state) {
    const auto begin = Clock::now();
    const auto decision = Decide(*policy, input);
    took.push_back(MillisSince(begin));
    if (!decision.ok()) return state.SkipWithError("nothing was decided");
    const auto bare_begin = Clock::now();
    benchmark::DoNotOptimize(Sha256Hex(decision->SerializeAsString()));
    bare.push_back(MillisSince(bare_begin));
  }
  state.counters["p50_ms"] = QuantileOf(took, 0.5);
  state.counters["p99_ms"] = QuantileOf(took, 0.99);
  state.counters["bare_ms"] = QuantileOf(bare, 0.5);
  state.counters["ratio"] = QuantileOf(took, 0.5) / QuantileOf(bare, 0.5);
}
// The last ones have as many results as a policy may ask for (kMaxResults).
BENCHMARK(TimeDecide)
    ->ArgNames({"candidates", "checks"})
    ->Args({50, 12})
    ->Args({200, 10})
    ->Args({1000, 2})
    ->MinTime(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn::promotion

BENCHMARK_MAIN();
