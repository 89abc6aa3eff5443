// Calls of MLflow's REST API as bytes, the way its Python client sends them, and what is read of
// their answers.

#ifndef CAIRN_BENCH_MLFLOW_CALLS_H_
#define CAIRN_BENCH_MLFLOW_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/http_load/http_load.h"

namespace cairn::bench {

// A run as runs/create answers it. `artifacts` is the path below which its files are sent to the
// server and fetched from it.
struct MlflowRun {
  std::string id;
  std::string artifacts;
};

// A POST of `json` to `call`, such as "runs/create".
std::string MlflowPost(std::string_view call, std::string_view json);
std::string MlflowGet(std::string_view call_and_query);

// runs/create with the tags that a client sets.
std::string CreateRunCall(std::string_view experiment);
std::string LogMetricCall(std::string_view run, int64_t step);
// One page of at most 25,000 points, which is what clients ask for. `token` is empty at first.
std::string HistoryCall(std::string_view run, std::string_view key, std::string_view token);

// The text of the first field `name` in `json`, compact or not; empty where there is none.
std::string FieldOf(std::string_view json, std::string_view name);
// How often a field `name` is there.
size_t CountOf(std::string_view json, std::string_view name);

// Both end the program where the answer does not have what it should.
std::string CreateExperiment(HttpCaller& caller);
MlflowRun CreateRun(HttpCaller& caller, std::string_view experiment);

// log-batch of 1,000 points, `keys` metrics of as many steps each. Times and steps are other ones
// for each call, so that nothing is logged twice, and are written into the same bytes: formatting
// a batch anew would take the processor from the server.
class BatchCalls {
 public:
  static constexpr int kPoints = 1000;

  BatchCalls(std::string_view run, int keys);

  // The batch number `i`, from 0 to 8,999,999 / (1,000 / keys).
  std::string Batch(int64_t i) const;

 private:
  struct Place {
    size_t time;
    size_t step;
    int64_t offset;  // of the step, from the batch's first
  };

  int64_t steps_;
  std::string request_;
  std::vector<Place> places_;
};

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_MLFLOW_CALLS_H_
