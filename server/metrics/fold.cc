#include "server/metrics/fold.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/metrics/block_codec.h"
#include "server/metrics/level_editor.h"
#include "server/metrics/series_store.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

using storage::Snapshot;

// Chunks that one compaction looks at before it gives up.
constexpr int kMaxChunks = 4096;

// One step for one series: what was read and what is to be written.
class FoldPlanner {
 public:
  FoldPlanner(const Snapshot& snapshot, std::string_view run_id, std::string_view metric,
              const FoldOptions& options, int64_t first_step)
      : store_(snapshot, run_id, metric), options_(options), first_step_(first_step) {}

  absl::StatusOr<FoldPlan> Plan() {
    CAIRN_ASSIGN_OR_RETURN(state_, store_.ReadState());
    plan_.next_first_step = first_step_;
    CAIRN_ASSIGN_OR_RETURN(const auto raw,
                           store_.ReadRaw(options_.max_raw_bytes, StepRange(), first_step_));
    if (raw.keys.empty()) {
      CAIRN_RETURN_IF_ERROR(Compact());
    } else {
      CAIRN_RETURN_IF_ERROR(FoldIn(raw));
    }
    if (!plan_.nothing_to_write) Finish();
    return std::move(plan_);
  }

 private:
  // Stored points that may be rewritten for `points` new ones. A block or two is
  // always allowed: a series that grows point by point rewrites its last one.
  int64_t Allowance(int64_t points) const {
    const auto few = static_cast<int64_t>(2 * kBlockPoints);
    return std::min(options_.amplification * points + few, options_.max_rewritten_points);
  }

  absl::Status FoldIn(const SeriesStore::RawBatches& raw) {
    plan_.raw_batches = static_cast<int64_t>(raw.keys.size());
    plan_.raw_bytes = raw.bytes;
    plan_.points = static_cast<int64_t>(raw.points.size());
    plan_.more = true;  // a compaction at least
    plan_.next_first_step = raw.last_first_step;
    for (const storage::Key& key : raw.keys) plan_.write_set.Delete(key);
    if (state_.levels.empty()) state_.levels.emplace_back();
    return Place(raw.points);
  }

  absl::Status Place(const PointColumns& points) {
    const size_t split = FirstBehindMain(points);
    PointColumns head;
    head.AppendRange(points, 0, split);
    CAIRN_ASSIGN_OR_RETURN(const size_t target, LowestLevelFor(head));
    if (target == 0) return editor_.Insert(state_.levels[0], points);
    PointColumns tail;
    tail.AppendRange(points, split, points.size());
    if (!tail.empty()) CAIRN_RETURN_IF_ERROR(editor_.Insert(state_.levels[0], tail));
    if (target == state_.levels.size()) state_.levels.emplace_back();
    return editor_.Insert(state_.levels[target], head);
  }

  size_t FirstBehindMain(const PointColumns& points) const {
    const Entries& root = state_.levels[0].root;
    size_t i = 0;
    while (!root.empty() && i < points.size() && points.PositionAt(i) <= root.back().summary.last) {
      ++i;
    }
    return i;
  }

  absl::StatusOr<size_t> LowestLevelFor(const PointColumns& points) {
    if (points.empty()) return size_t{0};
    const int64_t allowance = Allowance(static_cast<int64_t>(points.size()));
    size_t i = 0;
    for (; i < state_.levels.size(); ++i) {
      CAIRN_ASSIGN_OR_RETURN(const int64_t cost,
                             editor_.InsertionCost(state_.levels[i], points, allowance));
      if (cost <= allowance) break;
    }
    return i;
  }

  absl::Status Compact() {
    for (size_t i = state_.levels.size(); i-- > 1;) {
      Level& level = state_.levels[i];
      Level& below = state_.levels[i - 1];
      CAIRN_ASSIGN_OR_RETURN(
          const auto chunk,
          editor_.FindChunk(level, kMaxChunks, [&](const Summary& s) -> absl::StatusOr<bool> {
            CAIRN_ASSIGN_OR_RETURN(const int64_t cost, editor_.CountWithin(below, s.first, s.last));
            return cost <= Allowance(s.count);
          }));
      if (chunk.blocks.empty()) continue;
      CAIRN_ASSIGN_OR_RETURN(const PointColumns points, editor_.Remove(level, chunk));
      plan_.points = static_cast<int64_t>(points.size());
      plan_.more = true;
      return editor_.Insert(below, points);
    }
    plan_.nothing_to_write = true;
    return absl::OkStatus();
  }

  void Finish() {
    while (!state_.levels.empty() && state_.levels.back().root.empty()) state_.levels.pop_back();
    const storage::Key key = storage::MetricSeriesKey(store_.run_id(), store_.metric());
    plan_.write_set.RequireExists(storage::RunKey(store_.run_id()))
        .RequireRevision(key, state_.revision)
        .PutRecord(key, state_.Serialize());
    for (const storage::Put& put : plan_.write_set.puts) {
      plan_.block_bytes += static_cast<int64_t>(put.payload.size());
    }
  }

  SeriesStore store_;
  const FoldOptions options_;
  const int64_t first_step_;
  SeriesState state_;
  FoldPlan plan_;
  LevelEditor editor_{store_, &state_.next_id, &plan_.write_set};
};

}  // namespace

absl::StatusOr<FoldPlan> PlanFold(const Snapshot& snapshot, std::string_view run_id,
                                  std::string_view metric, const FoldOptions& options,
                                  int64_t first_step) {
  return FoldPlanner(snapshot, run_id, metric, options, first_step).Plan();
}

}  // namespace cairn::metrics
