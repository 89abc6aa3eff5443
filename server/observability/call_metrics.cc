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
  const auto code = std::min(static_cast<size_t>(status.code()), kCodes - 1);
  MutexLock lock(&mutex_);
  Calls& calls = calls_[method];
  ++calls.by_code[code];
  ++calls.buckets[bucket];
  calls.sum_seconds += seconds;
  ++calls.count;
}

void CallMetrics::Calls::Add(const Calls& other) {
  for (size_t i = 0; i < by_code.size(); ++i) by_code[i] += other.by_code[i];
  for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum_seconds += other.sum_seconds;
  count += other.count;
}

std::map<std::string_view, CallMetrics::Calls> CallMetrics::ByName() const {
  std::map<std::string_view, Calls> by_name;
  MutexLock lock(&mutex_);
  for (const auto& [method, calls] : calls_) by_name[method].Add(calls);
  return by_name;
}

std::string CallMetrics::ToPrometheusText() const {
  fmt::memory_buffer out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "# HELP cairn_calls_in_flight Calls under way.\n"
                 "# TYPE cairn_calls_in_flight gauge\ncairn_calls_in_flight {}\n",
                 in_flight());
  const auto methods = ByName();
  fmt::format_to(to,
                 "# HELP cairn_calls_total Calls ended, by method and status code.\n"
                 "# TYPE cairn_calls_total counter\n");
  for (const auto& [method, calls] : methods) {
    for (size_t code = 0; code < kCodes; ++code) {
      if (calls.by_code[code] == 0) continue;
      fmt::format_to(to, "cairn_calls_total{{method=\"{}\",code=\"{}\"}} {}\n", method,
                     CodeName(static_cast<absl::StatusCode>(code)), calls.by_code[code]);
    }
  }
  fmt::format_to(to,
                 "# HELP cairn_call_seconds Time from the start of a call to its end.\n"
                 "# TYPE cairn_call_seconds histogram\n");
  for (const auto& [method, latency] : methods) {
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
