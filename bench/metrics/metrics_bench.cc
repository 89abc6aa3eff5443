// Metric blocks: encoding and decoding by the kind of data, reading a history,
// zooming into a long series, folding. Beside them a copy of the same points in
// the same run: compare by ratio. `bytes_per_point` counts keys, index and
// envelopes where it comes from a store.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "server/metrics/block_codec.h"
#include "server/metrics/fold.h"
#include "server/metrics/series_reader.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"

namespace cairn::metrics {
namespace {

constexpr char kRun[] = "0123456789abcdef0123456789abcdef";
constexpr char kMetric[] = "loss";

enum Kind { kConstant, kCounter, kFloatLoss, kDoubleLoss, kFourDecimals, kRandomBits };
constexpr const char* kKindNames[] = {"constant, fixed interval", "counter, fixed interval",
                                      "f32 loss, jitter",         "f64 loss, jitter",
                                      "4 decimals, jitter",       "random bits, jitter"};

double Value(Kind kind, std::mt19937_64& random, size_t i) {
  std::normal_distribution<double> noise(0, 0.01);
  const double loss = 2.5 * std::exp(-static_cast<double>(i) / 20000.0) + 0.3 + noise(random);
  switch (kind) {
    case kConstant:
      return 0.001;
    case kCounter:
      return static_cast<double>(i);
    case kFloatLoss:
      return double{static_cast<float>(loss)};
    case kDoubleLoss:
      return loss;
    case kFourDecimals:
      return std::round(loss * 1e4) / 1e4;
    case kRandomBits:
      return std::bit_cast<double>(random());
  }
  return 0;
}

PointColumns MakePoints(Kind kind, size_t first, size_t count) {
  std::mt19937_64 random(first + 1);
  PointColumns points;
  for (size_t i = first; i < first + count; ++i) {
    const auto jitter = kind < kFloatLoss ? 0 : static_cast<int64_t>(random() % 200) - 100;
    points.Append(static_cast<int64_t>(i),
                  1'700'000'000'000 + static_cast<int64_t>(i) * 1000 + jitter,
                  Value(kind, random, i));
  }
  return points;
}

void BmEncode(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const PointColumns points = MakePoints(kind, 0, 64 * kBlockPoints);
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    for (size_t at = 0; at < points.size(); at += kBlockPoints) {
      bytes += EncodeBlock(points, at, at + kBlockPoints).size();
    }
  }
  state.SetLabel(kKindNames[kind]);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(points.size()));
  state.counters["bytes_per_point"] =
      static_cast<double>(bytes) / static_cast<double>(points.size());
}
BENCHMARK(BmEncode)->DenseRange(kConstant, kRandomBits);

void BmDecode(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const PointColumns points = MakePoints(kind, 0, 64 * kBlockPoints);
  std::vector<std::string> blocks;
  for (size_t at = 0; at < points.size(); at += kBlockPoints) {
    blocks.push_back(EncodeBlock(points, at, at + kBlockPoints));
  }
  PointColumns out;
  for (auto _ : state) {
    for (const std::string& block : blocks) {
      out.clear();
      if (!DecodeBlock(block, out).ok()) state.SkipWithError("decode");
    }
  }
  state.SetLabel(kKindNames[kind]);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(points.size()));
}
BENCHMARK(BmDecode)->DenseRange(kConstant, kRandomBits);

// The bare component: the same points copied.
void BmCopyPoints(benchmark::State& state) {
  const PointColumns points = MakePoints(kFloatLoss, 0, 64 * kBlockPoints);
  PointColumns out;
  for (auto _ : state) {
    out.clear();
    out.AppendRange(points, 0, points.size());
    benchmark::DoNotOptimize(out.values.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(points.size()));
}
BENCHMARK(BmCopyPoints);

// A RocksDB store with one series, folded; below BENCH_DIR if that is set.
class FoldedSeries {
 public:
  FoldedSeries(Kind kind, size_t count) : count_(count) {
    const char* base = ::getenv("BENCH_DIR");
    const std::filesystem::path root =
        base != nullptr ? base : std::filesystem::temp_directory_path();
    path_ = (root / "cairn-bench-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
    storage::RocksOptions options;
    options.directory = path_ + "/store";
    store_ = storage::OpenRocksStore(options).value();
    storage::WriteSet run;
    run.PutRecord(storage::RunKey(kRun), "run");
    Commit(std::move(run));
    constexpr size_t kBatch = 100'000;
    for (size_t at = 0; at < count; at += kBatch) {
      Log(MakePoints(kind, at, std::min(kBatch, count - at)));
      Fold();
    }
  }
  ~FoldedSeries() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  storage::KvStore& store() { return *store_; }
  double fold_points_per_second() const { return static_cast<double>(count_) / fold_seconds_; }

  // Keys, envelopes and payloads of everything that is left of the series.
  double BytesPerPoint() {
    constexpr size_t kEnvelope = 29;
    size_t bytes = 0;
    const auto snapshot = store_->GetSnapshot();
    for (const auto kind : {storage::KeyKind::kMetricBatch, storage::KeyKind::kMetricBlock,
                            storage::KeyKind::kMetricNode, storage::KeyKind::kMetricSeries}) {
      const auto range = storage::KeyRange::Prefix(storage::MetricKindPrefix(kind, kRun));
      const auto scanned =
          snapshot->Scan(range, storage::ScanOrder::kAscending,
                         [&bytes](std::string_view key, const storage::Record& record) {
                           bytes += key.size() + kEnvelope + record.payload.size();
                           return true;
                         });
      if (!scanned.ok()) std::abort();
    }
    return static_cast<double>(bytes) / static_cast<double>(count_);
  }

 private:
  void Commit(storage::WriteSet set) {
    if (!store_->CommitAndWait(std::move(set)).ok()) std::abort();
  }

  void Log(const PointColumns& points) {
    cairn::internal::MetricBatchRecord batch;
    batch.mutable_steps()->Add(points.steps.begin(), points.steps.end());
    batch.mutable_times_unix_millis()->Add(points.times.begin(), points.times.end());
    batch.mutable_values()->Add(points.values.begin(), points.values.end());
    storage::WriteSet set;
    set.PutOnce(storage::MetricBatchKey(kRun, kMetric, points.steps[0], "b"),
                batch.SerializeAsString());
    Commit(std::move(set));
  }

  void Fold() {
    const auto start = std::chrono::steady_clock::now();
    while (true) {
      FoldPlan plan = PlanFold(*store_->GetSnapshot(), kRun, kMetric).value();
      if (plan.nothing_to_write) break;
      Commit(std::move(plan.write_set));
    }
    fold_seconds_ +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  size_t count_;
  double fold_seconds_ = 0;
  std::string path_;
  std::unique_ptr<storage::KvStore> store_;
};

void Report(benchmark::State& state, FoldedSeries& series, std::vector<double> millis) {
  std::sort(millis.begin(), millis.end());
  if (!millis.empty()) {
    state.counters["p50_ms"] = millis[millis.size() / 2];
    state.counters["p99_ms"] = millis[millis.size() * 99 / 100];
  }
  state.counters["bytes_per_point"] = series.BytesPerPoint();
  state.counters["folded_points_per_s"] = series.fold_points_per_second();
}

template <typename Work>
void Measure(benchmark::State& state, FoldedSeries& series, Work&& work) {
  std::vector<double> millis;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const auto snapshot = series.store().GetSnapshot();
    auto reader = SeriesReader::Open(*snapshot, kRun, kMetric).value();
    work(reader);
    millis.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  Report(state, series, std::move(millis));
}

void BmReadHistory(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  constexpr size_t kCount = 100'000;
  FoldedSeries series(kind, kCount);
  PointColumns points;
  Measure(state, series, [&](SeriesReader& reader) {
    while (reader.Next(65'536, points).value()) benchmark::DoNotOptimize(points.values.data());
  });
  state.SetLabel(kKindNames[kind]);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kCount));
}
BENCHMARK(BmReadHistory)->DenseRange(kConstant, kRandomBits)->UseRealTime();

// Two thousand buckets of a series of range(0) points.
void BmZoom(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  FoldedSeries series(kFloatLoss, count);
  size_t buckets = 0;
  Measure(state, series,
          [&](SeriesReader& reader) { buckets = reader.ReadBuckets(2000).value().size(); });
  state.counters["buckets"] = static_cast<double>(buckets);
}
BENCHMARK(BmZoom)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(2'000'000)
    ->Arg(10'000'000)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn::metrics

BENCHMARK_MAIN();
