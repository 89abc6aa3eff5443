// What mlflow_load measures of a server that speaks MLflow's REST API. Each row makes what it needs
// first, in an experiment of its own, and looks at the content of an answer before it times others.

#ifndef CAIRN_BENCH_MLFLOW_ROWS_H_
#define CAIRN_BENCH_MLFLOW_ROWS_H_

#include <string>
#include <string_view>
#include <vector>

namespace cairn::bench {

struct RowSettings {
  std::string address;  // HOST:PORT, an IPv4 address
  double seconds = 3;   // of each row that is a time; the others have `turns`
  int turns = 5;        // of histories and files
  int runs = 10'000;    // what runs/search looks through
  int fillers = 1;      // connections that make those runs at a time
  int artifact_mib = 100;
};

// What a row gave: milliseconds of one call (for histories: of all pages), calls a second, and what
// one call moves, in points or MiB, by which a rate is more than one of calls.
struct RowResult {
  double p50_ms = 0;
  double p99_ms = 0;
  double per_second = 0;
  double units = 1;
  size_t count = 0;
};

// Two rows may come of one preparation: a file that was sent is fetched.
struct NamedResult {
  std::string_view row;
  RowResult result;
};

using MeasureRow = std::vector<NamedResult> (*)(const RowSettings&);

struct MlflowRow {
  std::string_view name;
  MeasureRow measure;
};

const std::vector<MlflowRow>& MlflowRows();

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_MLFLOW_ROWS_H_
