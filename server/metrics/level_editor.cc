#include "server/metrics/level_editor.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/metrics/block_codec.h"
#include "server/metrics/series.h"
#include "server/storage/keyspace.h"

namespace cairn::metrics {
namespace {

constexpr auto kFull = static_cast<int64_t>(kBlockPoints);

// The first of the points `from` to `to` that is at `position` or behind it.
size_t LowerBound(const PointColumns& points, size_t from, size_t to, Position position) {
  while (from < to) {
    const size_t middle = from + (to - from) / 2;
    if (points.PositionAt(middle) < position) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

// The child that `position` falls into or behind.
size_t ChildBefore(const Entries& entries, Position position) {
  const auto after =
      std::upper_bound(entries.begin(), entries.end(), position,
                       [](Position p, const Entry& entry) { return p < entry.summary.first; });
  return after == entries.begin() ? 0 : static_cast<size_t>(after - entries.begin()) - 1;
}

}  // namespace

std::vector<Touched> GroupTouched(const Entries& entries, const PointColumns& points, size_t from,
                                  size_t to, bool blocks) {
  std::vector<Touched> groups;
  const size_t n = entries.size();
  while (from < to) {
    const Position position = points.PositionAt(from);
    const bool behind = n == 0 || (position > entries.back().summary.last && blocks &&
                                   entries.back().summary.count >= kFull);
    if (behind) {
      groups.push_back({n, n, from, to});
      break;
    }
    const size_t child = ChildBefore(entries, position);
    size_t begin = child;
    while (begin > 0 && entries[begin - 1].summary.last >= position) --begin;
    const size_t end = child + 1;
    size_t next = to;
    if (end < n) {
      next = LowerBound(points, from, to, entries[end].summary.first);
    } else if (blocks && entries[child].summary.count >= kFull) {
      // What comes behind a full last block starts blocks of its own.
      next = from;
      while (next < to && points.PositionAt(next) <= entries[child].summary.last) ++next;
    }
    if (!groups.empty() && groups.back().end > begin) {
      groups.back().end = end;
      groups.back().to = next;
    } else {
      groups.push_back({begin, end, from, next});
    }
    from = next;
  }
  return groups;
}

absl::StatusOr<const Entries*> LevelEditor::Node(const Entry& entry) {
  auto known = nodes_.find(entry.id);
  if (known == nodes_.end()) {
    CAIRN_ASSIGN_OR_RETURN(Entries entries, store_.ReadNode(entry));
    known = nodes_.emplace(entry.id, std::move(entries)).first;
  }
  return &known->second;
}

absl::StatusOr<Entries> LevelEditor::ChildrenOf(const Entries& entries, size_t begin, size_t end) {
  Entries children;
  for (size_t i = begin; i < end; ++i) {
    CAIRN_ASSIGN_OR_RETURN(const Entries* node, Node(entries[i]));
    children.insert(children.end(), node->begin(), node->end());
  }
  return children;
}

absl::StatusOr<int64_t> LevelEditor::InsertionCost(const Level& level, const PointColumns& points,
                                                   int64_t limit) {
  return Cost(level.root, level.height, points, 0, points.size(), limit);
}

absl::StatusOr<int64_t> LevelEditor::Cost(const Entries& entries, int height,
                                          const PointColumns& points, size_t from, size_t to,
                                          int64_t limit) {
  int64_t cost = 0;
  for (const Touched& group : GroupTouched(entries, points, from, to, height == 0)) {
    if (cost > limit) break;
    if (height == 0) {
      cost += SummarizeEntries(entries, group.begin, group.end).count;
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const Entries children, ChildrenOf(entries, group.begin, group.end));
    CAIRN_ASSIGN_OR_RETURN(const int64_t below,
                           Cost(children, height - 1, points, group.from, group.to, limit - cost));
    cost += below;
  }
  return cost;
}

absl::Status LevelEditor::Insert(Level& level, const PointColumns& points) {
  CAIRN_ASSIGN_OR_RETURN(Entries root,
                         Rewrite(level.root, level.height, points, 0, points.size(), true));
  while (root.size() > kFanout) {
    root = WriteNodes(root, true);
    ++level.height;
  }
  level.root = std::move(root);
  return absl::OkStatus();
}

absl::StatusOr<Entries> LevelEditor::Rewrite(const Entries& entries, int height,
                                             const PointColumns& points, size_t from, size_t to,
                                             bool at_end) {
  Entries result;
  size_t copied = 0;
  for (const Touched& group : GroupTouched(entries, points, from, to, height == 0)) {
    const auto entry_at = [&entries](size_t i) {
      return entries.begin() + static_cast<std::ptrdiff_t>(i);
    };
    result.insert(result.end(), entry_at(copied), entry_at(group.begin));
    copied = group.end;
    const bool last = at_end && group.end == entries.size();
    if (height == 0) {
      CAIRN_ASSIGN_OR_RETURN(const Entries blocks, RewriteBlocks(entries, group, points, last));
      result.insert(result.end(), blocks.begin(), blocks.end());
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const Entries children, ChildrenOf(entries, group.begin, group.end));
    CAIRN_ASSIGN_OR_RETURN(const Entries changed,
                           Rewrite(children, height - 1, points, group.from, group.to, last));
    for (size_t i = group.begin; i < group.end; ++i) DeleteNode(entries[i]);
    const Entries nodes = WriteNodes(changed, last);
    result.insert(result.end(), nodes.begin(), nodes.end());
  }
  result.insert(result.end(), entries.begin() + static_cast<std::ptrdiff_t>(copied), entries.end());
  return result;
}

absl::StatusOr<Entries> LevelEditor::RewriteBlocks(const Entries& entries, const Touched& touched,
                                                   const PointColumns& points, bool at_end) {
  PointColumns stored;
  for (size_t i = touched.begin; i < touched.end; ++i) {
    CAIRN_RETURN_IF_ERROR(store_.ReadBlock(entries[i], stored));
  }
  PointColumns added;
  added.AppendRange(points, touched.from, touched.to);
  const PointColumns merged = MergeSorted(stored, added);
  // Only duplicates came: what is stored stays.
  if (merged.size() == stored.size()) {
    return Entries(entries.begin() + static_cast<std::ptrdiff_t>(touched.begin),
                   entries.begin() + static_cast<std::ptrdiff_t>(touched.end));
  }
  for (size_t i = touched.begin; i < touched.end; ++i) DeleteBlock(entries[i]);
  return WriteBlocks(merged, at_end);
}

Entries LevelEditor::WriteBlocks(const PointColumns& points, bool keep_full) {
  Entries blocks;
  size_t from = 0;
  for (const size_t size : SplitSizes(points.size(), kBlockPoints, keep_full)) {
    const Entry entry{next_id_++, Summarize(points, from, from + size)};
    write_set_.PutOnce(storage::MetricBlockKey(store_.run_id(), store_.metric(), entry.id),
                       EncodeBlock(points, from, from + size));
    blocks.push_back(entry);
    from += size;
  }
  return blocks;
}

Entries LevelEditor::WriteNodes(const Entries& children, bool keep_full) {
  Entries nodes;
  auto from = children.begin();
  for (const size_t size : SplitSizes(children.size(), kFanout, keep_full)) {
    const auto to = from + static_cast<std::ptrdiff_t>(size);
    const Entries part(from, to);
    const Entry entry{next_id_++, SummarizeEntries(part, 0, size)};
    write_set_.PutOnce(storage::MetricNodeKey(store_.run_id(), store_.metric(), entry.id),
                       ToProto(part).SerializeAsString());
    nodes.push_back(entry);
    from = to;
  }
  return nodes;
}

absl::StatusOr<int64_t> LevelEditor::CountWithin(const Level& level, Position first,
                                                 Position last) {
  return CountWithin(level.root, level.height, first, last);
}

absl::StatusOr<int64_t> LevelEditor::CountWithin(const Entries& entries, int height, Position first,
                                                 Position last) {
  int64_t count = 0;
  for (const Entry& entry : entries) {
    const Summary& s = entry.summary;
    if (s.last < first || last < s.first) continue;
    if (height == 0 || (first <= s.first && s.last <= last)) {
      count += s.count;
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const Entries* children, Node(entry));
    CAIRN_ASSIGN_OR_RETURN(const int64_t below, CountWithin(*children, height - 1, first, last));
    count += below;
  }
  return count;
}

absl::StatusOr<PointColumns> LevelEditor::Remove(Level& level, const Chunk& chunk) {
  PointColumns points;
  points.Reserve(static_cast<size_t>(chunk.summary.count));
  for (const Entry& block : chunk.blocks) {
    CAIRN_RETURN_IF_ERROR(store_.ReadBlock(block, points));
    DeleteBlock(block);
  }
  if (chunk.path.empty()) {
    level.root.clear();
  } else {
    Entries root = level.root;
    CAIRN_RETURN_IF_ERROR(RemoveAt(root, level.height, chunk, 0));
    level.root = std::move(root);
  }
  if (level.root.empty()) level.height = 0;
  return points;
}

// Removes the node at the end of the path, and nodes on the way that are left
// without children; the others are written anew.
absl::Status LevelEditor::RemoveAt(Entries& entries, int height, const Chunk& chunk, size_t depth) {
  const size_t i = chunk.path[depth];
  DeleteNode(entries[i]);
  Entries children;
  if (height > 1) {
    CAIRN_ASSIGN_OR_RETURN(children, ChildrenOf(entries, i, i + 1));
    CAIRN_RETURN_IF_ERROR(RemoveAt(children, height - 1, chunk, depth + 1));
  }
  if (children.empty()) {
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
  } else {
    entries[i] = WriteNodes(children, true).front();
  }
  return absl::OkStatus();
}

void LevelEditor::DeleteBlock(const Entry& entry) {
  write_set_.Delete(storage::MetricBlockKey(store_.run_id(), store_.metric(), entry.id));
}
void LevelEditor::DeleteNode(const Entry& entry) {
  write_set_.Delete(storage::MetricNodeKey(store_.run_id(), store_.metric(), entry.id));
}

}  // namespace cairn::metrics
