#include "server/registry/version_state.h"

#include <algorithm>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "server/registry/aliases.h"
#include "server/registry/annotations.h"
#include "server/registry/models.h"
#include "server/registry/version_uses.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {
namespace {

using cairn::internal::ModelRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::ModelVersionStateRecord;
using cairn::v1::ModelVersion;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

struct Offered {
  int64_t number = 0;  // 0: none
  storage::Revision state_revision = 0;
};

// The newest READY version below `limit`.
absl::StatusOr<Offered> NewestReadyBelow(const Snapshot& snapshot, const std::string& model,
                                         int64_t limit) {
  Offered newest;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ModelVersionRecord>(
      snapshot, KeyRange::Prefix(storage::ModelVersionPrefix(model)), ScanOrder::kDescending,
      [&](std::string_view, const auto& stored) {
        const auto name = ParseModelVersionName("name", stored.value.version().name());
        failure = name.status();
        if (!failure.ok()) return false;
        if (name->version >= limit) return true;
        const auto state = ReadVersionState(snapshot, model, name->version);
        failure = state.status();
        if (!failure.ok()) return false;
        if (state->has_value() && (*state)->value.state() == ModelVersion::ARCHIVED) return true;
        newest = {name->version, state->has_value() ? (*state)->mod_revision : 0};
        return false;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return newest;
}

absl::StatusOr<Plan> PlanOffer(const Snapshot& snapshot, CurrentVersion current,
                               ModelVersion::State state, int64_t now_unix_nanos) {
  if (current.version.state() == state) return storage::AnswerOnly(std::move(current.version));
  WriteSet write_set;
  if (state == ModelVersion::ARCHIVED) {
    CAIRN_RETURN_IF_ERROR(CheckNotServed(snapshot, current.name));
    CAIRN_RETURN_IF_ERROR(GuardModelVersionUses(snapshot, current.name, write_set));
  }
  CAIRN_RETURN_IF_ERROR(
      MoveLatest(snapshot, current.name, state == ModelVersion::READY, now_unix_nanos, write_set));
  ModelVersion changed = current.version;
  changed.set_state(state);
  return PlanState(current, std::move(changed), now_unix_nanos, std::move(write_set));
}

}  // namespace

absl::StatusOr<std::optional<StoredVersionState>> ReadVersionState(const Snapshot& snapshot,
                                                                   std::string_view model,
                                                                   int64_t version) {
  return storage::ReadRecord<ModelVersionStateRecord>(
      snapshot, storage::ModelVersionStateKey(model, version));
}

void ApplyState(const ModelVersionStateRecord& state, ModelVersion& version) {
  version.set_state(state.state());
  version.set_description(state.description());
  *version.mutable_tags() = state.tags();
  if (state.has_update_time()) *version.mutable_update_time() = state.update_time();
}

absl::Status AddState(const Snapshot& snapshot, std::string_view model, int64_t version,
                      Stored<ModelVersionRecord>& stored) {
  CAIRN_ASSIGN_OR_RETURN(const auto state, ReadVersionState(snapshot, model, version));
  if (!state.has_value()) return absl::OkStatus();
  ApplyState(state->value, *stored.value.mutable_version());
  stored.mod_revision = std::max(stored.mod_revision, state->mod_revision);
  return absl::OkStatus();
}

absl::StatusOr<CurrentVersion> ReadCurrentVersion(const Snapshot& snapshot, std::string_view field,
                                                  const std::string& name, std::string_view etag) {
  CurrentVersion current;
  CAIRN_ASSIGN_OR_RETURN(current.name, ParseModelVersionName(field, name));
  const auto& [model, number] = current.name;
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadModelVersion(snapshot, model, number));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(name, etag, stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(const auto state, ReadVersionState(snapshot, model, number));
  current.state_revision = state.has_value() ? state->mod_revision : 0;
  current.version = std::move(*stored.value.mutable_version());
  current.version.set_etag(EtagOf(stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(const auto aliases, AliasesByVersion(snapshot, model));
  const auto [begin, end] = aliases.equal_range(number);
  for (auto it = begin; it != end; ++it) current.version.add_aliases(it->second);
  return current;
}

Plan PlanState(const CurrentVersion& current, ModelVersion changed, int64_t now_unix_nanos,
               WriteSet write_set) {
  *changed.mutable_update_time() = ToTimestamp(now_unix_nanos);
  ModelVersionStateRecord record;
  record.set_state(changed.state());
  record.set_description(changed.description());
  *record.mutable_tags() = changed.tags();
  *record.mutable_update_time() = changed.update_time();
  const std::string payload = record.SerializeAsString();
  const storage::Key key =
      storage::ModelVersionStateKey(current.name.parent_id, current.name.version);
  write_set.RequireExists(storage::ModelVersionKey(current.name.parent_id, current.name.version))
      .RequireRevision(key, current.state_revision)
      .PutRecord(key, payload)
      .Emit(cairn::v1::Event::MODEL_VERSION_UPDATED, changed)
      .Audit(cairn::v1::Event::MODEL_VERSION_UPDATED, changed.name(), payload);
  return storage::MakePlan(std::move(write_set), std::move(changed));
}

absl::Status MoveLatest(const Snapshot& snapshot, const VersionName& version, bool offered,
                        int64_t now_unix_nanos, WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadModel(snapshot, version.parent_id));
  ModelRecord& record = stored.value;
  const storage::Key key = storage::ModelKey(version.parent_id);
  write_set.RequireRevision(key, stored.mod_revision);
  const int64_t latest = record.model().latest_version();
  const int64_t last_number = LastNumberOf(record);
  Offered next = {offered ? std::max(latest, version.version) : latest, 0};
  if (!offered && latest == version.version) {
    CAIRN_ASSIGN_OR_RETURN(next, NewestReadyBelow(snapshot, version.parent_id, latest));
    if (next.number != 0) {
      write_set.RequireRevision(storage::ModelVersionStateKey(version.parent_id, next.number),
                                next.state_revision);
    }
  }
  // Written also where it stays: who picks the newest of those that are offered must not miss one
  // that is offered again meanwhile.
  record.mutable_model()->set_latest_version(next.number);
  *record.mutable_model()->mutable_update_time() = ToTimestamp(now_unix_nanos);
  write_set.PutRecord(key, ModelPayload(record.model(), last_number));
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanUpdateModelVersion(const Snapshot& snapshot,
                                            const cairn::v1::UpdateModelVersionRequest& request,
                                            int64_t now_unix_nanos) {
  const ModelVersion& wanted = request.model_version();
  CAIRN_ASSIGN_OR_RETURN(CurrentVersion current, ReadCurrentVersion(snapshot, "model_version.name",
                                                                    wanted.name(), wanted.etag()));
  CAIRN_ASSIGN_OR_RETURN(Annotations annotations,
                         UpdatedAnnotations("model_version", current.version, wanted, request));
  if (annotations == AnnotationsOf(current.version)) {
    return storage::AnswerOnly(std::move(current.version));
  }
  ModelVersion changed = current.version;
  Annotate(std::move(annotations), changed);
  return PlanState(current, std::move(changed), now_unix_nanos, WriteSet());
}

absl::StatusOr<Plan> PlanArchiveModelVersion(const Snapshot& snapshot,
                                             const cairn::v1::ArchiveModelVersionRequest& request,
                                             int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(CurrentVersion current,
                         ReadCurrentVersion(snapshot, "name", request.name(), request.etag()));
  return PlanOffer(snapshot, std::move(current), ModelVersion::ARCHIVED, now_unix_nanos);
}

absl::StatusOr<Plan> PlanRestoreModelVersion(const Snapshot& snapshot,
                                             const cairn::v1::RestoreModelVersionRequest& request,
                                             int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(CurrentVersion current,
                         ReadCurrentVersion(snapshot, "name", request.name(), request.etag()));
  return PlanOffer(snapshot, std::move(current), ModelVersion::READY, now_unix_nanos);
}

}  // namespace cairn::registry
