#ifndef CAIRN_SERVER_TRACKING_PACKED_CURVES_H_
#define CAIRN_SERVER_TRACKING_PACKED_CURVES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/metrics/points.h"
#include "server/metrics/series.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// The buckets of a curve as arrays: `response` gets all of them, its counts, and nothing else.
// Steps and times are exact to 2^53 either way of 0. A bucket of NaN only has NaN for its minimum,
// maximum and mean; counts above 2^32 - 1 are told as that. Pure.
void PackBuckets(const std::vector<metrics::Summary>& buckets,
                 cairn::v1::ReadCurvesResponse& response);

// The answer of one ReadCurves, curve by curve: the same buckets as ReadMetrics has for each.
//
// Owns its snapshot, so all curves show one state of the store, and holds no curve between two
// calls. Not thread-safe; movable.
class PackedCurves {
 public:
  // Checks the request and finds every run. Errors are those of TrackingService.ReadCurves.
  // Nothing of the points is read yet.
  static absl::StatusOr<PackedCurves> Open(std::unique_ptr<storage::Snapshot> snapshot,
                                           const cairn::v1::ReadCurvesRequest& request);

  // Fills `response` with the next curve; false when there are none left. A metric that has points,
  // but none in the steps wanted, is a curve without buckets. Reads the pyramid of one series, and
  // of those before it that their runs do not have as much as tells that. Asks `ended`, unless it
  // is empty, before each of these and returns its error. DATA_LOSS (RECORD_CORRUPT) when what is
  // stored is damaged.
  absl::StatusOr<bool> Next(const std::function<absl::Status()>& ended,
                            cairn::v1::ReadCurvesResponse& response);

  // What is held in memory between two curves, about. For the memory budget of long calls.
  int64_t HeldBytes() const;

 private:
  struct NamedRun {
    std::string name;
    std::string uid;
  };

  explicit PackedCurves(std::unique_ptr<storage::Snapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}

  // The curve of a run; false if the run has no such metric.
  absl::StatusOr<bool> ReadCurve(const NamedRun& run, const std::string& key,
                                 cairn::v1::ReadCurvesResponse& response) const;

  std::unique_ptr<storage::Snapshot> snapshot_;
  std::vector<NamedRun> runs_;
  std::vector<std::string> keys_;
  metrics::StepRange steps_;
  int64_t max_buckets_ = 0;
  size_t next_ = 0;  // of runs times keys
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_PACKED_CURVES_H_
