#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/limits.h"
#include "server/datasets/datasets.h"
#include "server/datasets/lineage_edges.h"
#include "server/records/dataset_refs.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::datasets {
namespace {

using cairn::v1::GetLineageRequest;
using cairn::v1::Lineage;
using storage::Snapshot;

constexpr int kDefaultDepth = 16;
constexpr int kMaxDepth = limits::kLineageDepth;
constexpr size_t kMaxNodes = limits::kLineageNodes;
// An edge has two names, and of a tree there are about as many edges as nodes.
constexpr size_t kMaxNodeBytes = size_t{1} << 20;
constexpr size_t kFraming = 8;  // of an element in an answer

// A resource as the graph shows it, and what it was made from.
struct Visited {
  Lineage::Node node;
  std::vector<std::string> sources;
};

absl::StatusOr<Visited> VisitDatasetVersion(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed, ParseDatasetVersionName("name", name));
  CAIRN_ASSIGN_OR_RETURN(
      const auto stored,
      storage::ReadRecord<cairn::internal::DatasetVersionRecord>(
          snapshot, storage::DatasetVersionKey(parsed.parent_id, parsed.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", name).ToStatus();
  }
  const auto& version = stored->value.version();
  Visited visited;
  visited.node.set_kind("DatasetVersion");
  std::string label;
  if (version.row_count() >= 0) label = fmt::format("{} rows", version.row_count());
  if (!label.empty() && !version.producer().empty()) label += ' ';
  visited.node.set_label(label + version.producer());
  visited.sources.assign(version.parents().begin(), version.parents().end());
  if (!version.run().empty()) visited.sources.push_back(version.run());
  return visited;
}

absl::StatusOr<Visited> VisitRun(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const RunName parsed, ParseRunName("name", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<cairn::internal::RunRecord>(
                                                snapshot, storage::RunKey(parsed.run_id)));
  if (!stored.has_value() || stored->value.experiment_id() != parsed.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  Visited visited;
  visited.node.set_kind("Run");
  visited.node.set_label(stored->value.run().display_name());
  for (const auto& input : stored->value.run().inputs()) {
    visited.sources.push_back(input.dataset_version());
  }
  return visited;
}

absl::StatusOr<Visited> VisitModelVersion(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed, ParseModelVersionName("name", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<cairn::internal::ModelVersionRecord>(
                             snapshot, storage::ModelVersionKey(parsed.parent_id, parsed.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion", name).ToStatus();
  }
  const auto& version = stored->value.version();
  Visited visited;
  visited.node.set_kind("ModelVersion");
  CAIRN_ASSIGN_OR_RETURN(
      const auto state,
      storage::ReadRecord<cairn::internal::ModelVersionStateRecord>(
          snapshot, storage::ModelVersionStateKey(parsed.parent_id, parsed.version)));
  visited.node.set_label(state.has_value() ? state->value.description() : version.description());
  if (!version.run().empty()) visited.sources.push_back(version.run());
  if (version.training_dataset().empty()) return visited;
  // Where the run had read the data set there is no edge besides those that lead through it.
  CAIRN_ASSIGN_OR_RETURN(const auto edge,
                         snapshot.Get(storage::LineageDownKey(version.training_dataset(), name)));
  if (edge.has_value()) visited.sources.push_back(version.training_dataset());
  return visited;
}

absl::StatusOr<Visited> VisitChannel(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef parsed, ParseChannelName("name", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<cairn::internal::ChannelRecord>(
                             snapshot, storage::ChannelKey(parsed.model, parsed.channel)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::CHANNEL_NOT_FOUND, "Channel", name).ToStatus();
  }
  const auto& channel = stored->value.channel();
  Visited visited;
  visited.node.set_kind("Channel");
  visited.node.set_label(fmt::format("epoch {}", channel.epoch()));
  if (!channel.version().empty()) visited.sources.push_back(channel.version());
  return visited;
}

absl::StatusOr<Visited> Visit(const Snapshot& snapshot, const std::string& name) {
  const auto starts = [&](std::string_view prefix) { return name.rfind(prefix, 0) == 0; };
  absl::StatusOr<Visited> visited =
      InvalidField(ErrorReason::NAME_INVALID, "name", name,
                   "must be a data set version, run, model version or channel")
          .ToStatus();
  if (starts("datasets/")) visited = VisitDatasetVersion(snapshot, name);
  if (starts("experiments/")) visited = VisitRun(snapshot, name);
  if (starts("models/")) {
    visited = name.find("/channels/") != std::string::npos ? VisitChannel(snapshot, name)
                                                           : VisitModelVersion(snapshot, name);
  }
  if (visited.ok()) visited->node.set_name(name);
  return visited;
}

// Collects the graph breadth first, one direction at a time.
class Walk {
 public:
  Walk(const Snapshot& snapshot, int max_depth, const auth::Sight& sight)
      : snapshot_(snapshot), max_depth_(max_depth), sight_(sight) {}

  absl::Status Go(const std::string& root, bool upstream) {
    std::deque<std::pair<std::string, int>> queue = {{root, 0}};
    std::set<std::string> queued = {root};
    planned_.insert(root);
    while (!queue.empty()) {
      const auto [name, depth] = queue.front();
      queue.pop_front();
      const absl::StatusOr<std::vector<std::string>> neighbours = Neighbours(name, upstream);
      // A run that was purged is named by what it made.
      if (absl::IsNotFound(neighbours.status()) && name != root) continue;
      CAIRN_RETURN_IF_ERROR(neighbours.status());
      const std::vector<std::string>& next = *neighbours;
      if (depth == max_depth_) {
        truncated_ = truncated_ || !next.empty();
        continue;
      }
      for (const std::string& other : next) {
        if (!Plan(other)) continue;
        edges_.insert(upstream ? std::make_pair(other, name) : std::make_pair(name, other));
        if (queued.insert(other).second) queue.emplace_back(other, depth + 1);
      }
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
    lineage.set_truncated(truncated_ || node_room.full() || edge_room.full());
    lineage.set_restricted(restricted_);
    return lineage;
  }

 private:
  // Whether the graph has room for the resource, or has it already.
  bool Plan(const std::string& name) {
    if (planned_.size() < kMaxNodes || planned_.count(name) > 0) {
      planned_.insert(name);
      return true;
    }
    truncated_ = true;
    return false;
  }

  // Records the resource and tells where to go from it.
  absl::StatusOr<std::vector<std::string>> Neighbours(const std::string& name, bool upstream) {
    CAIRN_ASSIGN_OR_RETURN(Visited visited, Visit(snapshot_, name));
    if (seen_.insert(name).second) nodes_.push_back(std::move(visited.node));
    if (upstream) return Sources(name, visited.sources);
    return EndsOfEdges(storage::LineageDownPrefix(name));
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

  // The names at the ends of the edges that begin with `prefix`, up to one more than a graph
  // takes.
  absl::StatusOr<std::vector<std::string>> EndsOfEdges(const storage::Key& prefix) {
    std::vector<std::string> ends;
    CAIRN_RETURN_IF_ERROR(EachEdge(snapshot_, prefix, [&](const std::string& end) {
      if (Sees(end)) ends.push_back(end);
      return ends.size() <= kMaxNodes;
    }));
    return ends;
  }

  bool Sees(const std::string& name) {
    const bool sees = sight_.Sees(name);
    restricted_ = restricted_ || !sees;
    return sees;
  }

  const Snapshot& snapshot_;
  const int max_depth_;
  const auth::Sight& sight_;
  std::vector<Lineage::Node> nodes_;
  std::set<std::string> planned_;  // those that are seen or will be
  std::set<std::string> seen_;
  std::set<std::pair<std::string, std::string>> edges_;
  bool truncated_ = false;
  bool restricted_ = false;
};

}  // namespace

absl::StatusOr<Lineage> GetLineage(const Snapshot& snapshot, const GetLineageRequest& request,
                                   const auth::Sight& sight) {
  if (request.max_depth() < 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "max_depth",
                        std::to_string(request.max_depth()), "must not be negative")
        .ToStatus();
  }
  const int depth =
      request.max_depth() == 0 ? kDefaultDepth : std::min(request.max_depth(), kMaxDepth);
  std::string root = request.name();
  if (root.starts_with("datasets/")) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName version,
                           records::ResolveDatasetVersion(snapshot, "name", root));
    root = DatasetVersionName(version.parent_id, version.version);
  }
  Walk walk(snapshot, depth, sight);
  if (request.direction() != GetLineageRequest::DOWNSTREAM) {
    CAIRN_RETURN_IF_ERROR(walk.Go(root, /*upstream=*/true));
  }
  if (request.direction() != GetLineageRequest::UPSTREAM) {
    CAIRN_RETURN_IF_ERROR(walk.Go(root, /*upstream=*/false));
  }
  return walk.Finish(root);
}

}  // namespace cairn::datasets
