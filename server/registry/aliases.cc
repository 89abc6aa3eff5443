#include "server/registry/aliases.h"

#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/alias_names.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/registry/version_uses.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::AliasRecord;
using cairn::v1::Alias;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr AliasRules kAliasRules = {
    .field = "alias.name", .max_bytes = kMaxNameBytes, .leading_dash = true};

struct AliasRef {
  std::string model;
  std::string alias;
};

absl::StatusOr<AliasRef> ParseAliasName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "models/*/aliases/*"));
  return AliasRef{ids[0], ids[1]};
}

Alias ToResource(Stored<AliasRecord> stored) {
  Alias alias = std::move(*stored.value.mutable_alias());
  alias.set_etag(EtagOf(stored.mod_revision));
  return alias;
}

// ABORTED unless the alias points where the caller believes; `current` is 0 where there is none.
absl::Status CheckExpected(const cairn::v1::SetAliasRequest& request, int64_t current) {
  if (!request.has_expected_version() || request.expected_version() == current) {
    return absl::OkStatus();
  }
  const std::string& alias = request.alias().name();
  const auto text = [](int64_t number) {
    return number == 0 ? std::string("nothing") : fmt::format("version {}", number);
  };
  return Error(absl::StatusCode::kAborted, ErrorReason::ALIAS_MOVED,
               fmt::format("{} points at {}, not at {}", alias, text(current),
                           text(request.expected_version())))
      .With("alias", alias)
      .With("expectedVersion", std::to_string(request.expected_version()))
      .With("currentVersion", std::to_string(current));
}

}  // namespace

absl::StatusOr<AliasesByNumber> AliasesByVersion(const Snapshot& snapshot, std::string_view model) {
  AliasesByNumber aliases;
  absl::Status failure;
  const storage::Key prefix = storage::AliasPrefix(model);
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<AliasRecord>(
      snapshot, KeyRange::Prefix(prefix), ScanOrder::kAscending,
      [&](std::string_view key, const auto& stored) {
        auto alias = storage::LastStringOf(prefix, key);
        failure = alias.status();
        if (alias.ok()) aliases.emplace(stored.value.alias().version(), *std::move(alias));
        return failure.ok();
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return aliases;
}

absl::StatusOr<VersionName> VersionOfAlias(const Snapshot& snapshot, std::string_view field,
                                           std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(const AliasRef ref, ParseAliasName(field, name));
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ref.model).status());
  CAIRN_ASSIGN_OR_RETURN(const auto alias, storage::ReadRecord<AliasRecord>(
                                               snapshot, storage::AliasKey(ref.model, ref.alias)));
  if (!alias.has_value()) {
    return NotFound(ErrorReason::ALIAS_NOT_FOUND, "Alias", name).ToStatus();
  }
  return VersionName{ref.model, alias->value.alias().version()};
}

absl::StatusOr<cairn::v1::ListAliasesResponse> ListAliases(
    const Snapshot& snapshot, const cairn::v1::ListAliasesRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("parent", request.parent(), "models/*"));
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ids[0]).status());
  cairn::v1::ListAliasesResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         storage::ListPage<AliasRecord>(
                             snapshot, request, KeyRange::Prefix(storage::AliasPrefix(ids[0])),
                             ScanOrder::kAscending, {}, [&](std::string_view, auto stored) {
                               *response.add_aliases() = ToResource(std::move(stored));
                               return true;
                             }));
  return response;
}

absl::StatusOr<Plan> PlanSetAlias(const Snapshot& snapshot,
                                  const cairn::v1::SetAliasRequest& request,
                                  const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(const AliasRef ref, ParseAliasName("alias.name", request.alias().name()));
  CAIRN_RETURN_IF_ERROR(ValidateAlias(ref.alias, kAliasRules));
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ref.model).status());
  CAIRN_RETURN_IF_ERROR(ReadModelVersion(snapshot, ref.model, request.alias().version()).status());
  const storage::Key key = storage::AliasKey(ref.model, ref.alias);
  CAIRN_ASSIGN_OR_RETURN(const auto current, storage::ReadRecord<AliasRecord>(snapshot, key));
  const storage::Revision read_at = current.has_value() ? current->mod_revision : 0;
  CAIRN_RETURN_IF_ERROR(
      CheckExpected(request, current.has_value() ? current->value.alias().version() : 0));
  if (!request.alias().etag().empty()) {
    CAIRN_RETURN_IF_ERROR(
        storage::CheckEtag(request.alias().name(), request.alias().etag(), read_at));
  }
  Alias alias;
  alias.set_name(AliasName(ref.model, ref.alias));
  alias.set_version(request.alias().version());
  *alias.mutable_update_time() = ToTimestamp(stamp.unix_nanos);
  alias.set_principal(stamp.principal);
  AliasRecord record;
  *record.mutable_alias() = alias;
  WriteSet write_set;
  write_set.RequireRevision(key, read_at)
      .PutRecord(key, record.SerializeAsString())
      .Emit(cairn::v1::Event::ALIAS_SET, alias)
      .Audit(cairn::v1::Event::ALIAS_SET, alias.name(), record.SerializeAsString());
  UseModelVersion({ref.model, alias.version()}, write_set);
  return storage::MakePlan(std::move(write_set), std::move(alias));
}

absl::StatusOr<Plan> PlanDeleteAlias(const Snapshot& snapshot,
                                     const cairn::v1::DeleteAliasRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const AliasRef ref, ParseAliasName("name", request.name()));
  const storage::Key key = storage::AliasKey(ref.model, ref.alias);
  CAIRN_ASSIGN_OR_RETURN(const auto current, storage::ReadRecord<AliasRecord>(snapshot, key));
  if (!current.has_value()) {
    return NotFound(ErrorReason::ALIAS_NOT_FOUND, "Alias", request.name()).ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), current->mod_revision));
  WriteSet write_set;
  write_set.RequireRevision(key, current->mod_revision)
      .Delete(key)
      .Emit(request.name(), cairn::v1::Event::ALIAS_DELETED)
      .Audit(cairn::v1::Event::ALIAS_DELETED, AliasName(ref.model, ref.alias), "")
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

}  // namespace cairn::registry
