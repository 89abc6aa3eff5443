#ifndef CAIRN_SERVER_TRACKING_LOGGED_POINTS_H_
#define CAIRN_SERVER_TRACKING_LOGGED_POINTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/metrics/bundle.h"
#include "server/metrics/metric_compactor.h"
#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_logging.h"

namespace cairn::tracking {

// The points of one message, as the compactor and the leases must hear of them once they are
// stored. The events of the commit only name the metrics: how many bytes wait to be folded, and
// whether they are a bundle, nobody else knows but who logs them.
//
// Made before the points are planned, because it decides how they are stored; needs the message no
// more afterwards. Immutable; may be told from any thread.
class LoggedPoints {
 public:
  // `run` is a resource name. Many metrics of few points are a bundle, if the compactor takes one
  // now (decision 7).
  LoggedPoints(std::string_view run, const metrics::MetricBatch& metrics,
               const metrics::MetricCompactor& compactor);

  // How the points have to be planned, so that what is told fits what is stored.
  Bundling bundling() const { return bundle_bytes_ != 0 ? Bundling::kAllowed : Bundling::kRefused; }

  // Tells both. After the commit, or when it was found stored: a run that repeats a message is
  // alive, and bytes that are told twice only make the compactor look earlier. Quick.
  void Tell(metrics::MetricCompactor& compactor, RunLeaseKeeper& leases) const;

 private:
  struct Metric {
    std::string key;
    int64_t bytes = 0;       // as raw batches
    int64_t first_step = 0;  // 0 without points
  };

  std::string run_id_;
  int64_t bundle_bytes_ = 0;     // 0 if it is none
  std::vector<Metric> metrics_;  // none of a bundle
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_LOGGED_POINTS_H_
