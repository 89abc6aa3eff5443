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
#include <string>
#include <vector>

#include "bench/index/run_store.h"
#include "fmt/format.h"
#include "google/protobuf/arena.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_searcher.h"

namespace cairn::tracking {
namespace {

using Clock = std::chrono::steady_clock;

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

// How many rows all pages have together. Pages are made as bytes, and parsed as a
// client does.
int64_t AllPages(RunSearcher& searcher, const std::vector<std::string>& mask) {
  v1::SearchRunsRequest request;
  request.set_order_by("metrics.m3 desc");
  request.set_page_size(1'000);
  request.mutable_read_mask()->mutable_paths()->Assign(mask.begin(), mask.end());
  int64_t rows = 0;
  do {
    google::protobuf::Arena arena;
    auto& page = *google::protobuf::Arena::CreateMessage<v1::SearchRunsResponse>(&arena);
    const auto bytes = searcher.SearchEncoded(request);
    if (!bytes.ok() || !page.ParseFromString(*bytes)) std::abort();
    rows += page.runs_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return rows;
}

// One page of 100 by a filter and an order; whether it had rows.
bool OnePage(RunSearcher& searcher) {
  v1::SearchRunsRequest request;
  request.set_filter("metrics.m3 > 0.5 AND params.p1 < 50");
  request.set_order_by("metrics.m7 desc");
  request.mutable_read_mask()->add_paths("name");
  const auto page = searcher.Search(request);
  return page.ok() && page->runs_size() > 0;
}

// The same page from columns, and from the store when the columns' budget is too small
// for any key: what a search costs at worst.
void MeasureWithoutColumns(storage::KvStore& store, RunSearcherOptions options, double bare) {
  options.checkpoint_directory.clear();
  double fast = 0;
  for (const size_t budget : {options.index.max_column_bytes, size_t{1}}) {
    options.index.max_column_bytes = budget;
    RunSearcher searcher(store, options);
    if (!searcher.Load().ok()) std::abort();
    const double took = Least(5, [&] {
      if (!OnePage(searcher)) std::abort();
    });
    if (fast == 0) fast = took;
    std::printf(
        "100 names by 2 predicates and an order, budget of %zu bytes: %.2f ms  %.2fx bare\n",
        budget, took, took / bare);
    if (budget == 1) std::printf("  the store instead of columns: %.0fx\n", took / fast);
  }
}

void Main(int64_t runs) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("cairn-search-bench-{}", ::getpid()))
          .string();
  storage::RocksOptions rocks;
  rocks.directory = path;
  rocks.merge = MergeRecords;
  const auto store = storage::OpenRocksStore(std::move(rocks)).value();
  const auto keys = bench::FillRuns(*store, runs);
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
  options.max_cached_run_bytes = 0;
  searcher.reset();
  searcher = std::make_unique<RunSearcher>(*store, options);
  if (!searcher->Load().ok()) std::abort();
  measure("whole runs, none kept", {});
  measure("name", {"name"});
  measure("state, one metric", {"state", "metrics.m3"});
  measure("metrics", {"metrics"});
  searcher.reset();
  MeasureWithoutColumns(*store, options, bare);
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace cairn::tracking

int main(int argc, char** argv) {
  cairn::tracking::Main(argc > 1 ? std::atoll(argv[1]) : 10'000);
  return 0;
}
