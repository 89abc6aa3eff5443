#include "server/registry/models.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/alias_names.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/limits.h"
#include "server/registry/past.h"
#include "server/registry/version_past.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::registry {
namespace {

using cairn::internal::AliasRecord;
using cairn::internal::ChannelRecord;
using cairn::internal::ModelRecord;
using cairn::internal::ModelVersionRecord;
using cairn::v1::Alias;
using cairn::v1::Channel;
using cairn::v1::Model;
using cairn::v1::ModelVersion;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr int kMaxTags = 1000;
constexpr std::string_view kAnyModel = "models/-";

Model ToResource(Stored<ModelRecord> stored) {
  Model model = std::move(*stored.value.mutable_model());
  model.set_etag(EtagOf(stored.mod_revision));
  return model;
}

Alias ToResource(Stored<AliasRecord> stored) {
  Alias alias = std::move(*stored.value.mutable_alias());
  alias.set_etag(EtagOf(stored.mod_revision));
  return alias;
}

Channel ToResource(Stored<ChannelRecord> stored) {
  Channel channel = std::move(*stored.value.mutable_channel());
  channel.set_etag(EtagOf(stored.mod_revision));
  return channel;
}

// The aliases of a model by the version they point at.
absl::StatusOr<std::multimap<int64_t, std::string>> AliasesByVersion(const Snapshot& snapshot,
                                                                     std::string_view model) {
  std::multimap<int64_t, std::string> aliases;
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

ModelVersion ToResource(Stored<ModelVersionRecord> stored, int64_t number,
                        const std::multimap<int64_t, std::string>& aliases) {
  ModelVersion version = std::move(*stored.value.mutable_version());
  version.set_etag(EtagOf(stored.mod_revision));
  const auto [begin, end] = aliases.equal_range(number);
  for (auto it = begin; it != end; ++it) version.add_aliases(it->second);
  return version;
}

absl::StatusOr<std::string> ParseModelName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "models/*"));
  return ids[0];
}

struct AliasRef {
  std::string model;
  std::string alias;
};

absl::StatusOr<AliasRef> ParseAliasName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "models/*/aliases/*"));
  return AliasRef{ids[0], ids[1]};
}

constexpr AliasRules kAliasRules = {
    .field = "alias.name", .max_bytes = kMaxNameBytes, .leading_dash = true};

// The number that `models/m/versions/{number or latest}` or an alias stands for.
absl::StatusOr<VersionName> ResolveVersion(const Snapshot& snapshot, std::string_view name) {
  if (name.find("/aliases/") != std::string_view::npos) {
    CAIRN_ASSIGN_OR_RETURN(const AliasRef ref, ParseAliasName("name", name));
    CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ref.model).status());
    CAIRN_ASSIGN_OR_RETURN(
        const auto alias,
        storage::ReadRecord<AliasRecord>(snapshot, storage::AliasKey(ref.model, ref.alias)));
    if (!alias.has_value()) {
      return NotFound(ErrorReason::ALIAS_NOT_FOUND, "Alias", name).ToStatus();
    }
    return VersionName{ref.model, alias->value.alias().version()};
  }
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("name", name, "models/*/versions/*"));
  CAIRN_ASSIGN_OR_RETURN(const auto model, ReadModel(snapshot, ids[0]));
  if (ids[1] == kLatestAlias) return VersionName{ids[0], model.value.model().latest_version()};
  return ParseModelVersionName("name", name);
}

}  // namespace

std::string VersionsCollection(std::string_view model) { return ModelName(model) + "/versions"; }

Model NewModel(std::string_view name, int64_t now_unix_nanos) {
  Model model;
  model.set_name(ModelName(name));
  model.set_display_name(std::string(name));
  *model.mutable_create_time() = ToTimestamp(now_unix_nanos);
  *model.mutable_update_time() = model.create_time();
  return model;
}

std::string ModelPayload(Model model) {
  model.clear_etag();
  ModelRecord record;
  *record.mutable_model() = std::move(model);
  return record.SerializeAsString();
}

absl::StatusOr<Stored<ModelRecord>> ReadModel(const Snapshot& snapshot, std::string_view model) {
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<ModelRecord>(snapshot, storage::ModelKey(model)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::MODEL_NOT_FOUND, "Model", ModelName(model)).ToStatus();
  }
  return *std::move(stored);
}

absl::StatusOr<Stored<ModelVersionRecord>> ReadModelVersion(const Snapshot& snapshot,
                                                            std::string_view model,
                                                            int64_t version) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<ModelVersionRecord>(
                                          snapshot, storage::ModelVersionKey(model, version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion",
                    ModelVersionName(model, version))
        .ToStatus();
  }
  return *std::move(stored);
}

absl::StatusOr<Model> GetModel(const Snapshot& snapshot,
                               const cairn::v1::GetModelRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseModelName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadModel(snapshot, name));
  return ToResource(std::move(stored));
}

absl::StatusOr<cairn::v1::ListModelsResponse> ListModels(
    const Snapshot& snapshot, const cairn::v1::ListModelsRequest& request,
    const auth::Sight& sight) {
  cairn::v1::ListModelsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPageOf<ModelRecord>(
          snapshot, request, KeyRange::Prefix(storage::ModelPrefix()), ScanOrder::kAscending, {},
          [&](const ModelRecord& record) { return sight.Sees(record.model().name()); },
          [&](std::string_view, auto stored) {
            *response.add_models() = ToResource(std::move(stored));
            return true;
          }));
  return response;
}

absl::StatusOr<ModelVersion> GetModelVersion(const Snapshot& snapshot,
                                             const cairn::v1::GetModelVersionRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const auto moment, MomentOf(snapshot, request));
  if (moment) return GetPastVersion(snapshot, request.name(), *moment);
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ResolveVersion(snapshot, request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadModelVersion(snapshot, name.parent_id, name.version));
  CAIRN_ASSIGN_OR_RETURN(const auto aliases, AliasesByVersion(snapshot, name.parent_id));
  return ToResource(std::move(stored), name.version, aliases);
}

absl::StatusOr<cairn::v1::ListModelVersionsResponse> ListModelVersions(
    const Snapshot& snapshot, const cairn::v1::ListModelVersionsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string model, ParseModelName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, model).status());
  CAIRN_ASSIGN_OR_RETURN(const auto aliases, AliasesByVersion(snapshot, model));
  cairn::v1::ListModelVersionsResponse response;
  absl::Status failure;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<ModelVersionRecord>(
          snapshot, request, KeyRange::Prefix(storage::ModelVersionPrefix(model)),
          ScanOrder::kDescending, {}, [&](std::string_view, auto stored) {
            auto name = ParseModelVersionName("name", stored.value.version().name());
            if (!name.ok()) {
              failure = name.status();
              return false;
            }
            *response.add_model_versions() = ToResource(std::move(stored), name->version, aliases);
            return true;
          }));
  CAIRN_RETURN_IF_ERROR(failure);
  return response;
}

absl::StatusOr<cairn::v1::ListAliasesResponse> ListAliases(
    const Snapshot& snapshot, const cairn::v1::ListAliasesRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string model, ParseModelName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, model).status());
  cairn::v1::ListAliasesResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         storage::ListPage<AliasRecord>(
                             snapshot, request, KeyRange::Prefix(storage::AliasPrefix(model)),
                             ScanOrder::kAscending, {}, [&](std::string_view, auto stored) {
                               *response.add_aliases() = ToResource(std::move(stored));
                               return true;
                             }));
  return response;
}

absl::StatusOr<Channel> GetChannel(const Snapshot& snapshot,
                                   const cairn::v1::GetChannelRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const auto moment, MomentOf(snapshot, request));
  CAIRN_ASSIGN_OR_RETURN(
      auto stored,
      ReadAsOf<ChannelRecord>(snapshot, storage::ChannelKey(ref.model, ref.channel),
                              ChannelName(ref.model, ref.channel), moment));
  if (!stored.has_value()) {
    return NotThere(ErrorReason::CHANNEL_NOT_FOUND, "Channel", request.name(), moment);
  }
  return ToResource(*std::move(stored));
}

absl::StatusOr<cairn::v1::ListChannelsResponse> ListChannels(
    const Snapshot& snapshot, const cairn::v1::ListChannelsRequest& request,
    const auth::Sight& sight) {
  storage::Key prefix = storage::AllChannelsPrefix();
  if (request.parent() != kAnyModel) {
    CAIRN_ASSIGN_OR_RETURN(const std::string model, ParseModelName("parent", request.parent()));
    prefix = storage::ChannelPrefix(model);
  }
  cairn::v1::ListChannelsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPageOf<ChannelRecord>(
          snapshot, request, KeyRange::Prefix(prefix), ScanOrder::kAscending, {},
          [&](const ChannelRecord& record) { return sight.Sees(record.channel().name()); },
          [&](std::string_view, auto stored) {
            stored.value.mutable_channel()->clear_holds();
            *response.add_channels() = ToResource(std::move(stored));
            return true;
          }));
  return response;
}

absl::StatusOr<Plan> PlanCreateModel(const Snapshot& snapshot,
                                     const cairn::v1::CreateModelRequest& request,
                                     int64_t now_unix_nanos) {
  const std::string& name = request.model().display_name();
  CAIRN_RETURN_IF_ERROR(
      ValidateHumanName("model.display_name", name, kMaxNameBytes, /*allow_slash=*/false));
  if (request.model().description().size() > kMaxTextBytes ||
      request.model().tags().size() > kMaxTags) {
    return InvalidField(ErrorReason::VALUE_INVALID, "model", name,
                        fmt::format("must have at most {} bytes of description and {} tags",
                                    kMaxTextBytes, kMaxTags))
        .ToStatus();
  }
  for (const auto& [tag, value] : request.model().tags()) {
    CAIRN_RETURN_IF_ERROR(
        ValidateHumanName("model.tags key", tag, kMaxNameBytes, /*allow_slash=*/true));
  }
  const storage::Key key = storage::ModelKey(name);
  CAIRN_ASSIGN_OR_RETURN(const auto existing, snapshot.Get(key));
  if (existing.has_value()) {
    return Error(absl::StatusCode::kAlreadyExists, ErrorReason::MODEL_EXISTS,
                 fmt::format("model \"{}\" exists", name))
        .With("model", name)
        .Resource("Model", ModelName(name))
        .ToStatus();
  }
  Model model = NewModel(name, now_unix_nanos);
  model.set_description(request.model().description());
  *model.mutable_tags() = request.model().tags();
  WriteSet write_set;
  write_set.RequireAbsent(key)
      .PutRecord(key, ModelPayload(model))
      .Emit(cairn::v1::Event::MODEL_CREATED, model);
  return storage::MakePlan(std::move(write_set), std::move(model));
}

absl::StatusOr<Plan> PlanDeleteModel(const Snapshot& snapshot,
                                     const cairn::v1::DeleteModelRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseModelName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadModel(snapshot, name));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored.mod_revision));
  if (stored.value.model().latest_version() > 0) {
    const std::string count = std::to_string(stored.value.model().latest_version());
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::HAS_CHILDREN,
                 fmt::format("{} has {} versions, which are kept for ever", request.name(), count))
        .With("model", request.name())
        .With("versionCount", count)
        .Precondition("CHILDREN", request.name(), "has versions")
        .ToStatus();
  }
  WriteSet write_set;
  write_set.RequireRevision(storage::ModelKey(name), stored.mod_revision)
      .Delete(storage::ModelKey(name))
      .Emit(request.name(), cairn::v1::Event::MODEL_DELETED)
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
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
      .RequireExists(storage::ModelVersionKey(ref.model, alias.version()))
      .PutRecord(key, record.SerializeAsString())
      .Emit(cairn::v1::Event::ALIAS_SET, alias)
      .Audit(cairn::v1::Event::ALIAS_SET, alias.name(), record.SerializeAsString());
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
