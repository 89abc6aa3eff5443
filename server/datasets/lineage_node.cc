#include "server/datasets/lineage_node.h"

#include <string_view>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::datasets {
namespace {

using storage::Snapshot;

absl::StatusOr<LineageNode> VisitDatasetVersion(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed, ParseDatasetVersionName("name", name));
  CAIRN_ASSIGN_OR_RETURN(
      const auto stored,
      storage::ReadRecord<cairn::internal::DatasetVersionRecord>(
          snapshot, storage::DatasetVersionKey(parsed.parent_id, parsed.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", name).ToStatus();
  }
  const auto& version = stored->value.version();
  LineageNode visited;
  visited.node.set_kind("DatasetVersion");
  std::string label;
  if (version.row_count() >= 0) label = fmt::format("{} rows", version.row_count());
  if (!label.empty() && !version.producer().empty()) label += ' ';
  visited.node.set_label(label + version.producer());
  visited.sources.assign(version.parents().begin(), version.parents().end());
  if (!version.run().empty()) visited.sources.push_back(version.run());
  return visited;
}

absl::StatusOr<LineageNode> VisitRun(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const RunName parsed, ParseRunName("name", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<cairn::internal::RunRecord>(
                                                snapshot, storage::RunKey(parsed.run_id)));
  if (!stored.has_value() || stored->value.experiment_id() != parsed.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  LineageNode visited;
  const bool model = stored->value.run().kind() == cairn::v1::Run::LOGGED_MODEL;
  visited.node.set_kind(model ? "LoggedModel" : "Run");
  visited.node.set_label(stored->value.run().display_name());
  const cairn::v1::Run& run = stored->value.run();
  if (model && !run.parent_run().empty()) visited.sources.push_back(run.parent_run());
  for (const auto& input : run.inputs()) {
    visited.sources.push_back(input.dataset_version());
  }
  return visited;
}

absl::StatusOr<LineageNode> VisitModelVersion(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed, ParseModelVersionName("name", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<cairn::internal::ModelVersionRecord>(
                             snapshot, storage::ModelVersionKey(parsed.parent_id, parsed.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion", name).ToStatus();
  }
  const auto& version = stored->value.version();
  LineageNode visited;
  visited.node.set_kind("ModelVersion");
  CAIRN_ASSIGN_OR_RETURN(
      const auto state,
      storage::ReadRecord<cairn::internal::ModelVersionStateRecord>(
          snapshot, storage::ModelVersionStateKey(parsed.parent_id, parsed.version)));
  visited.node.set_label(state.has_value() ? state->value.description() : version.description());
  const std::string& made_by =
      version.logged_model().empty() ? version.run() : version.logged_model();
  if (!made_by.empty()) visited.sources.push_back(made_by);
  if (version.training_dataset().empty()) return visited;
  // Where the run had read the data set there is no edge besides those that lead through it.
  CAIRN_ASSIGN_OR_RETURN(const auto edge,
                         snapshot.Get(storage::LineageDownKey(version.training_dataset(), name)));
  if (edge.has_value()) visited.sources.push_back(version.training_dataset());
  return visited;
}

absl::StatusOr<LineageNode> VisitChannel(const Snapshot& snapshot, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef parsed, ParseChannelName("name", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<cairn::internal::ChannelRecord>(
                             snapshot, storage::ChannelKey(parsed.model, parsed.channel)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::CHANNEL_NOT_FOUND, "Channel", name).ToStatus();
  }
  const auto& channel = stored->value.channel();
  LineageNode visited;
  visited.node.set_kind("Channel");
  visited.node.set_label(fmt::format("epoch {}", channel.epoch()));
  if (!channel.version().empty()) visited.sources.push_back(channel.version());
  return visited;
}

}  // namespace

absl::StatusOr<LineageNode> ReadLineageNode(const Snapshot& snapshot, const std::string& name) {
  const auto starts = [&](std::string_view prefix) { return name.rfind(prefix, 0) == 0; };
  absl::StatusOr<LineageNode> visited =
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

}  // namespace cairn::datasets
