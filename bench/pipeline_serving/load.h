#ifndef CAIRN_BENCH_PIPELINE_SERVING_LOAD_H_
#define CAIRN_BENCH_PIPELINE_SERVING_LOAD_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::bench::predictions {

// A load client for HTTP/1.1 on kept connections: one thread, one epoll, requests sent as they are
// given, and of an answer only the status and the length looked at. What it measures is the server
// and the kernel as far as that is possible on one machine. Ends the program with a message where
// an answer is not a 200 or a connection ends.

// A whole POST as it goes over the wire.
std::string PostOf(std::string_view path, std::string_view body);

// What a run gave. Latencies are from when a request was due to when its answer was there whole.
struct Result {
  double per_second = 0;  // answers
  std::vector<double> millis;

  // The value that a share `q` (0 to 1) does not exceed.
  double Quantile(double q) const;
};

// One request at a time on each connection, for `seconds`. Request number i is
// requests[i % size].
Result Saturate(const std::string& address, const std::vector<std::string>& requests,
                int connections, double seconds);

// `per_second` requests at even distances, whatever becomes of those before (open loop). One whose
// turn comes while all connections are busy waits for one, and its latency counts that too.
Result Pace(const std::string& address, const std::vector<std::string>& requests, int connections,
            double per_second, double seconds);

}  // namespace cairn::bench::predictions

#endif  // CAIRN_BENCH_PIPELINE_SERVING_LOAD_H_
