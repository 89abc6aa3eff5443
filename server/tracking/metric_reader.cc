#include "server/tracking/metric_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/limits.h"
#include "server/tracking/runs.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

// A key whose order is that of doubles, with -0 below +0 and NaN last.
uint64_t OrderedBits(double value) {
  if (std::isnan(value)) return ~uint64_t{0};
  const auto bits = std::bit_cast<uint64_t>(value);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

absl::Status CorruptBatch(std::string_view run, std::string_view metric) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               "a batch of metric points has columns of different lengths")
      .With("run", run)
      .With("metric", metric);
}

}  // namespace

absl::StatusOr<MetricSeries> MetricSeries::Read(const storage::Snapshot& snapshot,
                                                const cairn::v1::ReadMetricsRequest& request) {
  CAIRN_RETURN_IF_ERROR(ValidateKey("key", request.key()));
  CAIRN_ASSIGN_OR_RETURN(const auto run, ReadRunRecord(snapshot, "run", request.run()));
  MetricSeries series;
  series.key_ = request.key();
  bool corrupt = false;
  const storage::Key prefix = storage::MetricBatchPrefix(run.value.run().uid(), request.key());
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<cairn::internal::MetricBatchRecord>(
      snapshot, storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
      [&](std::string_view, const auto& stored) {
        const auto& batch = stored.value;
        corrupt = batch.steps_size() != batch.values_size() ||
                  batch.times_unix_millis_size() != batch.values_size();
        for (int i = 0; !corrupt && i < batch.values_size(); ++i) {
          const int64_t step = batch.steps(i);
          if (request.has_start_step() && step < request.start_step()) continue;
          if (request.has_end_step() && step >= request.end_step()) continue;
          series.points_.push_back({step, batch.times_unix_millis(i), batch.values(i)});
        }
        return !corrupt;
      }));
  if (corrupt) return CorruptBatch(request.run(), request.key());
  const auto key_of = [](const Point& p) {
    return std::make_tuple(p.step, p.time_unix_millis, OrderedBits(p.value));
  };
  auto& points = series.points_;
  std::sort(points.begin(), points.end(),
            [&](const Point& a, const Point& b) { return key_of(a) < key_of(b); });
  points.erase(std::unique(points.begin(), points.end(),
                           [&](const Point& a, const Point& b) { return key_of(a) == key_of(b); }),
               points.end());
  return series;
}

bool MetricSeries::Next(cairn::v1::ReadMetricsResponse& response) {
  response.Clear();
  if (position_ >= points_.size()) return false;
  const size_t end = std::min(points_.size(), position_ + kMaxPointsPerRead);
  cairn::v1::MetricColumns& columns = *response.mutable_columns();
  columns.set_key(key_);
  for (; position_ < end; ++position_) {
    columns.add_steps(points_[position_].step);
    columns.add_times_unix_millis(points_[position_].time_unix_millis);
    columns.add_values(points_[position_].value);
  }
  return true;
}

}  // namespace cairn::tracking
