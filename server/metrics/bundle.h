#ifndef CAIRN_SERVER_METRICS_BUNDLE_H_
#define CAIRN_SERVER_METRICS_BUNDLE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/metrics/points.h"
#include "server/storage/kv_store.h"

namespace cairn::metrics {

// A bundle: the points of many metrics that one message brought, a few of each, as one
// record. Logged one by one they would be two records a metric, a batch and a summary,
// which costs a look-up, a merge and two places in the store's order for a point or
// two. A bundle costs one. Readers see through it (SeriesReader, ReadSummaries), and
// the compactor spreads the bundles of a run over its metrics once there are enough of
// them that a metric gets many points at once (spread.h).
//
// Stored as cairn.internal.MetricBundleRecord under MetricBundleKey.

using MetricBatch = google::protobuf::RepeatedPtrField<cairn::v1::MetricColumns>;

// Whether a batch is stored as a bundle: it has many metrics and few points of each.
bool IsBundle(const MetricBatch& metrics);

// About as many bytes as the bundle of `metrics` has, without making it.
int64_t BundleBytes(const MetricBatch& metrics);

// The payload of a bundle. Every metric has at least one point, as many steps as
// values, and as many times or none: then its time is `default_time_unix_millis`.
std::string EncodeBundle(const MetricBatch& metrics, int64_t default_time_unix_millis);

// A bundle that was read. Immutable; safe from any thread; movable, with the names
// staying where they are.
class Bundle {
 public:
  // DATA_LOSS (RECORD_CORRUPT): `payload` is no bundle, or its parts do not fit
  // each other.
  static absl::StatusOr<Bundle> Decode(std::string_view payload);

  // How many metrics it has, and what each is called.
  size_t size() const { return names_.size(); }
  std::string_view name(size_t metric) const { return names_[metric]; }
  // All names as they are stored: two bundles with the same have the same metrics in
  // the same order.
  std::string_view all_names() const { return *bytes_; }

  // The metric of that name; size() if it is not here.
  size_t Find(std::string_view metric) const;

  // All points, and where those of a metric begin and end (exclusive).
  const PointColumns& points() const { return points_; }
  size_t begin(size_t metric) const { return starts_[metric]; }
  size_t end(size_t metric) const { return starts_[metric + 1]; }

 private:
  Bundle() = default;
  absl::Status SplitNames();

  std::unique_ptr<const std::string> bytes_;  // of the names
  std::vector<std::string_view> names_;
  std::vector<size_t> starts_;  // one more than there are names
  PointColumns points_;
};

// A bundle and where it stands.
struct StoredBundle {
  storage::Key key;
  storage::Revision mod_revision = 0;
  int64_t bytes = 0;  // of its payload
  Bundle bundle;
};

// Reads the bundles of runs from one snapshot. Most runs have none: where runs are
// asked for in the order of their ids, one look at the store tells it for many, from the
// second on.
// Not thread-safe; must not outlive the snapshot.
class BundleReader {
 public:
  explicit BundleReader(const storage::Snapshot& snapshot);

  // Whether the run has any. Errors of the snapshot; damage of another run's is none.
  absl::StatusOr<bool> Has(std::string_view run_id);

  // Those of a run in the order of their keys, until they have `max_bytes` together; at
  // least one, if there is one. Errors of Bundle::Decode, unless `damage` is there to take
  // the first: then those that are damaged are left out. Errors of the snapshot.
  absl::StatusOr<std::vector<StoredBundle>> Read(
      std::string_view run_id, int64_t max_bytes = std::numeric_limits<int64_t>::max(),
      absl::Status* damage = nullptr);

 private:
  // For so many runs their own ranges are looked at, and no gaps between them.
  static constexpr int kFewRuns = 64;

  // The end of the range in which the first bundle from `ours` on is looked for.
  std::string LookUntil(const storage::KeyRange& ours);

  const storage::Snapshot& snapshot_;
  std::unique_ptr<storage::Cursor> cursor_;  // without an error
  const std::string end_;                    // of the bundles of all runs
  int asked_ = 0;
  // No bundle has a key from gap_begin_ (inclusive) to gap_end_ (exclusive).
  std::string gap_begin_;
  std::string gap_end_;
};

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_BUNDLE_H_
