#ifndef CAIRN_PIPELINE_SERVING_SERVING_METRICS_H_
#define CAIRN_PIPELINE_SERVING_SERVING_METRICS_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "lib/http/dispatcher.h"
#include "pipeline/serving/request_log_file.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// What is counted while serving, for Prometheus. Counters only grow and begin at 0 with the
// process. Memory grows with the number of routes and segments only: what callers choose, such as
// paths that nothing is served at, is no label. Safe to call from any thread.
class ServingMetrics {
 public:
  // Upper edges of the latency buckets in seconds; the last bucket has none.
  static constexpr std::array<double, 12> kLatencyEdges = {
      0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0};

  // An answer was written. Requests that no route matches count as the route `other`.
  void CountRequest(const http::RequestRecord& record) CAIRN_EXCLUDES(mutex_);

  // Customers were assigned to segments of `model`, of which each number is one.
  void CountPredictions(const ServedModel& model, std::span<const int32_t> segments)
      CAIRN_EXCLUDES(mutex_);

  // A model was read and is shown, or could not be read. `swap`: another one was shown before.
  void CountLoad(bool loaded, bool swap) CAIRN_EXCLUDES(mutex_);

  // Whether the head of a channel is known, for one that follows it; nothing is told until then.
  void SetFollowing(bool following) CAIRN_EXCLUDES(mutex_);

  // What is asked of others while the text is made.
  struct Gauges {
    ModelPtr model;  // null: none
    size_t log_size = 0;
    size_t log_capacity = 0;
    std::optional<LogFileCounts> log_file = {};  // of --log-file, where there is one
  };
  // Everything in Prometheus' text format (version 0.0.4). Durations are in seconds.
  std::string ToPrometheusText(const Gauges& gauges) const CAIRN_EXCLUDES(mutex_);

 private:
  struct Latency {
    std::array<int64_t, kLatencyEdges.size() + 1> buckets{};  // each alone
    double sum_seconds = 0;
    int64_t count = 0;
  };
  std::string RequestsText() const CAIRN_REQUIRES(mutex_);
  std::string LatencyText() const CAIRN_REQUIRES(mutex_);
  std::string ModelsText(const Gauges& gauges) const CAIRN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, std::map<int, int64_t>, std::less<>> requests_ CAIRN_GUARDED_BY(mutex_);
  std::map<std::string, Latency, std::less<>> latencies_ CAIRN_GUARDED_BY(mutex_);
  std::vector<int64_t> predictions_ CAIRN_GUARDED_BY(mutex_);  // by segment
  int64_t loads_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t failed_loads_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t swaps_ CAIRN_GUARDED_BY(mutex_) = 0;
  int following_ CAIRN_GUARDED_BY(mutex_) = -1;  // -1: nobody follows
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_SERVING_METRICS_H_
