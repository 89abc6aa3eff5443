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

metrics::StepRange RangeOf(const ReadMetricsRequest& request) {
  const int64_t start =
      request.has_start_step() ? request.start_step() : std::numeric_limits<int64_t>::min();
  if (request.has_end_step()) return metrics::StepRange::HalfOpen(start, request.end_step());
  metrics::StepRange range;
  range.first = start;
  return range;
}

absl::Status ValidateBuckets(int32_t max_buckets) {
  if (max_buckets >= 0 && max_buckets <= kMaxBuckets) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "max_buckets", std::to_string(max_buckets),
                      fmt::format("must be from 0 to {}", kMaxBuckets));
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
  CAIRN_RETURN_IF_ERROR(ValidateKey("key", request.key()));
  CAIRN_RETURN_IF_ERROR(ValidateBuckets(request.max_buckets()));
  CAIRN_ASSIGN_OR_RETURN(const auto run, ReadRunRecord(*snapshot, "run", request.run()));
  CAIRN_ASSIGN_OR_RETURN(auto reader, metrics::SeriesReader::Open(*snapshot, run.value.run().uid(),
                                                                  request.key(), RangeOf(request)));
  return MetricCurve(std::move(snapshot), request.key(), request.max_buckets(), std::move(reader));
}

absl::StatusOr<bool> MetricCurve::Next(ReadMetricsResponse& response) {
  response.Clear();
  return max_buckets_ == 0 ? NextPoints(response) : NextBuckets(response);
}

absl::StatusOr<bool> MetricCurve::NextPoints(ReadMetricsResponse& response) {
  CAIRN_ASSIGN_OR_RETURN(const bool any, reader_.Next(kMaxPointsPerRead, points_));
  if (!any) return false;
  cairn::v1::MetricColumns& columns = *response.mutable_columns();
  columns.set_key(key_);
  columns.mutable_steps()->Add(points_.steps.begin(), points_.steps.end());
  columns.mutable_times_unix_millis()->Add(points_.times.begin(), points_.times.end());
  columns.mutable_values()->Add(points_.values.begin(), points_.values.end());
  return true;
}

absl::StatusOr<bool> MetricCurve::NextBuckets(ReadMetricsResponse& response) {
  if (!buckets_.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(buckets_, reader_.ReadBuckets(max_buckets_));
  }
  if (sent_buckets_ == buckets_->size()) return false;
  const size_t end = std::min(buckets_->size(), sent_buckets_ + kMaxBucketsPerMessage);
  for (; sent_buckets_ < end; ++sent_buckets_) {
    ToProto((*buckets_)[sent_buckets_], *response.add_buckets());
  }
  return true;
}

}  // namespace cairn::tracking
