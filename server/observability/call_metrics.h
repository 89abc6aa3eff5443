#ifndef CAIRN_SERVER_OBSERVABILITY_CALL_METRICS_H_
#define CAIRN_SERVER_OBSERVABILITY_CALL_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "lib/base/mutex.h"

namespace cairn::observability {

// Counts and times calls, by method and status code.
//
// Ending a call costs one short lock and no allocation once its method was seen, so
// that every call can be counted. Memory grows with the number of methods only. Safe to
// call from any thread; owned by the server.
class CallMetrics {
 public:
  // Upper edges of the latency buckets in seconds; the last bucket has none.
  static constexpr std::array<double, 11> kLatencyEdges = {
      0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0};

  // A call began. To be matched by one End.
  void Begin() { in_flight_.fetch_add(1, std::memory_order_relaxed); }

  // A call of `method`, a text that outlives this, ended with `status` after
  // `elapsed_nanos`. An interval below 0 counts as 0. The address of the text stands
  // for the method, so that counting compares no texts.
  void End(const char* method, const absl::Status& status, int64_t elapsed_nanos)
      CAIRN_EXCLUDES(mutex_);

  // Everything counted so far in Prometheus' text format (version 0.0.4). Durations are
  // in seconds; a code that a method never ended with has no line. What ends while the
  // text is made may be in one of its parts and not in another.
  std::string ToPrometheusText() const CAIRN_EXCLUDES(mutex_);

  // Calls between Begin and End.
  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kCodes = 17;
  // Of one method since the start.
  struct Calls {
    std::array<int64_t, kCodes> by_code{};
    // Calls in each bucket alone; Prometheus' buckets count those below as well.
    std::array<int64_t, kLatencyEdges.size() + 1> buckets{};
    double sum_seconds = 0;
    int64_t count = 0;

    void Add(const Calls& other);
  };
  // By name: the same text may stand at several addresses.
  std::map<std::string_view, Calls> ByName() const CAIRN_EXCLUDES(mutex_);

  std::atomic<int64_t> in_flight_{0};
  mutable Mutex mutex_;
  std::unordered_map<const char*, Calls> calls_ CAIRN_GUARDED_BY(mutex_);  // by method
};

// The canonical name of a status code: "NOT_FOUND". "UNKNOWN" for a number that is no
// code.
std::string_view CodeName(absl::StatusCode code);

}  // namespace cairn::observability

#endif  // CAIRN_SERVER_OBSERVABILITY_CALL_METRICS_H_
