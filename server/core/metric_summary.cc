#include "server/core/metric_summary.h"

#include <cmath>
#include <limits>
#include <tuple>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/core/numbers.h"

namespace cairn::core {
namespace {

using cairn::v1::MetricColumns;
using cairn::v1::MetricPoint;
using cairn::v1::MetricSummary;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

auto OrderOf(const MetricPoint& point) {
  return std::make_tuple(point.step(), point.time_unix_millis(), OrderedBits(point.value()));
}

double Smaller(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? (std::isnan(b) ? kNan : b) : a;
  return OrderedBits(a) <= OrderedBits(b) ? a : b;
}

double Greater(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? (std::isnan(b) ? kNan : b) : a;
  return OrderedBits(a) >= OrderedBits(b) ? a : b;
}

// Whatever NaN came in, one NaN goes out.
MetricSummary Canonical(MetricSummary summary) {
  if (std::isnan(summary.latest().value())) summary.mutable_latest()->set_value(kNan);
  if (std::isnan(summary.min())) summary.set_min(kNan);
  if (std::isnan(summary.max())) summary.set_max(kNan);
  return summary;
}

}  // namespace

MetricSummary MergeSummaries(const MetricSummary& a, const MetricSummary& b) {
  if (a.point_count() == 0 || b.point_count() == 0) {
    MetricSummary result = a.point_count() == 0 ? b : a;
    if (result.key().empty()) result.set_key(a.key().empty() ? b.key() : a.key());
    return result.point_count() == 0 ? result : Canonical(std::move(result));
  }
  MetricSummary result;
  result.set_key(a.key().empty() ? b.key() : a.key());
  *result.mutable_latest() = OrderOf(a.latest()) >= OrderOf(b.latest()) ? a.latest() : b.latest();
  result.set_min(Smaller(a.min(), b.min()));
  result.set_max(Greater(a.max(), b.max()));
  result.set_point_count(a.point_count() + b.point_count());
  return Canonical(std::move(result));
}

absl::StatusOr<MetricSummary> SummarizeColumns(const MetricColumns& columns,
                                               int64_t default_time_unix_millis) {
  const int size = columns.values_size();
  const bool has_times = columns.times_unix_millis_size() != 0;
  if (size == 0 || columns.steps_size() != size ||
      (has_times && columns.times_unix_millis_size() != size)) {
    return InvalidField(ErrorReason::VALUE_INVALID, "metrics",
                        fmt::format("{}: {} steps, {} times, {} values", columns.key(),
                                    columns.steps_size(), columns.times_unix_millis_size(), size),
                        "columns have one entry for each point and at least one point");
  }
  MetricSummary summary;
  summary.set_key(columns.key());
  summary.set_min(kNan);
  summary.set_max(kNan);
  summary.set_point_count(size);
  for (int i = 0; i < size; ++i) {
    MetricPoint point;
    point.set_step(columns.steps(i));
    point.set_time_unix_millis(has_times ? columns.times_unix_millis(i) : default_time_unix_millis);
    point.set_value(columns.values(i));
    if (i == 0 || OrderOf(point) > OrderOf(summary.latest())) *summary.mutable_latest() = point;
    summary.set_min(Smaller(summary.min(), point.value()));
    summary.set_max(Greater(summary.max(), point.value()));
  }
  return Canonical(std::move(summary));
}

}  // namespace cairn::core
