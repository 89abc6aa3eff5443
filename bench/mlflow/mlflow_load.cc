// Calls a server that speaks MLflow's REST API and prints a line of JSON for each row of figures;
// scripts/bench-mlflow makes a table of them for two servers.
// usage: mlflow_load HOST:PORT [--seconds S] [--turns N] [--runs N] [--fillers N]
//        [--artifact-mib N] [ROW...]
// Ends with an error at the first answer that is not what was asked for.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/mlflow/rows.h"

namespace cairn::bench {
namespace {

void Print(const NamedResult& of) {
  std::printf(
      "{\"row\":\"%s\",\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"per_second\":%.3f,\"units\":%g,"
      "\"count\":%zu}\n",
      std::string(of.row).c_str(), of.result.p50_ms, of.result.p99_ms, of.result.per_second,
      of.result.units, of.result.count);
  std::fflush(stdout);
}

int Usage() {
  std::fputs(
      "usage: mlflow_load HOST:PORT [--seconds S] [--turns N] [--runs N] [--fillers N]"
      " [--artifact-mib N] [ROW...]\nrows:",
      stderr);
  for (const MlflowRow& row : MlflowRows()) {
    std::fprintf(stderr, " %s", std::string(row.name).c_str());
  }
  std::fputs("\n", stderr);
  return 2;
}

bool ReadFlag(std::string_view flag, const char* value, RowSettings& settings) {
  if (flag == "--seconds")
    settings.seconds = std::atof(value);
  else if (flag == "--turns")
    settings.turns = std::max(std::atoi(value), 1);
  else if (flag == "--runs")
    settings.runs = std::atoi(value);
  else if (flag == "--fillers")
    settings.fillers = std::max(std::atoi(value), 1);
  else if (flag == "--artifact-mib")
    settings.artifact_mib = std::atoi(value);
  else
    return false;
  return true;
}

bool IsRow(std::string_view name) {
  const auto& rows = MlflowRows();
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
}

int Main(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return Usage();
  RowSettings settings;
  settings.address = argv[1];
  std::vector<std::string_view> wanted;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (IsRow(word)) {
      wanted.push_back(word);
    } else if (i + 1 == argc || !ReadFlag(word, argv[++i], settings)) {
      return Usage();
    }
  }
  for (const MlflowRow& row : MlflowRows()) {
    const bool is_wanted = std::find(wanted.begin(), wanted.end(), row.name) != wanted.end();
    if (!wanted.empty() && !is_wanted) continue;
    for (const NamedResult& result : row.measure(settings)) Print(result);
  }
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
