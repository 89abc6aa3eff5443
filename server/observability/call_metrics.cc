#include "server/observability/call_metrics.h"

#include <algorithm>
#include <iterator>

#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn::observability {

std::string_view CodeName(absl::StatusCode code) {
  static constexpr std::array<std::string_view, 17> kNames = {"OK",
                                                              "CANCELLED",
                                                              "UNKNOWN",
                                                              "INVALID_ARGUMENT",
                                                              "DEADLINE_EXCEEDED",
                                                              "NOT_FOUND",
                                                              "ALREADY_EXISTS",
                                                              "PERMISSION_DENIED",
                                                              "RESOURCE_EXHAUSTED",
                                                              "FAILED_PRECONDITION",
                                                              "ABORTED",
                                                              "OUT_OF_RANGE",
                                                              "UNIMPLEMENTED",
                                                              "INTERNAL",
                                                              "UNAVAILABLE",
                                                              "DATA_LOSS",
                                                              "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

void CallMetrics::End(const char* method, const absl::Status& status, int64_t elapsed_nanos) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  const double seconds = static_cast<double>(std::max<int64_t>(elapsed_nanos, 0)) / 1e9;
  const auto bucket = static_cast<size_t>(
      std::distance(kLatencyEdges.begin(),
                    std::lower_bound(kLatencyEdges.begin(), kLatencyEdges.end(), seconds)));
  MutexLock lock(&mutex_);
  ++calls_[{method, std::string(CodeName(status.code()))}];
  Latency& latency = latency_[method];
  ++latency.buckets[bucket];
  latency.sum_seconds += seconds;
  ++latency.count;
}

std::string CallMetrics::ToPrometheusText() const {
  fmt::memory_buffer out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "# HELP cairn_calls_in_flight Calls under way.\n"
                 "# TYPE cairn_calls_in_flight gauge\ncairn_calls_in_flight {}\n",
                 in_flight());
  MutexLock lock(&mutex_);
  fmt::format_to(to,
                 "# HELP cairn_calls_total Calls ended, by method and status code.\n"
                 "# TYPE cairn_calls_total counter\n");
  for (const auto& [key, count] : calls_) {
    fmt::format_to(to, "cairn_calls_total{{method=\"{}\",code=\"{}\"}} {}\n", key.first, key.second,
                   count);
  }
  fmt::format_to(to,
                 "# HELP cairn_call_seconds Time from the start of a call to its end.\n"
                 "# TYPE cairn_call_seconds histogram\n");
  for (const auto& [method, latency] : latency_) {
    int64_t below = 0;
    for (size_t i = 0; i < kLatencyEdges.size(); ++i) {
      below += latency.buckets[i];
      fmt::format_to(to, "cairn_call_seconds_bucket{{method=\"{}\",le=\"{}\"}} {}\n", method,
                     kLatencyEdges[i], below);
    }
    fmt::format_to(to, "cairn_call_seconds_bucket{{method=\"{}\",le=\"+Inf\"}} {}\n", method,
                   latency.count);
    fmt::format_to(to, "cairn_call_seconds_sum{{method=\"{}\"}} {}\n", method,
                   ShortestDouble(latency.sum_seconds));
    fmt::format_to(to, "cairn_call_seconds_count{{method=\"{}\"}} {}\n", method, latency.count);
  }
  return fmt::to_string(out);
}

}  // namespace cairn::observability
