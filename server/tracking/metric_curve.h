#ifndef CAIRN_SERVER_TRACKING_METRIC_CURVE_H_
#define CAIRN_SERVER_TRACKING_METRIC_CURVE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/metrics/points.h"
#include "server/metrics/series.h"
#include "server/metrics/series_reader.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// The steps that a request of ReadMetrics or ReadCurves wants: `start_step` inclusive, `end_step`
// exclusive, and without one of them no limit on that side.
template <typename Request>
metrics::StepRange StepsOf(const Request& request) {
  const int64_t start =
      request.has_start_step() ? request.start_step() : std::numeric_limits<int64_t>::min();
  if (request.has_end_step()) return metrics::StepRange::HalfOpen(start, request.end_step());
  metrics::StepRange range;
  range.first = start;
  return range;
}

// The answer of one ReadMetrics, message by message: the points of one metric, or
// their buckets. Points come ordered by step, then time, then value (NaN counts as
// greater than every number), with exact duplicates once.
//
// Owns its snapshot, so all messages show one state of the store, and holds a
// message's worth of points, however long the series is. Not thread-safe; movable.
class MetricCurve {
 public:
  // Looks the series up. Errors are those of TrackingService.ReadMetrics; a metric that
  // was never logged has no points. Reads nothing of the points yet.
  static absl::StatusOr<MetricCurve> Open(std::unique_ptr<storage::Snapshot> snapshot,
                                          const cairn::v1::ReadMetricsRequest& request);

  // Fills `response` with the next at most kMaxPointsPerRead points or about
  // kMaxBucketBytesPerMessage of buckets; false when there are none left. DATA_LOSS
  // (RECORD_CORRUPT) when what is stored is damaged. With buckets the first call reads
  // all of them, which is one look into the pyramid, or every point of the series twice
  // where a range of times was asked for.
  absl::StatusOr<bool> Next(cairn::v1::ReadMetricsResponse& response);

  // What is held in memory between two messages, about. For the memory budget of long
  // calls.
  int64_t HeldBytes() const;

 private:
  // The times that were asked for: `first` to `last`, both inclusive.
  struct TimeRange {
    int64_t first = std::numeric_limits<int64_t>::min();
    int64_t last = std::numeric_limits<int64_t>::max();

    bool everything() const { return *this == TimeRange(); }
    friend bool operator==(const TimeRange&, const TimeRange&) = default;
  };

  MetricCurve(std::unique_ptr<storage::Snapshot> snapshot, std::string key, int64_t max_buckets,
              TimeRange times, metrics::SeriesReader reader)
      : snapshot_(std::move(snapshot)),
        key_(std::move(key)),
        max_buckets_(max_buckets),
        times_(times),
        reader_(std::move(reader)) {}

  // The end in a request is exclusive; an end that leaves no time gives an empty range.
  static TimeRange TimesOf(const cairn::v1::ReadMetricsRequest& request);
  // The next points of the wanted times into points_; false at the end. May read many
  // blocks to find some.
  absl::StatusOr<bool> ReadPoints(metrics::SeriesReader& reader);
  absl::StatusOr<std::vector<metrics::Summary>> ReadBuckets();
  // Buckets of equal width in steps, of the points within times_ only.
  absl::StatusOr<std::vector<metrics::Summary>> BucketsOfTimes();
  // One message; false when there is nothing for it.
  absl::StatusOr<bool> NextPoints(cairn::v1::ReadMetricsResponse& response);
  absl::StatusOr<bool> NextBuckets(cairn::v1::ReadMetricsResponse& response);

  std::unique_ptr<storage::Snapshot> snapshot_;  // outlives the reader
  std::string key_;                              // of the metric
  int64_t max_buckets_ = 0;                      // 0: points
  TimeRange times_;                              // milliseconds, as the request has them
  metrics::SeriesReader reader_;
  // Read and not sent yet; empty between two messages.
  metrics::PointColumns points_;
  std::optional<std::vector<metrics::Summary>> buckets_;  // all, once read
  size_t sent_buckets_ = 0;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_METRIC_CURVE_H_
