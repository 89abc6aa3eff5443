#ifndef CAIRN_BENCH_SERVING_READS_H_
#define CAIRN_BENCH_SERVING_READS_H_

#include <cstdint>
#include <string>

#include "bench/serving/load.h"

namespace cairn::bench {

struct ReadRate {
  Rate rate;
  double server_micros = 0;  // processor time of a call, in the server
  double client_micros = 0;  // and here
};

// GetRun of `run` with `in_flight` calls under way, for `seconds`.
ReadRate TimeGetRun(const std::string& address, pid_t server, const std::string& run,
                    double seconds, int in_flight);

// The same from a server that does nothing (bare_server.h).
ReadRate TimeBareCalls(double seconds, int in_flight);

// A new experiment with `runs` runs of 20 parameters and 20 metrics; its name.
std::string FillExperiment(Stub& stub, int64_t runs);

// Asks for the first page of all runs of an experiment, whole, ordered by a metric, in pages of
// 1,000.
v1::SearchRunsRequest WholePages(const std::string& experiment);

// What all these pages took.
struct Listing {
  int64_t runs = 0;
  double millis = 0;
  double server_millis = 0;  // processor time
  double client_millis = 0;
  int64_t pages = 0;
  int64_t bytes = 0;  // of all pages; only if `weigh`, which takes time of its own
};
Listing ListAll(Stub& stub, pid_t server, const std::string& experiment, bool weigh = false);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_READS_H_
