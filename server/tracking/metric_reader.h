#ifndef CAIRN_SERVER_TRACKING_METRIC_READER_H_
#define CAIRN_SERVER_TRACKING_METRIC_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// The points of one metric, ordered by step, then time, then value, with exact
// duplicates removed. NaN counts as greater than every number.
//
// Owns its points; not thread-safe; movable.
class MetricSeries {
 public:
  // Reads the points asked for. Errors are those of TrackingService.ReadMetrics.
  static absl::StatusOr<MetricSeries> Read(const storage::Snapshot& snapshot,
                                           const cairn::v1::ReadMetricsRequest& request);

  // Fills `response` with the next at most kMaxPointsPerRead points; false when
  // there are none left.
  bool Next(cairn::v1::ReadMetricsResponse& response);

  int64_t point_count() const { return static_cast<int64_t>(points_.size()); }

 private:
  struct Point {
    int64_t step;
    int64_t time_unix_millis;
    double value;
  };

  std::string key_;
  std::vector<Point> points_;
  size_t position_ = 0;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_METRIC_READER_H_
