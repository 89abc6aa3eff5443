// Searches over RUNS (1,000,000) runs with 20 metrics (latest, min and max all
// different) and 20 params, 18 of them with at most 100 values, beside a bare scan
// of one column in the same run. Prints p50 and p99 in milliseconds and the ratio
// to the bare scan. Usage: index_bench [RUNS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/index/checkpoint_directory.h"
#include "server/index/run_index.h"
#include "server/storage/memory_store.h"

namespace cairn::index {
namespace {

using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double ResidentMiB() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

// Runs `call` `times` times after one run that warms up, which it prints as well.
void Measure(const char* name, int times, double bare_ms, const std::function<void()>& call) {
  const auto first = Clock::now();
  call();
  const double cold = Milliseconds(first);
  std::vector<double> samples;
  for (int i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    call();
    samples.push_back(Milliseconds(begin));
  }
  std::sort(samples.begin(), samples.end());
  const double p50 = samples[samples.size() / 2];
  const double p99 = samples[samples.size() * 99 / 100];
  std::printf("%-44s p50 %8.3f  p99 %8.3f  first %8.3f ms  %6.2fx bare\n", name, p50, p99, cold,
              p50 / bare_ms);
}

// A run with ascending start time; values are uniform.
void AddRun(RunColumns& columns, std::mt19937_64& random, int64_t i) {
  const auto below = [&](uint64_t n) { return random() % n; };
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const Row row = columns.RowFor({random(), random()});
  cairn::v1::Run run;
  run.set_display_name(fmt::format("run-{:08x}", below(uint64_t{1} << 32)));
  run.set_user(fmt::format("user{}", below(50)));
  run.set_state(below(10) < 8 ? cairn::v1::Run::SUCCEEDED : cairn::v1::Run::FAILED);
  run.mutable_start_time()->set_seconds(1'600'000'000 + i);
  run.mutable_end_time()->set_seconds(1'600'001'000 + i);
  run.mutable_create_time()->set_seconds(1'600'000'000 + i);
  columns.SetRecord(row, i / 10'000, run);
  for (int p = 0; p < 20; ++p) {
    const std::string key = fmt::format("p{}", p);
    const std::string value = p < 18 ? std::to_string(below(static_cast<uint64_t>(p) * 5 + 10))
                                     : fmt::format("{}", unit());
    columns.SetText(row, core::RunField::kParam, key, value);
  }
  cairn::v1::MetricSummary summary;
  for (int m = 0; m < 20; ++m) {
    summary.set_key(fmt::format("m{}", m));
    const double value = unit();
    summary.mutable_latest()->set_value(value);
    summary.set_min(value * 0.5);
    summary.set_max(value * 1.5);
    columns.SetMetric(row, summary);
  }
}

class Bench {
 public:
  explicit Bench(int64_t runs) : random_(42) {
    const auto begin = Clock::now();
    const absl::Status filled = index_.Fill(1, [&](RunColumns& columns) {
      for (int64_t i = 0; i < 1 + runs / 10'000; ++i) columns.SetExperimentLive(i, true);
      for (int64_t i = 0; i < runs; ++i) AddRun(columns, random_, i);
      return absl::OkStatus();
    });
    if (!filled.ok()) std::abort();
    std::printf("%lld runs: columns filled in %.2f s; columns %.0f MiB, VmRSS %.0f MiB\n",
                static_cast<long long>(runs), Milliseconds(begin) / 1000,
                static_cast<double>(index_.bytes()) / 0x1p20, ResidentMiB());
  }

  // One search; `after` is the page's end before and after it.
  size_t Search(const std::string& filter_text, const std::string& order_text, std::string* after) {
    const auto filter = core::RunFilter::Compile(filter_text).value();
    const auto order = core::RunOrder::Parse(order_text).value();
    RunQuery query;
    query.filter = &filter;
    query.order = &order;
    if (after != nullptr) query.after = *after;
    const auto page = index_.Search(query).value();
    if (after != nullptr) *after = page.more ? page.hits.back().sort_key : "";
    return page.hits.size();
  }

  int64_t Count(const std::string& filter_text) {
    const auto filter = core::RunFilter::Compile(filter_text).value();
    RunQuery query;
    query.filter = &filter;
    return index_.Count(query).count;
  }

  // Three predicates that differ every time: about 1 run in 1,000.
  std::string Sparse() {
    return fmt::format("params.p1 = {} AND params.p8 = {} AND metrics.m{} > {:.6f}", random_() % 15,
                       random_() % 50, random_() % 20, 0.2 + 0.6 * Unit());
  }
  // Three predicates: about 1 run in 5.
  std::string Dense() {
    return fmt::format("params.p1 < {} AND state = SUCCEEDED AND metrics.m{} > {:.6f}",
                       7 + random_() % 3, random_() % 20, 0.4 + 0.2 * Unit());
  }
  // One predicate at 50 % hit.
  std::string Half() { return fmt::format("metrics.m3 > {:.6f}", 0.49 + 0.02 * Unit()); }

  void ChangeOne() {
    RunChange change;
    change.run_id = std::string(32, 'e');
    change.run.set_uid(change.run_id);
    (*change.run.mutable_params())["p1"] = std::to_string(random_() % 15);
    if (!index_.Apply(++revision_, {change}).ok()) std::abort();
  }

  // Writes a checkpoint and loads it, beside reading and copying as many bytes.
  void Restart() {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("cairn-index-bench-{}", random_()))
            .string();
    const auto store = storage::MakeMemoryStore();
    for (storage::Revision i = 0; i < index_.revision(); ++i) {
      storage::WriteSet set;
      set.Emit("experiments/0", cairn::v1::Event::EXPERIMENT_UPDATED);
      if (!store->CommitAndWait(std::move(set)).ok()) std::abort();
    }
    CheckpointDirectory directory(path);
    auto begin = Clock::now();
    const auto written = directory.Write(*store, index_, size_t{1} << 40);
    if (!written.ok()) {
      std::printf("%s\n", std::string(written.status().message()).c_str());
      std::abort();
    }
    const double write_ms = Milliseconds(begin);
    double bare_ms = 0, load_ms = 0;
    for (int i = 0; i < 3; ++i) {
      begin = Clock::now();
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        if (ReadFile(entry.path().string())->empty()) std::abort();
      }
      const double bare = Milliseconds(begin);
      begin = Clock::now();
      const auto loaded = directory.Load(*store, size_t{1} << 40);
      if (!loaded.ok()) std::abort();
      const double load = Milliseconds(begin);
      bare_ms = i == 0 ? bare : std::min(bare, bare_ms);
      load_ms = i == 0 ? load : std::min(load, load_ms);
    }
    std::filesystem::remove_all(path);
    std::printf(
        "checkpoint of %.0f MiB: written in %.0f ms, loaded in %.0f ms, %.2fx reading its "
        "bytes (%.0f ms)\n",
        static_cast<double>(written->bytes) / 0x1p20, write_ms, load_ms, load_ms / bare_ms,
        bare_ms);
  }

  double Unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

 private:
  std::mt19937_64 random_;
  RunIndex index_;
  storage::Revision revision_ = 1;
};

// What any search of this many rows has to do at least once: compare one column.
double BareScan(size_t rows, std::mt19937_64 random) {
  std::vector<double> column(rows);
  for (double& value : column) value = static_cast<double>(random() >> 11) * 0x1p-53;
  std::vector<double> samples;
  size_t hits = 0;
  for (int i = 0; i < 101; ++i) {
    const auto begin = Clock::now();
    const double bound = 0.3 + i * 0.001;
    for (const double value : column) hits += value > bound ? 1 : 0;
    samples.push_back(Milliseconds(begin));
  }
  std::sort(samples.begin(), samples.end());
  std::printf("bare scan of one column: p50 %.3f ms (%zu hits)\n", samples[50], hits / 101);
  return samples[50];
}

void Main(int64_t runs) {
  Bench bench(runs);
  const double bare = BareScan(static_cast<size_t>(runs), std::mt19937_64(1));
  std::string after;
  Measure("3 predicates (sparse), order, 100 rows", 400, bare,
          [&] { bench.Search(bench.Sparse(), "metrics.m0 desc", nullptr); });
  Measure("3 predicates (dense), order, 100 rows", 400, bare,
          [&] { bench.Search(bench.Dense(), "metrics.m1 desc", nullptr); });
  Measure("50 % hit, other sort key, 100 rows", 400, bare,
          [&] { bench.Search(bench.Half(), "metrics.m7", nullptr); });
  int fresh = 0;
  Measure("50 % hit, a sort key never used before", 15, bare,
          [&] { bench.Search(bench.Half(), fmt::format("metrics_min.m{}", fresh++), nullptr); });
  Measure("50 % hit, two sort keys", 200, bare,
          [&] { bench.Search(bench.Half(), "params.p2, metrics.m9 desc", nullptr); });
  const std::string sparse = "params.p1 = 3 AND metrics.m2 > 0.3 AND state = SUCCEEDED";
  Measure("next page, sparse", 200, bare, [&] { bench.Search(sparse, "metrics.m0", &after); });
  after.clear();
  Measure("next page, dense", 400, bare,
          [&] { bench.Search("metrics.m3 > 0.5", "metrics.m7", &after); });
  Measure("count, 3 predicates never asked before", 400, bare,
          [&] { bench.Count(bench.Sparse()); });
  Measure("count, 3 dense predicates never asked", 400, bare, [&] { bench.Count(bench.Dense()); });
  Measure("count, asked before", 400, bare, [&] { bench.Count(sparse); });
  Measure("one change, then 3 predicates (sparse)", 400, bare, [&] {
    bench.ChangeOne();
    bench.Search(bench.Sparse(), "metrics.m0 desc", nullptr);
  });
  bench.Restart();
  std::printf("after the searches: VmRSS %.0f MiB\n", ResidentMiB());
}

}  // namespace
}  // namespace cairn::index

int main(int argc, char** argv) {
  cairn::index::Main(argc > 1 ? std::atoll(argv[1]) : 1'000'000);
  return 0;
}
