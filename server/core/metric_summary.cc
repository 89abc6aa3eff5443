#include "server/core/metric_summary.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/numbers.h"

namespace cairn::core {
namespace {

using cairn::v1::MetricColumns;
using cairn::v1::MetricPoint;
using cairn::v1::MetricSummary;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool IsLater(int64_t step, int64_t time, double value, int64_t than_step, int64_t than_time,
             double than_value) {
  if (step != than_step) return step > than_step;
  if (time != than_time) return time > than_time;
  return OrderedBits(value) > OrderedBits(than_value);
}

// Of two values that differ, or of which one is NaN, comparing decides; equal ones
// may still be zeros of different signs.
double Smaller(double a, double b) {
  if (a < b) return a;
  if (b < a) return b;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? (std::isnan(b) ? kNan : b) : a;
  return OrderedBits(a) <= OrderedBits(b) ? a : b;
}

double Greater(double a, double b) {
  if (a > b) return a;
  if (b > a) return b;
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
  const MetricPoint& x = a.latest();
  const MetricPoint& y = b.latest();
  const bool y_is_later =
      IsLater(y.step(), y.time_unix_millis(), y.value(), x.step(), x.time_unix_millis(), x.value());
  *result.mutable_latest() = y_is_later ? y : x;
  result.set_min(Smaller(a.min(), b.min()));
  result.set_max(Greater(a.max(), b.max()));
  result.set_point_count(a.point_count() + b.point_count());
  return Canonical(std::move(result));
}

void SummaryBuilder::Add(int64_t step, int64_t time_unix_millis, double value) {
  if (count_ == 0 ||
      IsLater(step, time_unix_millis, value, latest_step_, latest_time_, latest_value_)) {
    latest_step_ = step;
    latest_time_ = time_unix_millis;
    latest_value_ = value;
  }
  min_ = Smaller(min_, value);
  max_ = Greater(max_, value);
  ++count_;
}

MetricSummary SummaryBuilder::Build(std::string_view key) const {
  MetricSummary summary;
  summary.set_key(std::string(key));
  if (count_ == 0) return summary;
  summary.mutable_latest()->set_step(latest_step_);
  summary.mutable_latest()->set_time_unix_millis(latest_time_);
  summary.mutable_latest()->set_value(latest_value_);
  summary.set_min(min_);
  summary.set_max(max_);
  summary.set_point_count(count_);
  return Canonical(std::move(summary));
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
  // Plain values in the loop: it runs for every point that is logged.
  const int64_t* steps = columns.steps().data();
  const int64_t* times = has_times ? columns.times_unix_millis().data() : nullptr;
  const double* values = columns.values().data();
  SummaryBuilder builder;
  for (int i = 0; i < size; ++i) {
    builder.Add(steps[i], has_times ? times[i] : default_time_unix_millis, values[i]);
  }
  return builder.Build(columns.key());
}

}  // namespace cairn::core
