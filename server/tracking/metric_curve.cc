#include "server/tracking/metric_curve.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/tracking/limits.h"
#include "server/tracking/runs.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

using cairn::v1::MetricBucket;
using cairn::v1::ReadMetricsRequest;
using cairn::v1::ReadMetricsResponse;

// Takes the points away whose time is not within `first` to `last`.
void KeepTimes(int64_t first, int64_t last, metrics::PointColumns& points) {
  size_t kept = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points.times[i] < first || points.times[i] > last) continue;
    points.steps[kept] = points.steps[i];
    points.times[kept] = points.times[i];
    points.values[kept] = points.values[i];
    ++kept;
  }
  points.Resize(kept);
}

void ToProto(const metrics::Summary& summary, MetricBucket& bucket) {
  bucket.set_first_step(summary.first.step);
  bucket.set_last_step(summary.last.step);
  bucket.set_first_time_unix_millis(summary.first.time);
  bucket.set_last_time_unix_millis(summary.last.time);
  bucket.set_point_count(summary.count);
  bucket.set_nan_count(summary.nan_count);
  if (summary.count == summary.nan_count) return;
  bucket.set_min_value(summary.min);
  bucket.set_max_value(summary.max);
  bucket.set_mean_value(summary.mean());
}

}  // namespace

absl::StatusOr<MetricCurve> MetricCurve::Open(std::unique_ptr<storage::Snapshot> snapshot,
                                              const ReadMetricsRequest& request) {
  CAIRN_RETURN_IF_ERROR(ValidateSoughtKey("key", request.key()));
  CAIRN_RETURN_IF_ERROR(ValidateBuckets(request.max_buckets(), kMaxBuckets));
  CAIRN_ASSIGN_OR_RETURN(const auto run, ReadRunRecord(*snapshot, "run", request.run()));
  CAIRN_ASSIGN_OR_RETURN(auto reader, metrics::SeriesReader::Open(*snapshot, run.value.run().uid(),
                                                                  request.key(), StepsOf(request)));
  return MetricCurve(std::move(snapshot), request.key(), request.max_buckets(), TimesOf(request),
                     std::move(reader));
}

MetricCurve::TimeRange MetricCurve::TimesOf(const ReadMetricsRequest& request) {
  TimeRange times;
  if (request.has_start_time_unix_millis()) times.first = request.start_time_unix_millis();
  if (!request.has_end_time_unix_millis()) return times;
  const int64_t end = request.end_time_unix_millis();
  if (end == std::numeric_limits<int64_t>::min()) return {0, -1};
  times.last = end - 1;
  return times;
}

// The next points of the wanted times into points_; false at the end.
absl::StatusOr<bool> MetricCurve::ReadPoints(metrics::SeriesReader& reader) {
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool any, reader.Next(kMaxPointsPerRead, points_));
    if (!any) return false;
    if (!times_.everything()) KeepTimes(times_.first, times_.last, points_);
    if (!points_.empty()) return true;
  }
}

absl::StatusOr<std::vector<metrics::Summary>> MetricCurve::ReadBuckets() {
  return times_.everything() ? reader_.ReadBuckets(max_buckets_) : BucketsOfTimes();
}

// The pyramid knows steps only: reads every point, first to see where the wanted ones
// begin and end, then to sum them up.
absl::StatusOr<std::vector<metrics::Summary>> MetricCurve::BucketsOfTimes() {
  metrics::SeriesReader again = reader_;
  metrics::Summary all;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool any, ReadPoints(reader_));
    if (!any) break;
    all.Add(metrics::Summarize(points_, 0, points_.size()));
  }
  std::vector<metrics::Summary> buckets;
  if (all.count == 0) return buckets;
  // Differences of steps do not fit the signed type.
  const auto offset = [&all](int64_t step) {
    return static_cast<uint64_t>(step) - static_cast<uint64_t>(all.first.step);
  };
  const uint64_t width = offset(all.last.step) / static_cast<uint64_t>(max_buckets_) + 1;
  const auto index_of = [&](int64_t step) { return width == 0 ? 0 : offset(step) / width; };
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool any, ReadPoints(again));
    if (!any) return buckets;
    for (size_t i = 0; i < points_.size(); ++i) {
      const bool same =
          !buckets.empty() && index_of(points_.steps[i]) == index_of(buckets.back().first.step);
      if (!same) buckets.emplace_back();
      buckets.back().AddPoint(points_.PositionAt(i), points_.values[i]);
    }
  }
}

absl::StatusOr<bool> MetricCurve::Next(ReadMetricsResponse& response) {
  response.Clear();
  return max_buckets_ == 0 ? NextPoints(response) : NextBuckets(response);
}

int64_t MetricCurve::HeldBytes() const {
  const size_t buckets = buckets_.has_value() ? buckets_->size() : 0;
  return reader_.held_bytes() + static_cast<int64_t>(buckets * sizeof(metrics::Summary));
}

absl::StatusOr<bool> MetricCurve::NextPoints(ReadMetricsResponse& response) {
  CAIRN_ASSIGN_OR_RETURN(const bool any, ReadPoints(reader_));
  if (!any) return false;
  cairn::v1::MetricColumns& columns = *response.mutable_columns();
  columns.set_key(key_);
  columns.mutable_steps()->Add(points_.steps.begin(), points_.steps.end());
  columns.mutable_times_unix_millis()->Add(points_.times.begin(), points_.times.end());
  columns.mutable_values()->Add(points_.values.begin(), points_.values.end());
  points_ = metrics::PointColumns();
  return true;
}

absl::StatusOr<bool> MetricCurve::NextBuckets(ReadMetricsResponse& response) {
  if (!buckets_.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(buckets_, ReadBuckets());
  }
  if (sent_buckets_ == buckets_->size()) return false;
  for (size_t bytes = 0; sent_buckets_ < buckets_->size() && bytes < kMaxBucketBytesPerMessage;
       ++sent_buckets_) {
    MetricBucket& bucket = *response.add_buckets();
    ToProto((*buckets_)[sent_buckets_], bucket);
    bytes += bucket.ByteSizeLong() + 2;  // tag and length
  }
  return true;
}

}  // namespace cairn::tracking
