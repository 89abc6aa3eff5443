// Evaluation by the server, from the bytes of model and table to the values, next to the bare
// mathematics of the same values on rows that are prepared already. `ratio` is the former by the
// latter in the same run.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "bench/evaluation/segment_model.h"
#include "cairn/v1/segmentation_model.pb.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/random.h"
#include "lib/evaluation/measure.h"
#include "lib/model/model_file.h"
#include "lib/model/predictor.h"
#include "server/evaluation/inputs.h"
#include "server/evaluation/measurer.h"

namespace cairn::evaluation {
namespace {

using bench::SegmentModel;
using bench::SegmentTable;

// The mathematics of Measure alone: no table to read, nothing to prepare.
void BareIndices(const model::Matrix& rows, const clustering::Labels& labels,
                 const model::Matrix& centers) {
  benchmark::DoNotOptimize(clustering::ComputeSilhouette(
      rows.topRows(std::min<Eigen::Index>(rows.rows(), kSampleRows)),
      {labels.begin(), labels.begin() + std::min<int64_t>(rows.rows(), kSampleRows)}, 1));
  benchmark::DoNotOptimize(clustering::DaviesBouldin(rows, labels));
  benchmark::DoNotOptimize(clustering::CalinskiHarabasz(rows, labels));
  benchmark::DoNotOptimize(clustering::Inertia(rows, labels, centers));
}

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Each iteration has a measurer of its own, which has nothing in its caches.
void TimeServerEvaluation(benchmark::State& state) {
  const std::string model = *model::SerializeModel(SegmentModel());
  const std::string csv = SegmentTable(static_cast<int>(state.range(0)));
  MeasurementInputs inputs;
  inputs.model.file = DigestOf(model);
  inputs.data.file = DigestOf(csv);
  const std::map<std::string, std::string> blobs = {{inputs.model.file.Hex(), model},
                                                    {inputs.data.file.Hex(), csv}};
  const auto predictor = *model::Predictor::Create(SegmentModel());
  const auto table = *FeatureTable::Parse(csv);
  const model::Matrix rows = *predictor.Components(*table.RowsFor(predictor));
  const clustering::Labels labels = model::NearestCenters(rows, predictor.centers());
  double server = 0;
  double bare = 0;
  for (auto _ : state) {
    Measurer measurer(
        [&blobs](const cairn::Digest& digest, int64_t) -> absl::StatusOr<std::string> {
          return blobs.at(digest.Hex());
        });
    const auto begin = std::chrono::steady_clock::now();
    const auto measured = measurer.Measure(inputs);
    if (!measured.ok()) return state.SkipWithError("not measured");
    server += SecondsSince(begin);
    state.SetIterationTime(SecondsSince(begin));
    const auto bare_begin = std::chrono::steady_clock::now();
    BareIndices(rows, labels, predictor.centers());
    bare += SecondsSince(bare_begin);
  }
  state.counters["bare_ms"] = 1000 * bare / static_cast<double>(state.iterations());
  state.counters["ratio"] = server / bare;
}
BENCHMARK(TimeServerEvaluation)
    ->ArgName("rows")
    ->Arg(4'362)
    ->Arg(20'000)
    ->Arg(100'000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn::evaluation

BENCHMARK_MAIN();
