#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/limits.h"
#include "server/datasets/datasets.h"
#include "server/datasets/lineage_node.h"
#include "server/records/dataset_refs.h"
#include "server/records/lineage_edges.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::datasets {
namespace {

using cairn::v1::GetLineageRequest;
using cairn::v1::Lineage;
using storage::Snapshot;

constexpr int kDefaultDepth = 16;
constexpr size_t kKinds = 5;  // of nodes
// An edge has two names, and of a tree there are about as many edges as nodes.
constexpr size_t kMaxNodeBytes = size_t{1} << 20;
constexpr size_t kFraming = 8;  // of an element in an answer

// How far a walk goes and what it keeps.
struct Extent {
  int max_depth = 0;
  size_t max_per_hop = 0;  // of a kind
  bool count = false;
};

// Collects the graph breadth first, one direction at a time. Without counts it follows what it
// lists; with counts everything, and lists as much of it as there is room for.
class Walk {
 public:
  Walk(const Snapshot& snapshot, const Extent& extent, const auth::Sight& sight)
      : snapshot_(snapshot), extent_(extent), sight_(sight) {}

  absl::Status Go(const std::string& root, GetLineageRequest::Direction direction) {
    direction_ = direction;
    queue_ = {{root, 0}};
    queued_ = {root};
    listed_at_.clear();
    while (!queue_.empty()) {
      const auto [name, hop] = queue_.front();
      queue_.pop_front();
      const absl::Status visited = Visit(name, hop);
      // A run that was purged is named by what it made.
      if (absl::IsNotFound(visited) && hop > 0) continue;
      CAIRN_RETURN_IF_ERROR(visited);
    }
    return absl::OkStatus();
  }

  Lineage Finish(const std::string& root) {
    Lineage lineage;
    lineage.set_root(root);
    storage::PageRoom node_room(kMaxNodeBytes);
    std::set<std::string> shown;
    for (auto& node : nodes_) {
      if (!node_room.Take(node.ByteSizeLong() + kFraming)) break;
      shown.insert(node.name());
      *lineage.add_nodes() = std::move(node);
    }
    storage::PageRoom edge_room(storage::kMaxPageBytes - kMaxNodeBytes);
    for (const auto& [from, to] : edges_) {
      if (shown.count(from) == 0 || shown.count(to) == 0) continue;
      if (!edge_room.Take(from.size() + to.size() + kFraming)) break;
      Lineage::Edge* edge = lineage.add_edges();
      edge->set_from(from);
      edge->set_to(to);
    }
    AddCounts(lineage);
    lineage.set_truncated(truncated_ || node_room.full() || edge_room.full());
    lineage.set_restricted(restricted_);
    return lineage;
  }

 private:
  // Lists and counts the resource, and queues what is next to it.
  absl::Status Visit(const std::string& name, int hop) {
    CAIRN_ASSIGN_OR_RETURN(LineageNode found, ReadLineageNode(snapshot_, name));
    if (extent_.count && hop > 0) ++counts_[{direction_, hop, found.node.kind()}];
    const bool listed = List(found.node, hop);
    if (!listed && !extent_.count) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> next, Neighbours(name, found.sources));
    if (hop == extent_.max_depth) {
      truncated_ = truncated_ || !next.empty();
      return absl::OkStatus();
    }
    for (const std::string& other : next) {
      // Of two that are not listed the edge would be left out in the end.
      if (listed) {
        edges_.insert(upstream() ? std::make_pair(other, name) : std::make_pair(name, other));
      }
      Queue(other, hop + 1);
    }
    return absl::OkStatus();
  }

  // Whether the resource is among those listed, which it is from now on if there is room.
  bool List(Lineage::Node& node, int hop) {
    if (listed_.contains(node.name())) return true;
    size_t& here = listed_at_[{hop, node.kind()}];
    if (here >= extent_.max_per_hop || nodes_.size() >= limits::kLineageNodes) {
      truncated_ = true;
      return false;
    }
    ++here;
    listed_.insert(node.name());
    node.set_hop(upstream() ? -hop : hop);
    nodes_.push_back(std::move(node));
    return true;
  }

  void Queue(const std::string& name, int hop) {
    if (queued_.contains(name)) return;
    const size_t most = extent_.count ? limits::kLineageCounted : limits::kLineageNodes;
    if (queued_.size() > most) {
      truncated_ = true;
      counts_truncated_ = extent_.count;
      return;
    }
    queued_.insert(name);
    queue_.emplace_back(name, hop);
  }

  absl::StatusOr<std::vector<std::string>> Neighbours(const std::string& name,
                                                      const std::vector<std::string>& sources) {
    return upstream() ? Sources(name, sources) : EndsOfEdges(storage::LineageDownPrefix(name));
  }

  // What the record names as its sources, and the runs that list it as an output.
  absl::StatusOr<std::vector<std::string>> Sources(const std::string& name,
                                                   const std::vector<std::string>& named) {
    std::vector<std::string> sources;
    for (const std::string& source : named) {
      if (Sees(source)) sources.push_back(source);
    }
    CAIRN_ASSIGN_OR_RETURN(auto runs, EndsOfEdges(storage::LineageUpPrefix(name)));
    for (std::string& run : runs) {
      const bool known = std::find(sources.begin(), sources.end(), run) != sources.end();
      if (!known) sources.push_back(std::move(run));
    }
    return sources;
  }

  // The names at the ends of the edges that begin with `prefix`. Without counts no more are read
  // than can be listed if they are of all kinds, but for one: that one tells that there are more.
  absl::StatusOr<std::vector<std::string>> EndsOfEdges(const storage::Key& prefix) {
    const size_t most = extent_.count
                            ? limits::kLineageCounted
                            : std::min(limits::kLineageNodes, kKinds * extent_.max_per_hop);
    std::vector<std::string> ends;
    CAIRN_RETURN_IF_ERROR(records::EachEdge(snapshot_, prefix, [&](const std::string& end) {
      if (Sees(end)) ends.push_back(end);
      return ends.size() <= most;
    }));
    return ends;
  }

  bool Sees(const std::string& name) {
    const bool sees = sight_.Sees(name);
    restricted_ = restricted_ || !sees;
    return sees;
  }

  void AddCounts(Lineage& lineage) const {
    for (const auto& [place, count] : counts_) {
      Lineage::HopCount* entry = lineage.add_counts();
      entry->set_direction(std::get<0>(place));
      entry->set_hop(std::get<1>(place));
      entry->set_kind(std::get<2>(place));
      entry->set_count(count);
    }
    lineage.set_counts_truncated(counts_truncated_);
  }

  bool upstream() const { return direction_ == GetLineageRequest::UPSTREAM; }

  const Snapshot& snapshot_;
  const Extent extent_;
  const auth::Sight& sight_;
  GetLineageRequest::Direction direction_ = GetLineageRequest::UPSTREAM;
  // Of the present direction: what waits with its hop, what ever waited, how many are listed.
  std::deque<std::pair<std::string, int>> queue_;
  absl::flat_hash_set<std::string> queued_;
  std::map<std::pair<int, std::string>, size_t> listed_at_;
  // Of both directions.
  std::vector<Lineage::Node> nodes_;
  absl::flat_hash_set<std::string> listed_;
  std::set<std::pair<std::string, std::string>> edges_;
  std::map<std::tuple<GetLineageRequest::Direction, int, std::string>, int64_t> counts_;
  bool truncated_ = false;
  bool counts_truncated_ = false;
  bool restricted_ = false;
};

absl::Status CheckNotNegative(std::string_view field, int value) {
  if (value >= 0) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, field, std::to_string(value),
                      "must not be negative")
      .ToStatus();
}

absl::StatusOr<Extent> ExtentOf(const GetLineageRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("max_depth", request.max_depth()));
  CAIRN_RETURN_IF_ERROR(CheckNotNegative("max_per_hop", request.max_per_hop()));
  Extent extent;
  extent.max_depth = request.max_depth() == 0
                         ? kDefaultDepth
                         : std::min(request.max_depth(), limits::kLineageDepth);
  extent.max_per_hop = request.max_per_hop() == 0 ? limits::kLineageNodes
                                                  : static_cast<size_t>(request.max_per_hop());
  extent.count = request.count();
  return extent;
}

}  // namespace

absl::StatusOr<Lineage> GetLineage(const Snapshot& snapshot, const GetLineageRequest& request,
                                   const auth::Sight& sight) {
  CAIRN_ASSIGN_OR_RETURN(const Extent extent, ExtentOf(request));
  std::string root = request.name();
  if (root.starts_with("datasets/")) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName version,
                           records::ResolveDatasetVersion(snapshot, "name", root));
    root = DatasetVersionName(version.parent_id, version.version);
  }
  Walk walk(snapshot, extent, sight);
  for (const auto direction : {GetLineageRequest::UPSTREAM, GetLineageRequest::DOWNSTREAM}) {
    const bool only_other = request.direction() != GetLineageRequest::DIRECTION_UNSPECIFIED &&
                            request.direction() != direction;
    if (!only_other) CAIRN_RETURN_IF_ERROR(walk.Go(root, direction));
  }
  return walk.Finish(root);
}

}  // namespace cairn::datasets
