#include "server/registry/version_removal.h"

#include <set>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/records/evaluation_records.h"
#include "server/records/lineage_edges.h"
#include "server/registry/models.h"
#include "server/registry/version_state.h"
#include "server/registry/version_uses.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {
namespace {

using cairn::v1::ModelVersion;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

absl::Status CheckArchived(const ModelVersion& version) {
  if (version.state() == ModelVersion::ARCHIVED) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::ARCHIVE_FIRST,
               fmt::format("{} is not archived; archive it before it is deleted", version.name()))
      .With("version", version.name())
      .Precondition("STATE", version.name(), "is not archived");
}

// Deletes the edges that lead to the version: from its run and data set, and from runs that list
// it.
absl::Status DeleteEdges(const Snapshot& snapshot, const ModelVersion& version,
                         WriteSet& write_set) {
  std::set<storage::Key> keys;
  for (const std::string& source :
       {version.run(), version.logged_model(), version.training_dataset()}) {
    if (!source.empty()) keys.insert(storage::LineageDownKey(source, version.name()));
  }
  CAIRN_RETURN_IF_ERROR(records::EachEdge(
      snapshot, storage::LineageUpPrefix(version.name()), [&](const std::string& run) {
        keys.insert(storage::LineageUpKey(version.name(), run));
        keys.insert(storage::LineageDownKey(run, version.name()));
        return true;
      }));
  for (const storage::Key& key : keys) write_set.Delete(key);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> PlanDeleteModelVersion(const Snapshot& snapshot,
                                            const cairn::v1::DeleteModelVersionRequest& request,
                                            int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const CurrentVersion current,
                         ReadCurrentVersion(snapshot, "name", request.name(), request.etag()));
  const auto& [model, number] = current.name;
  const std::string& name = current.version.name();
  CAIRN_RETURN_IF_ERROR(CheckUnused(snapshot, current.name));
  CAIRN_RETURN_IF_ERROR(CheckArchived(current.version));
  WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(
      MoveLatest(snapshot, current.name, /*offered=*/false, now_unix_nanos, write_set));
  CAIRN_RETURN_IF_ERROR(GuardModelVersionUses(snapshot, current.name, write_set));
  CAIRN_RETURN_IF_ERROR(records::DeleteEvaluations(snapshot, current.name, write_set));
  CAIRN_RETURN_IF_ERROR(DeleteEdges(snapshot, current.version, write_set));
  const storage::Key state = storage::ModelVersionStateKey(model, number);
  write_set.RequireExists(storage::ModelVersionKey(model, number))
      .RequireRevision(state, current.state_revision)
      .Delete(storage::ModelVersionKey(model, number))
      .Delete(state)
      .Delete(ModelVersionUsesKey(current.name))
      .PutRecord(storage::CollectionKey(VersionsCollection(model)), "")
      .Emit(name, cairn::v1::Event::MODEL_VERSION_DELETED)
      .Audit(cairn::v1::Event::MODEL_VERSION_DELETED, name, "")
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

}  // namespace cairn::registry
