// The report page of a run, from the report.json named by CAIRN_REPORT_JSON: a run's folder has
// one. The first page of a process also hashes the chart library, once.

#include <cstdlib>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "lib/base/files.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/html_report.h"
#include "pipeline/report/report_json.h"

namespace cairn::pipeline {
namespace {

// Null, and the benchmark skipped, without a report.
const ReportData* StoredReport(benchmark::State& state) {
  const char* file = std::getenv("CAIRN_REPORT_JSON");
  if (file == nullptr) {
    state.SkipWithError("CAIRN_REPORT_JSON names no report.json");
    return nullptr;
  }
  static const auto& data = *new ReportData(ParseReportJson(ReadFile(file).value()).value());
  return &data;
}

void Charts(benchmark::State& state) {
  const ReportData* data = StoredReport(state);
  if (data == nullptr) return;
  for (auto _ : state) benchmark::DoNotOptimize(DrawCharts(*data));
}
BENCHMARK(Charts)->Unit(benchmark::kMillisecond);

void Page(benchmark::State& state) {
  const ReportData* data = StoredReport(state);
  if (data == nullptr) return;
  const std::vector<ChartFile> charts = DrawCharts(*data);
  size_t bytes = 0;
  for (auto _ : state) bytes = RenderReport(*data, charts).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(Page)->Unit(benchmark::kMillisecond);

void ChartsAndPage(benchmark::State& state) {
  const ReportData* data = StoredReport(state);
  if (data == nullptr) return;
  for (auto _ : state) benchmark::DoNotOptimize(RenderReport(*data));
}
BENCHMARK(ChartsAndPage)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn::pipeline

BENCHMARK_MAIN();
