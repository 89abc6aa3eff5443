#ifndef CAIRN_SERVER_METRICS_SERIES_STORE_H_
#define CAIRN_SERVER_METRICS_SERIES_STORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/storage.pb.h"
#include "server/metrics/points.h"
#include "server/metrics/series.h"
#include "server/storage/kv_store.h"

namespace cairn::metrics {

// A child in the index of a level: a block, or a node of the height below, with
// the summary of all points under it. The pyramid is the index.
struct Entry {
  int64_t id = 0;
  Summary summary;
};

// Children of one node; of nodes other than the root, 1 to kFanout.
using Entries = std::vector<Entry>;
inline constexpr size_t kFanout = 64;

// One sorted run of blocks: a tree whose root stands in the series record.
// Blocks follow each other in order and do not overlap, except that two
// neighbours may share a position when their points differ in value only.
struct Level {
  int height = 0;  // 0: the entries of the root are blocks
  Entries root;

  int64_t count() const;
};

// What is folded of a series. Level 0 is the main run; each further level is
// smaller, overlaps the ones before it, and may repeat points of theirs.
struct SeriesState {
  int64_t next_id = 1;
  std::vector<Level> levels;
  storage::Revision revision = 0;  // of the series record; 0 for none

  std::string Serialize() const;
};

// Reads the parts of one series at one snapshot, which must outlive it, and
// checks that they fit together. Stateless but for that; safe to call from any
// thread. Every method answers DATA_LOSS (RECORD_CORRUPT) for stored bytes that
// are damaged or missing, and what Snapshot::Get and Scan answer.
class SeriesStore {
 public:
  SeriesStore(const storage::Snapshot& snapshot, std::string_view run_id, std::string_view metric)
      : snapshot_(&snapshot), run_id_(run_id), metric_(metric) {}

  const std::string& run_id() const { return run_id_; }
  const std::string& metric() const { return metric_; }
  const storage::Snapshot& snapshot() const { return *snapshot_; }

  // What is folded; an empty state for a series that never was.
  absl::StatusOr<SeriesState> ReadState() const;

  // The children of the node that `entry` stands for.
  absl::StatusOr<Entries> ReadNode(const Entry& entry) const;

  // Appends the points of the block that `entry` stands for.
  absl::Status ReadBlock(const Entry& entry, PointColumns& out) const;

  // The same from the bytes of the block; for BlockReader.
  absl::Status DecodeBlockOf(const Entry& entry, std::string_view bytes, PointColumns& out) const;

  // The batches that wait to be folded.
  struct RawBatches {
    std::vector<storage::Key> keys;  // of the batches that were read
    int64_t bytes = 0;               // their payloads
    PointColumns points;             // sorted, without duplicates
    bool more = false;               // the limit was met before the end
    int64_t last_first_step = 0;     // in the last of the keys
  };

  // Reads batches whose first step is at least `first_step`, until they have
  // `max_bytes` together, at least one; keeps the points within `range`. A batch counts
  // kBatchOverheadBytes besides its own.
  absl::StatusOr<RawBatches> ReadRaw(
      int64_t max_bytes, const StepRange& range,
      int64_t first_step = std::numeric_limits<int64_t>::min()) const;
  static constexpr int64_t kBatchOverheadBytes = 200;

 private:
  absl::Status Corrupt(std::string_view what) const;

  const storage::Snapshot* snapshot_;
  std::string run_id_;
  std::string metric_;
};

// Reads many blocks of one series, where they stand next to each other without looking
// each one up. Not thread-safe; borrows the store. Errors as for ReadBlock.
class BlockReader {
 public:
  explicit BlockReader(const SeriesStore& store);

  // Appends the points of the block that `entry` stands for.
  absl::Status Read(const Entry& entry, PointColumns& out);

 private:
  const SeriesStore& store_;
  const storage::KeyRange blocks_;  // all of the series
  const std::unique_ptr<storage::Cursor> cursor_;
};

// The stored form of a node's children, and back. DATA_LOSS (RECORD_CORRUPT)
// when the columns have different lengths or the children are not in order.
cairn::internal::MetricIndexNode ToProto(const Entries& entries);
absl::StatusOr<Entries> FromProto(const cairn::internal::MetricIndexNode& node);

// The summaries of `entries` from `from` to `to` (exclusive) as one.
Summary SummarizeEntries(const Entries& entries, size_t from, size_t to);

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_SERIES_STORE_H_
