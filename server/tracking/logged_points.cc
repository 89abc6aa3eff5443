#include "server/tracking/logged_points.h"

namespace cairn::tracking {

LoggedPoints::LoggedPoints(std::string_view run, const metrics::MetricBatch& metrics,
                           const metrics::MetricCompactor& compactor)
    : run_id_(run.substr(run.rfind('/') + 1)) {
  if (cairn::metrics::IsBundle(metrics) && compactor.TakesBundles(run_id_)) {
    bundle_bytes_ = cairn::metrics::BundleBytes(metrics);
    return;
  }
  metrics_.reserve(static_cast<size_t>(metrics.size()));
  for (const auto& columns : metrics) {
    metrics_.push_back({columns.key(), columns.values_size() * cairn::metrics::kBytesPerPoint,
                        columns.steps_size() == 0 ? 0 : columns.steps(0)});
  }
}

void LoggedPoints::Tell(metrics::MetricCompactor& compactor, RunLeaseKeeper& leases) const {
  leases.Logged(run_id_);
  if (bundle_bytes_ != 0) compactor.LoggedBundle(run_id_, bundle_bytes_);
  for (const Metric& metric : metrics_) {
    compactor.Logged(run_id_, metric.key, metric.bytes, metric.first_step);
  }
}

}  // namespace cairn::tracking
