#ifndef CAIRN_SERVER_METRICS_LEVEL_EDITOR_H_
#define CAIRN_SERVER_METRICS_LEVEL_EDITOR_H_

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/metrics/points.h"
#include "server/metrics/series_store.h"
#include "server/storage/write_set.h"

namespace cairn::metrics {

// Consecutive children of a node, `begin` to `end` (exclusive), and the new
// points `from` to `to` (exclusive) that belong among theirs. begin == end ==
// the number of children stands for points that go behind all of them.
struct Touched {
  size_t begin = 0;
  size_t end = 0;
  size_t from = 0;
  size_t to = 0;
};

// Which children the sorted points `from` to `to` of `points` touch, in order.
// A point touches the children that hold its position; one that falls between
// two children touches the one before. Children that one position joins are in
// one group. Among `blocks`, points behind a full last block touch nothing.
std::vector<Touched> GroupTouched(const Entries& entries, const PointColumns& points, size_t from,
                                  size_t to, bool blocks);

// Changes levels of one series. Blocks and nodes are written once under new
// numbers and never changed: an edit adds puts for what is new and deletes for
// what it replaces to the write set, and leaves the level's root in memory.
//
// A level is edited at most once by one editor, because edits read the snapshot.
// Not thread-safe. The store, state and write set must outlive it. Errors are
// those of SeriesStore; after one the level is as it was and the write set is not
// to be committed.
class LevelEditor {
 public:
  LevelEditor(const SeriesStore& store, int64_t* next_id, storage::WriteSet* write_set)
      : store_(store), next_id_(*next_id), write_set_(*write_set) {}

  // How many stored points an insertion of `points` would rewrite; stops
  // counting above `limit`. Reads nodes but no blocks.
  absl::StatusOr<int64_t> InsertionCost(const Level& level, const PointColumns& points,
                                        int64_t limit);

  // Merges sorted `points` into the level.
  absl::Status Insert(Level& level, const PointColumns& points);

  // How many points lie in the blocks that overlap `first` to `last`.
  absl::StatusOr<int64_t> CountWithin(const Level& level, Position first, Position last);

  // A part of a level that a compaction moves: the blocks below one node of
  // height 1, or all blocks of a level that has no nodes.
  struct Chunk {
    std::vector<size_t> path;  // child by child from the root; empty for all
    Entries blocks;
    Summary summary;
  };

  // The first chunk of `level` for which `accept` answers true, or one without
  // blocks. Looks at no more than `max_chunks`.
  template <typename Accept>
  absl::StatusOr<Chunk> FindChunk(const Level& level, int max_chunks, Accept&& accept);

  // Takes the chunk out of its level and gives back its points.
  absl::StatusOr<PointColumns> Remove(Level& level, const Chunk& chunk);

 private:
  using NodeCache = std::unordered_map<int64_t, Entries>;

  absl::StatusOr<const Entries*> Node(const Entry& entry);
  absl::StatusOr<Entries> ChildrenOf(const Entries& entries, size_t begin, size_t end);
  absl::StatusOr<int64_t> Cost(const Entries& entries, int height, const PointColumns& points,
                               size_t from, size_t to, int64_t limit);
  // The children that replace `entries` once the points are among them.
  // `at_end` says that nothing of the level comes behind them.
  absl::StatusOr<Entries> Rewrite(const Entries& entries, int height, const PointColumns& points,
                                  size_t from, size_t to, bool at_end);
  absl::StatusOr<Entries> RewriteBlocks(const Entries& entries, const Touched& touched,
                                        const PointColumns& points, bool at_end);
  absl::StatusOr<int64_t> CountWithin(const Entries& entries, int height, Position first,
                                      Position last);
  absl::Status RemoveAt(Entries& entries, int height, const Chunk& chunk, size_t depth);
  Entries WriteBlocks(const PointColumns& points, bool keep_full);
  Entries WriteNodes(const Entries& children, bool keep_full);
  void DeleteBlock(const Entry& entry);
  void DeleteNode(const Entry& entry);

  const SeriesStore& store_;
  int64_t& next_id_;
  storage::WriteSet& write_set_;
  NodeCache nodes_;
};

template <typename Accept>
absl::StatusOr<LevelEditor::Chunk> LevelEditor::FindChunk(const Level& level, int max_chunks,
                                                          Accept&& accept) {
  struct Frame {
    const Entries* entries;
    size_t next;
  };
  if (level.height == 0) {
    Chunk all{{}, level.root, SummarizeEntries(level.root, 0, level.root.size())};
    auto accepted = accept(all.summary);
    if (!accepted.ok()) return accepted.status();
    return *accepted ? all : Chunk();
  }
  std::vector<Frame> stack = {{&level.root, 0}};
  while (!stack.empty() && max_chunks > 0) {
    Frame& top = stack.back();
    if (top.next == top.entries->size()) {
      stack.pop_back();
      continue;
    }
    const Entry& entry = (*top.entries)[top.next++];
    const bool lowest = static_cast<int>(stack.size()) == level.height;
    if (lowest) {
      --max_chunks;
      auto accepted = accept(entry.summary);
      if (!accepted.ok()) return accepted.status();
      if (!*accepted) continue;
    }
    auto children = Node(entry);
    if (!children.ok()) return children.status();
    if (!lowest) {
      stack.push_back({*children, 0});
      continue;
    }
    Chunk chunk{{}, **children, entry.summary};
    for (const Frame& frame : stack) chunk.path.push_back(frame.next - 1);
    return chunk;
  }
  return Chunk();
}

}  // namespace cairn::metrics

#endif  // CAIRN_SERVER_METRICS_LEVEL_EDITOR_H_
