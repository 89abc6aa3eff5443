#ifndef CAIRN_SERVER_METRICS_SERIES_READER_H_
#define CAIRN_SERVER_METRICS_SERIES_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/metrics/points.h"
#include "server/metrics/series.h"
#include "server/metrics/series_store.h"
#include "server/storage/kv_store.h"

namespace cairn::metrics {

// Walks the blocks of one level in order, one at a time.
//
// Borrows the store and the level. Not thread-safe.
class LevelCursor {
 public:
  LevelCursor(const Level& level, StepRange range) : range_(range) {
    stack_.push_back({level.root, 0, level.height});
  }

  // Replaces `out` by the points of the next block that lie within the range;
  // false, with `out` empty, when there is none.
  absl::StatusOr<bool> Next(const SeriesStore& store, PointColumns& out);

 private:
  struct Frame {
    Entries entries;
    size_t next = 0;
    int height = 0;
  };
  StepRange range_;
  std::vector<Frame> stack_;
};

// The points of one metric of a run, raw and folded together, ordered by step,
// then time, then value (NaN last), each set of exact duplicates once.
//
// Holds one decompressed block for each level, and all raw batches that wait to
// be folded: as much as the folding lets wait, however long the series is. The
// snapshot must outlive it. Not thread-safe; movable. Errors of every method:
// DATA_LOSS (RECORD_CORRUPT) when what is stored is damaged or missing, and
// those of the snapshot. A metric that was never logged has no points.
class SeriesReader {
 public:
  // Looks the series up and reads its raw batches. Only points with a step in
  // `range` are given.
  static absl::StatusOr<SeriesReader> Open(const storage::Snapshot& snapshot,
                                           std::string_view run_id, std::string_view metric,
                                           StepRange range = {});

  // Replaces `out` by the next points, at most `max_points` (at least 1); false,
  // with `out` empty, when there are none left.
  absl::StatusOr<bool> Next(size_t max_points, PointColumns& out);

  // The curve as at most `buckets` (1 to kMaxBuckets) summaries in the order of steps,
  // empty ones left out, from the pyramid: it decompresses only blocks that are
  // longer than a bucket or that an end of the range cuts. Does not move Next.
  //
  // Buckets are equally wide in steps, but a block or node shorter than a bucket
  // is never cut: it counts for the bucket that its first step falls into, and
  // `first` and `last` tell where the bucket's points really are. So every point
  // of the range is in exactly one bucket, and minimum and maximum are exact for
  // the points between `first` and `last` that the bucket counts. The count, sum
  // and mean are exact too, except that an exact duplicate counts again while its
  // copies are in different levels or one of them is not folded.
  static constexpr int64_t kMaxBuckets = 1 << 20;
  absl::StatusOr<std::vector<Summary>> ReadBuckets(int64_t buckets) const;

  // Points that are folded, in whatever range; duplicates between levels count.
  int64_t folded_count() const;

  // What its points take in memory.
  int64_t held_bytes() const;

 private:
  struct Source {
    std::optional<LevelCursor> cursor;  // none for the raw points
    PointColumns points;
    size_t next = 0;

    bool at_end() const { return next == points.size(); }
  };

  SeriesReader(SeriesStore store, SeriesState state, PointColumns raw, StepRange range);

  absl::Status Refill();
  size_t Smallest() const;
  absl::Status DropCopies(size_t smallest);
  size_t RunLength(size_t source, size_t room) const;

  SeriesStore store_;
  SeriesState state_;
  PointColumns raw_;
  StepRange range_;
  std::vector<Source> sources_;
};

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_SERIES_READER_H_
