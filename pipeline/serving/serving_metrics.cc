#include "pipeline/serving/serving_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "lib/base/encoding.h"

namespace cairn::pipeline::serving {
namespace {

// A label's value, without the quotes.
std::string LabelText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string Heading(std::string_view name, std::string_view type, std::string_view help) {
  return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <typename Value>
std::string Single(std::string_view name, std::string_view type, std::string_view help,
                   Value value) {
  return Heading(name, type, help) + fmt::format("{} {}\n", name, value);
}

std::string LogFileText(const LogFileCounts& counts) {
  std::string out = Heading("cairn_serving_log_file_rows_total", "counter",
                            "Rows of the request log that came into the file, or did not.");
  for (const auto& [result, rows] :
       {std::pair("written", counts.written), std::pair("dropped", counts.dropped),
        std::pair("failed", counts.failed)}) {
    out += fmt::format("cairn_serving_log_file_rows_total{{result=\"{}\"}} {}\n", result, rows);
  }
  return out + Single("cairn_serving_log_file_errors_total", "counter",
                      "Writes into that file that failed.", counts.errors);
}

}  // namespace

void ServingMetrics::CountRequest(const http::RequestRecord& record) {
  const std::string_view route =
      record.pattern.empty() ? "other" : std::string_view(record.pattern);
  const double seconds = std::chrono::duration<double>(record.duration).count();
  const auto bucket =
      static_cast<size_t>(std::lower_bound(kLatencyEdges.begin(), kLatencyEdges.end(), seconds) -
                          kLatencyEdges.begin());
  MutexLock lock(&mutex_);
  auto codes = requests_.find(route);
  if (codes == requests_.end()) codes = requests_.try_emplace(std::string(route)).first;
  ++codes->second[record.status];
  auto latency = latencies_.find(route);
  if (latency == latencies_.end())
    latency = latencies_.emplace(std::string(route), Latency()).first;
  ++latency->second.buckets[bucket];
  latency->second.sum_seconds += seconds;
  ++latency->second.count;
}

void ServingMetrics::CountPredictions(const ServedModel& model, std::span<const int32_t> segments) {
  const auto count = static_cast<size_t>(model.segment_count());
  MutexLock lock(&mutex_);
  if (predictions_.size() < count) predictions_.resize(count);
  for (const int32_t segment : segments) ++predictions_[static_cast<size_t>(segment)];
}

void ServingMetrics::CountLoad(bool loaded, bool swap) {
  MutexLock lock(&mutex_);
  ++(loaded ? loads_ : failed_loads_);
  swaps_ += swap ? 1 : 0;
}

void ServingMetrics::SetFollowing(bool following) {
  MutexLock lock(&mutex_);
  following_ = following ? 1 : 0;
}

std::string ServingMetrics::RequestsText() const {
  std::string out = Heading("cairn_serving_requests_total", "counter",
                            "Requests answered, by route and HTTP status.");
  for (const auto& [route, codes] : requests_) {
    for (const auto& [code, count] : codes) {
      out += fmt::format("cairn_serving_requests_total{{route=\"{}\",code=\"{}\"}} {}\n", route,
                         code, count);
    }
  }
  return out;
}

std::string ServingMetrics::LatencyText() const {
  constexpr std::string_view kName = "cairn_serving_request_seconds";
  std::string out =
      Heading(kName, "histogram", "Time from the whole request to its answer being written.");
  for (const auto& [route, latency] : latencies_) {
    int64_t below = 0;
    for (size_t i = 0; i < kLatencyEdges.size(); ++i) {
      below += latency.buckets[i];
      out += fmt::format("{}_bucket{{route=\"{}\",le=\"{}\"}} {}\n", kName, route, kLatencyEdges[i],
                         below);
    }
    out += fmt::format("{}_bucket{{route=\"{}\",le=\"+Inf\"}} {}\n", kName, route, latency.count);
    out += fmt::format("{}_sum{{route=\"{}\"}} {}\n", kName, route,
                       ShortestDouble(latency.sum_seconds));
    out += fmt::format("{}_count{{route=\"{}\"}} {}\n", kName, route, latency.count);
  }
  return out;
}

std::string ServingMetrics::ModelsText(const Gauges& gauges) const {
  std::string out = Heading("cairn_serving_model_loads_total", "counter",
                            "Models that were read and shown, or could not be.");
  out += fmt::format("cairn_serving_model_loads_total{{result=\"loaded\"}} {}\n", loads_);
  out += fmt::format("cairn_serving_model_loads_total{{result=\"failed\"}} {}\n", failed_loads_);
  out += Single("cairn_serving_model_swaps_total", "counter",
                "Times that one model took the place of another.", swaps_);
  out += Single("cairn_serving_model_up", "gauge", "Whether a model serves.",
                gauges.model == nullptr ? 0 : 1);
  if (gauges.model != nullptr) {
    out += Heading("cairn_serving_model_info", "gauge", "The model that serves.");
    out += fmt::format("cairn_serving_model_info{{version=\"{}\",sha256=\"{}\"}} 1\n",
                       LabelText(gauges.model->version()), gauges.model->sha256());
    out +=
        Single("cairn_serving_model_loaded_timestamp_seconds", "gauge",
               "When it began to serve, in seconds since 1970.",
               fmt::format("{:.3f}", static_cast<double>(gauges.model->loaded_unix_nanos()) / 1e9));
  }
  if (following_ >= 0) {
    out += Single("cairn_serving_following", "gauge",
                  "Whether the server is there and the head of its channel is known.", following_);
  }
  return out;
}

std::string ServingMetrics::ToPrometheusText(const Gauges& gauges) const {
  MutexLock lock(&mutex_);
  std::string out = RequestsText() + LatencyText();
  out += Heading("cairn_serving_predictions_total", "counter", "Predictions, by segment.");
  for (size_t i = 0; i < predictions_.size(); ++i) {
    out +=
        fmt::format("cairn_serving_predictions_total{{segment=\"{}\"}} {}\n", i, predictions_[i]);
  }
  out += ModelsText(gauges);
  out += Single("cairn_serving_log_predictions", "gauge", "Predictions in the request log.",
                gauges.log_size);
  out += Single("cairn_serving_log_capacity", "gauge", "Predictions that it holds at most.",
                gauges.log_capacity);
  if (gauges.log_file) out += LogFileText(*gauges.log_file);
  return out;
}

}  // namespace cairn::pipeline::serving
