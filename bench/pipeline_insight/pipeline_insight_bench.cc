// What is said about segments, on the data set named by CAIRN_DATASET, or on generated data of the
// same size without it. Segments are quarters of the customers by spend and recency: the figures
// depend on their sizes only. The argument is the number of threads.

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "benchmark/benchmark.h"
#include "fmt/format.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/data/synthetic.h"
#include "pipeline/insight/cleaning_money.h"
#include "pipeline/insight/customers_csv.h"
#include "pipeline/insight/recommendation_quality.h"
#include "pipeline/insight/recommendations.h"
#include "pipeline/insight/segment_matching.h"
#include "pipeline/insight/segment_names.h"

namespace cairn::pipeline {
namespace {

constexpr int kBenchSegments = 4;

TransactionTable Cleaned() {
  const char* dataset = std::getenv("CAIRN_DATASET");
  if (dataset != nullptr) return CleanTransactions(LoadTransactions(dataset).value().table).table;
  SyntheticOptions options;
  options.customers = 5500;
  const std::string csv = GenerateTransactionsCsv(options)->csv;
  return CleanTransactions(LoadTransactionsFromBytes(csv).value().table).table;
}

// Whether the customer is above the median in spend, and in days since the last purchase.
std::vector<int32_t> Quarters(const FeatureMatrix& features) {
  const FeatureOrder spend = OrderOf(FeatureColumn(features, "Total_Spend").value());
  const FeatureOrder days = OrderOf(FeatureColumn(features, "Days_Since_Last_Purchase").value());
  std::vector<int32_t> segments(spend.rows.size(), 0);
  for (size_t i = segments.size() / 2; i < segments.size(); ++i) {
    segments[spend.rows[i]] += 1;
    segments[days.rows[i]] += 2;
  }
  return segments;
}

struct BenchData {
  TransactionTable table = Cleaned();
  FeatureMatrix features = ComputeFeatures(table, FeaturePreset::kDefault).value();
  std::vector<int32_t> segments = Quarters(features);
};

const BenchData& Data() {
  static const auto& data = *new BenchData();
  return data;
}

int Threads(const benchmark::State& state) { return static_cast<int>(state.range(0)); }

void Spend(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(SpendOf(Data().table));
  state.counters["spend"] = SpendOf(Data().table);
}
BENCHMARK(Spend)->Unit(benchmark::kMillisecond);

void Profiles(benchmark::State& state) {
  const BenchData& data = Data();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ComputeProfiles(data.table, data.features, data.segments,
                                             kBenchSegments, {}, Threads(state)));
  }
}
BENCHMARK(Profiles)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void NamerCreate(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(SegmentNamer::Create(Data().features));
}
BENCHMARK(NamerCreate)->Unit(benchmark::kMillisecond);

void NameOneModel(benchmark::State& state) {
  const SegmentNamer namer = SegmentNamer::Create(Data().features).value();
  for (auto _ : state) benchmark::DoNotOptimize(namer.Name(Data().segments, kBenchSegments));
  std::string label;
  const std::vector<NamedSegment> segments = namer.Name(Data().segments, kBenchSegments).value();
  for (const NamedSegment& named : segments) {
    label += fmt::format("{} ({:.0f} %, {:.0f} % of spend): {} | ", named.name,
                         100 * named.customer_share, 100 * named.spend_share, named.summary);
  }
  state.SetLabel(label);
}
BENCHMARK(NameOneModel)->Unit(benchmark::kMillisecond);

void Matching(benchmark::State& state) {
  const BenchData& data = Data();
  ChampionSegments champion{{}, data.segments, {"a", "b", "c", "d"}};
  for (const int32_t id : data.features.customer_ids) {
    champion.customers.push_back(CustomerText(id, data.features.customer_names));
  }
  const std::vector<double> spend = {1, 2, 3, 4};
  const std::vector<std::string> names = {"p", "q", "r", "s"};
  for (auto _ : state) {
    const SegmentMatcher matcher = SegmentMatcher::Create(champion, champion.customers).value();
    benchmark::DoNotOptimize(matcher.Match(data.segments, spend, names));
  }
}
BENCHMARK(Matching)->Unit(benchmark::kMillisecond);

void Recommend(benchmark::State& state) {
  const BenchData& data = Data();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ComputeRecommendations(data.table, data.features, data.segments,
                                                    kBenchSegments, Threads(state)));
  }
}
BENCHMARK(Recommend)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void SplitAndFeatures(benchmark::State& state) {
  for (auto _ : state) {
    const TimeSplit split = SplitByTime(Data().table).value();
    benchmark::DoNotOptimize(
        ComputeFeatures(split.before, FeaturePreset::kDefault, Threads(state)));
  }
}
BENCHMARK(SplitAndFeatures)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void Quality(benchmark::State& state) {
  const TimeSplit split = SplitByTime(Data().table).value();
  const FeatureMatrix features = ComputeFeatures(split.before, FeaturePreset::kDefault).value();
  const std::vector<int32_t> segments = Quarters(features);
  RecommendationQuality quality;
  for (auto _ : state) {
    quality =
        MeasureRecommendations(split, features, segments, kBenchSegments, Threads(state)).value();
  }
  state.SetLabel(fmt::format("split {}, {} cases: segment {:.4f}, popularity {:.4f}, items {:.4f}",
                             quality.split_day, quality.customers, quality.segment_hit_rate,
                             quality.popularity_hit_rate, quality.item_hit_rate));
}
BENCHMARK(Quality)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void CrmTable(benchmark::State& state) {
  const BenchData& data = Data();
  const auto recommendations =
      ComputeRecommendations(data.table, data.features, data.segments, kBenchSegments, 1).value();
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  const std::vector<double> silhouettes(data.segments.size(), 0.123456789);
  for (auto _ : state) {
    benchmark::DoNotOptimize(CustomersCsv(
        {data.features, data.segments, names, data.segments, silhouettes, {}, &recommendations}));
  }
}
BENCHMARK(CrmTable)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn::pipeline

BENCHMARK_MAIN();
