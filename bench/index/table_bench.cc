// What a table of RUNS (100,000) runs asks for: pages behind a deep skip, fields of NAMES (12,000)
// metrics of which each run has some 40, and groups. Prints the first call, and p50 and the most of
// the next ones in milliseconds of processor time. Usage: table_bench [RUNS [NAMES]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bench/beside.h"
#include "fmt/format.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"
#include "server/index/run_fields.h"
#include "server/index/run_groups.h"
#include "server/index/run_index.h"

namespace cairn::index {
namespace {

using core::RunField;

// Processor time of this process, which other work on the machine does not change.
double Milliseconds() { return 1e3 * ProcessCpuSeconds(); }

void Measure(const std::string& name, const std::function<size_t()>& call) {
  const double first = Milliseconds();
  const size_t found = call();
  const double cold = Milliseconds() - first;
  std::vector<double> samples;
  for (int i = 0; i < 21; ++i) {
    const double begin = Milliseconds();
    call();
    samples.push_back(Milliseconds() - begin);
  }
  std::sort(samples.begin(), samples.end());
  std::printf("%-52s first %8.3f  p50 %8.3f  most %8.3f ms  (%zu)\n", name.c_str(), cold,
              samples[samples.size() / 2], samples.back(), found);
}

// Five metrics and three parameters of every run, and some of the names.
void AddRun(RunColumns& columns, std::mt19937_64& random, int64_t i, uint64_t names) {
  const Row row = columns.RowFor({random(), random()});
  cairn::v1::Run run;
  run.set_user(fmt::format("user{}", random() % 50));
  run.set_state(random() % 10 < 8 ? cairn::v1::Run::SUCCEEDED : cairn::v1::Run::FAILED);
  run.mutable_start_time()->set_seconds(1'600'000'000 + i);
  run.mutable_end_time()->set_seconds(1'600'001'000 + i + static_cast<int64_t>(random() % 500));
  columns.SetRecord(row, i / 10'000, run);
  columns.SetText(row, RunField::kParam, "k", std::to_string(random() % 20));
  columns.SetText(row, RunField::kParam, "init", random() % 2 == 0 ? "random" : "++");
  columns.SetText(row, RunField::kParam, "id", std::to_string(i));
  cairn::v1::MetricSummary summary;
  const auto set = [&](const std::string& key) {
    summary.set_key(key);
    const double value = static_cast<double>(random() >> 11) * 0x1p-53;
    summary.mutable_latest()->set_value(value);
    summary.set_min(value);
    summary.set_max(value);
    columns.SetMetric(row, summary);
  };
  for (int m = 0; m < 5; ++m) set(fmt::format("dense{}", m));
  // Neighbours have the same ones, as runs of one experiment do.
  const uint64_t base = static_cast<uint64_t>(i / 300) * 40;
  for (uint64_t m = 0; m < 40 && names > 0; ++m) set(fmt::format("name{}", (base + m) % names));
}

class Bench {
 public:
  Bench(int64_t runs, uint64_t names) : runs_(static_cast<size_t>(runs)) {
    const auto filled = index_.Fill(1, [&](RunColumns& columns) {
      std::mt19937_64 random(42);
      for (int64_t i = 0; i < 1 + runs / 10'000; ++i) columns.SetExperimentLive(i, true);
      for (int64_t i = 0; i < runs; ++i) AddRun(columns, random, i, names);
      return absl::OkStatus();
    });
    if (!filled.ok()) std::abort();
    std::printf("%zu runs, %llu names, %.0f MiB\n", runs_, static_cast<unsigned long long>(names),
                static_cast<double>(index_.bytes()) / 0x1p20);
  }

  void Pages() {
    for (const char* filter : {"", "state = SUCCEEDED", "metrics.dense1 > 0.5"}) {
      for (const char* order : {"", "metrics.dense0 desc", "params.k, metrics.dense0", "user"}) {
        for (const size_t skip : {runs_ / 4, runs_ / 2 - 2000}) {
          Measure(fmt::format("skip {} of [{}] by [{}]", skip, filter, order),
                  [&] { return Page(filter, order, skip); });
        }
      }
    }
    Measure("skip to the end by [metrics.dense0 desc]",
            [&] { return Page("", "metrics.dense0 desc", runs_ - 50); });
  }

  void Fields() {
    for (const char* filter : {"", "state = SUCCEEDED", "params.k = 3"}) {
      for (const char* text : {"", "name77", "dense", "zz"}) {
        Measure(fmt::format("fields of [{}] with [{}]", filter, text),
                [&] { return FieldsOf(filter, text); });
      }
    }
  }

  void Groups() {
    Measure("groups by k, 3 measures", [&] { return GroupsBy({{RunField::kParam, "k"}}); });
    Measure("groups by k, state and user, 3 measures", [&] {
      return GroupsBy({{RunField::kParam, "k"}, {RunField::kState, ""}, {RunField::kUser, ""}});
    });
    if (runs_ > kMaxGroups) return;
    Measure("as many groups as runs, 3 measures", [&] {
      return GroupsBy({{RunField::kParam, "id"}});
    });
  }

 private:
  size_t Page(const std::string& filter_text, const std::string& order_text, size_t skip) {
    const auto filter = core::RunFilter::Compile(filter_text).value();
    const auto order = core::RunOrder::Parse(order_text).value();
    RunQuery query;
    query.filter = &filter;
    query.order = &order;
    query.skip = skip;
    query.count_all = true;
    return index_.Search(query).value().hits.size();
  }

  template <typename List>
  void Show(const std::string& filter_text, const List& list) {
    const auto filter = core::RunFilter::Compile(filter_text).value();
    RunQuery query;
    query.filter = &filter;
    const auto shown = index_.Show(query, [&](const auto& columns, const auto& rows, auto& meter) {
      return list(columns, rows, meter).status();
    });
    if (!shown.ok()) std::abort();
  }

  size_t FieldsOf(const std::string& filter_text, const std::string& text) {
    FieldQuery query;
    query.text = text;
    size_t total = 0;
    Show(filter_text, [&](const auto& columns, const auto& rows, auto& meter) {
      auto page = ListFields(columns, rows, query, meter);
      total = page.value().total;
      return page;
    });
    return total;
  }

  size_t GroupsBy(std::vector<core::RunFieldRef> by) {
    GroupQuery query;
    query.by = std::move(by);
    query.measures = {
        {RunField::kMetric, "dense0"}, {RunField::kMetric, "dense1"}, {RunField::kDuration, ""}};
    query.order.what = GroupOrder::What::kMean;
    size_t total = 0;
    Show("", [&](const auto& columns, const auto& rows, auto& meter) {
      auto page = GroupRows(columns, rows, query, meter);
      total = page.value().total;
      return page;
    });
    return total;
  }

  RunIndex index_;
  const size_t runs_;
};

}  // namespace
}  // namespace cairn::index

int main(int argc, char** argv) {
  const int64_t runs = argc > 1 ? std::atoll(argv[1]) : 100'000;
  const uint64_t names = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 12'000;
  cairn::index::Bench bench(runs, names);
  bench.Pages();
  bench.Fields();
  bench.Groups();
  return 0;
}
