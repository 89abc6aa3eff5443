#include "server/registry/version_past.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/alias_names.h"
#include "lib/base/encoding.h"
#include "lib/base/resource_names.h"
#include "server/registry/models.h"
#include "server/registry/version_state.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::internal::AliasRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::ModelVersionStateRecord;
using cairn::v1::ModelVersion;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;

namespace {

// Visits each resource that has an entry and whose name begins like this, once and in order.
absl::Status VisitAudited(const Snapshot& snapshot, const std::string& beginning,
                          const std::function<void(const std::string&)>& visit) {
  KeyRange range = KeyRange::Prefix(storage::AuditByResourcesPrefix(beginning));
  while (true) {
    std::string found;
    CAIRN_RETURN_IF_ERROR(
        snapshot.Scan(range, ScanOrder::kAscending, [&](std::string_view key, const auto&) {
          found = key;
          return false;
        }));
    if (found.empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const auto place, storage::PlaceOfAuditByResource(found));
    visit(place.resource);
    range.begin = KeyRange::Prefix(storage::AuditByResourcePrefix(place.resource)).end;
  }
}

absl::StatusOr<std::optional<int64_t>> AliasThen(const Snapshot& snapshot, std::string_view model,
                                                 std::string_view alias, const Moment& moment) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         ReadAsOf<AliasRecord>(snapshot, storage::AliasKey(model, alias),
                                               AliasName(model, alias), std::optional(moment)));
  if (!stored) return std::optional<int64_t>();
  return std::make_optional(stored->value.alias().version());
}

// The aliases that pointed at the version, by name: of those that are there, and of those that an
// entry tells of.
absl::Status AddAliases(const Snapshot& snapshot, const VersionName& name, const Moment& moment,
                        ModelVersion& version) {
  std::set<std::string> aliases;
  const storage::Key prefix = storage::AliasPrefix(name.parent_id);
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(prefix), ScanOrder::kAscending,
                                      [&](std::string_view key, const auto&) {
                                        auto alias = storage::LastStringOf(prefix, key);
                                        if (alias.ok()) aliases.insert(*std::move(alias));
                                        return true;
                                      }));
  CAIRN_RETURN_IF_ERROR(VisitAudited(
      snapshot, ModelName(name.parent_id) + "/aliases/", [&](const std::string& resource) {
        auto ids = ParseResourceName("name", resource, "models/*/aliases/*");
        if (ids.ok()) aliases.insert(std::move((*ids)[1]));
      }));
  for (const std::string& alias : aliases) {
    CAIRN_ASSIGN_OR_RETURN(const auto number, AliasThen(snapshot, name.parent_id, alias, moment));
    if (number == name.version) version.add_aliases(alias);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<storage::Stored<ModelVersionRecord>>> ReadSealed(
    const Snapshot& snapshot, const VersionName& name) {
  return storage::ReadRecord<ModelVersionRecord>(
      snapshot, storage::ModelVersionKey(name.parent_id, name.version));
}

absl::Status DeletedSince(const std::string& resource, const Moment& moment) {
  return PastNotKept(resource, moment,
                     "the version was deleted since, and what was registered went with it", 0);
}

// What may have changed of a version by then; READY before the first change.
struct StateThen {
  bool is_told = false;  // by an entry
  bool deleted = false;
  storage::Revision revision = 0;
  ModelVersionStateRecord record;
};

absl::StatusOr<StateThen> ReadState(const Snapshot& snapshot, const VersionName& name,
                                    const Moment& moment) {
  CAIRN_ASSIGN_OR_RETURN(
      const auto image,
      LastImage(snapshot, ModelVersionName(name.parent_id, name.version), moment));
  StateThen state;
  state.record.set_state(ModelVersion::READY);
  if (!image) return state;
  state.is_told = true;
  state.deleted = image->deleted;
  state.revision = image->revision;
  CAIRN_ASSIGN_OR_RETURN(
      state.record,
      storage::ParseRecord<ModelVersionStateRecord>(
          storage::ModelVersionStateKey(name.parent_id, name.version).bytes, image->bytes));
  return state;
}

// The newest version that is there still and was READY then; 0 if there is none. `next` becomes the
// number of the first one that came later; 0 if none did.
absl::StatusOr<int64_t> LatestOfThose(const Snapshot& snapshot, const std::string& model,
                                      const Moment& moment, int64_t& next) {
  int64_t latest = 0;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ModelVersionRecord>(
      snapshot, KeyRange::Prefix(storage::ModelVersionPrefix(model)), ScanOrder::kDescending,
      [&](std::string_view, const auto& stored) {
        const ModelVersion& version = stored.value.version();
        const auto name = ParseModelVersionName("name", version.name());
        failure = name.status();
        if (!failure.ok()) return false;
        if (!WasThere(moment, stored.create_revision, version.create_time())) {
          next = name->version;
          return true;
        }
        const auto state = ReadState(snapshot, *name, moment);
        failure = state.status();
        if (!failure.ok()) return false;
        if (state->record.state() == ModelVersion::READY) latest = name->version;
        return latest == 0;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return latest;
}

// A version that was deleted since may have been the latest: it was archived before, so that an
// entry tells of it.
absl::StatusOr<VersionName> LatestThen(const Snapshot& snapshot, const std::string& model,
                                       const Moment& moment) {
  int64_t next = 0;
  CAIRN_ASSIGN_OR_RETURN(const int64_t latest, LatestOfThose(snapshot, model, moment, next));
  std::set<int64_t> audited;
  CAIRN_RETURN_IF_ERROR(
      VisitAudited(snapshot, ModelName(model) + "/versions/", [&](const std::string& resource) {
        const auto name = ParseModelVersionName("name", resource);
        if (name.ok()) audited.insert(name->version);
      }));
  for (auto it = audited.upper_bound(latest); it != audited.end(); ++it) {
    if (next != 0 && *it >= next) break;
    const VersionName name{model, *it};
    CAIRN_ASSIGN_OR_RETURN(const auto sealed, ReadSealed(snapshot, name));
    CAIRN_ASSIGN_OR_RETURN(const StateThen state, ReadState(snapshot, name, moment));
    if (sealed || state.deleted || state.record.state() == ModelVersion::ARCHIVED) continue;
    return DeletedSince(ModelVersionName(model, *it), moment);
  }
  return VersionName{model, latest};
}

absl::StatusOr<VersionName> ResolveThen(const Snapshot& snapshot, std::string_view name,
                                        const Moment& moment) {
  if (name.find("/aliases/") != std::string_view::npos) {
    CAIRN_ASSIGN_OR_RETURN(const auto ids, ParseResourceName("name", name, "models/*/aliases/*"));
    CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ids[0]).status());
    CAIRN_ASSIGN_OR_RETURN(const auto number, AliasThen(snapshot, ids[0], ids[1], moment));
    if (!number) return NotThere(ErrorReason::ALIAS_NOT_FOUND, "Alias", name, moment);
    return VersionName{ids[0], *number};
  }
  CAIRN_ASSIGN_OR_RETURN(const auto ids, ParseResourceName("name", name, "models/*/versions/*"));
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ids[0]).status());
  if (ids[1] != kLatestAlias) return ParseModelVersionName("name", name);
  CAIRN_ASSIGN_OR_RETURN(const VersionName latest, LatestThen(snapshot, ids[0], moment));
  if (latest.version != 0) return latest;
  return NotThere(ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion", name, moment);
}

}  // namespace

absl::StatusOr<ModelVersion> GetPastVersion(const Snapshot& snapshot, std::string_view asked,
                                            const Moment& moment) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ResolveThen(snapshot, asked, moment));
  const std::string resource = ModelVersionName(name.parent_id, name.version);
  CAIRN_ASSIGN_OR_RETURN(auto sealed, ReadSealed(snapshot, name));
  CAIRN_ASSIGN_OR_RETURN(const StateThen state, ReadState(snapshot, name, moment));
  if (!sealed && !state.deleted) {
    CAIRN_ASSIGN_OR_RETURN(const auto later, NextImage(snapshot, resource, moment));
    if (later || state.is_told) return DeletedSince(resource, moment);
  }
  if (!sealed || state.deleted ||
      !WasThere(moment, sealed->create_revision, sealed->value.version().create_time())) {
    return NotThere(ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion", resource, moment);
  }
  ModelVersion version = std::move(*sealed->value.mutable_version());
  version.set_etag(EtagOf(state.is_told ? state.revision : sealed->mod_revision));
  if (state.is_told) ApplyState(state.record, version);
  CAIRN_RETURN_IF_ERROR(AddAliases(snapshot, name, moment, version));
  return version;
}

}  // namespace cairn::registry
