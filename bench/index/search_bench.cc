// A start and all pages of a search over RUNS (10,000) runs with 20 params and 20
// metrics in a store on disk, without RPC: 1,000 runs a page, ordered by a metric,
// whole runs and by masks, beside a MultiGet of the runs' own records in the same
// run. Prints milliseconds. Usage: search_bench [RUNS]
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_searcher.h"

namespace cairn::tracking {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKeys = 20;

// The least of `times` calls.
double Least(int times, const std::function<void()>& call) {
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    call();
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    least = std::min(least, took.count());
  }
  return least;
}

void AddRun(storage::WriteSet& set, std::mt19937_64& random, int64_t number) {
  const std::string id = fmt::format("{:016x}{:016x}", random(), random());
  cairn::internal::RunRecord record;
  v1::Run& run = *record.mutable_run();
  run.set_name(FormatRunName(0, id));
  run.set_uid(id);
  run.set_display_name("run-" + id.substr(0, 8));
  run.set_user("bench");
  run.set_state(v1::Run::SUCCEEDED);
  run.mutable_start_time()->set_seconds(1'700'000'000 + number);
  run.mutable_create_time()->set_seconds(1'700'000'000 + number);
  set.PutOnce(storage::RunKey(id), record.SerializeAsString());
  for (int k = 0; k < kKeys; ++k) {
    cairn::internal::ValueRecord value;
    value.set_value(std::to_string(random() % 100));
    set.PutOnce(storage::RunParamKey(id, fmt::format("p{}", k)), value.SerializeAsString());
    cairn::internal::MetricRecord metric;
    auto& summary = *metric.mutable_summary();
    summary.set_key(fmt::format("m{}", k));
    summary.mutable_latest()->set_value(static_cast<double>(random() % 1'000'000) / 1e6);
    summary.mutable_latest()->set_step(100);
    summary.set_min(0.001);
    summary.set_max(summary.latest().value());
    summary.set_point_count(100);
    set.PutOnce(storage::RunMetricKey(id, summary.key()), metric.SerializeAsString());
  }
  set.Emit(run.name(), "run.created");
}

std::vector<storage::Key> FillStore(storage::KvStore& store, int64_t runs) {
  std::mt19937_64 random(7);
  cairn::internal::ExperimentRecord experiment;
  experiment.mutable_experiment()->set_name(ExperimentName(0));
  storage::WriteSet first;
  first.PutRecord(storage::ExperimentKey(0), experiment.SerializeAsString());
  if (!store.CommitAndWait(std::move(first)).ok()) std::abort();
  std::vector<storage::Key> keys;
  for (int64_t i = 0; i < runs;) {
    storage::WriteSet set;
    for (const int64_t end = std::min<int64_t>(runs, i + 200); i < end; ++i) AddRun(set, random, i);
    for (const auto& put : set.puts) {
      if (put.payload.size() > 100) keys.push_back(put.key);
    }
    if (!store.CommitAndWait(std::move(set)).ok()) std::abort();
  }
  return keys;
}

// How many rows all pages have together.
int64_t AllPages(RunSearcher& searcher, const std::vector<std::string>& mask) {
  v1::SearchRunsRequest request;
  request.set_order_by("metrics.m3 desc");
  request.set_page_size(1'000);
  request.mutable_read_mask()->mutable_paths()->Assign(mask.begin(), mask.end());
  int64_t rows = 0;
  do {
    const auto page = searcher.Search(request);
    if (!page.ok()) std::abort();
    rows += page->runs_size();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return rows;
}

void Main(int64_t runs) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("cairn-search-bench-{}", ::getpid()))
          .string();
  storage::RocksOptions rocks;
  rocks.directory = path;
  rocks.merge = MergeRecords;
  const auto store = storage::OpenRocksStore(std::move(rocks)).value();
  const auto keys = FillStore(*store, runs);
  RunSearcherOptions options;
  options.checkpoint_directory = path + "/index";
  auto searcher = std::make_unique<RunSearcher>(*store, options);
  const double full = Least(1, [&] { (void)searcher->Load(); });
  searcher.reset();
  searcher = std::make_unique<RunSearcher>(*store, options);
  const double loaded = Least(1, [&] { (void)searcher->Load(); });
  std::printf("%lld runs: filled from the store in %.0f ms, from a checkpoint in %.0f ms, %.3fx\n",
              static_cast<long long>(runs), full, loaded, loaded / full);
  const double bare = Least(5, [&] {
    const auto snapshot = store->GetSnapshot();
    for (size_t i = 0; i < keys.size(); i += 1'000) {
      const auto end = keys.begin() + static_cast<ptrdiff_t>(std::min(keys.size(), i + 1'000));
      if (!snapshot->MultiGet({keys.begin() + static_cast<ptrdiff_t>(i), end}).ok()) std::abort();
    }
  });
  std::printf("bare MultiGet of every run's record: %.1f ms\n", bare);
  const auto measure = [&](const char* name, const std::vector<std::string>& mask) {
    const double took = Least(5, [&] {
      if (AllPages(*searcher, mask) != runs) std::abort();
    });
    std::printf("all pages, %-28s %8.1f ms  %5.2fx bare\n", name, took, took / bare);
  };
  measure("whole runs", {});
  measure("name", {"name"});
  measure("state, one metric", {"state", "metrics.m3"});
  measure("metrics", {"metrics"});
  searcher.reset();
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace cairn::tracking

int main(int argc, char** argv) {
  cairn::tracking::Main(argc > 1 ? std::atoll(argv[1]) : 10'000);
  return 0;
}
