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
#include "server/registry/aliases.h"
#include "server/registry/annotations.h"
#include "server/registry/limits.h"
#include "server/registry/past.h"
#include "server/registry/version_past.h"
#include "server/registry/version_state.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::registry {
namespace {

using cairn::internal::ChannelRecord;
using cairn::internal::ModelRecord;
using cairn::internal::ModelVersionRecord;
using cairn::v1::Channel;
using cairn::v1::Model;
using cairn::v1::ModelVersion;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr std::string_view kAnyModel = "models/-";

Model ToResource(Stored<ModelRecord> stored) {
  Model model = std::move(*stored.value.mutable_model());
  model.set_etag(EtagOf(stored.mod_revision));
  return model;
}

Channel ToResource(Stored<ChannelRecord> stored) {
  Channel channel = std::move(*stored.value.mutable_channel());
  channel.set_etag(EtagOf(stored.mod_revision));
  return channel;
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

}  // namespace

absl::StatusOr<VersionName> ResolveModelVersion(const Snapshot& snapshot, std::string_view field,
                                                std::string_view name) {
  if (name.find("/aliases/") != std::string_view::npos) {
    return VersionOfAlias(snapshot, field, name);
  }
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "models/*/versions/*"));
  CAIRN_ASSIGN_OR_RETURN(const auto model, ReadModel(snapshot, ids[0]));
  if (ids[1] == kLatestAlias) return VersionName{ids[0], model.value.model().latest_version()};
  return ParseModelVersionName(field, name);
}

std::string VersionsCollection(std::string_view model) { return ModelName(model) + "/versions"; }

Model NewModel(std::string_view name, int64_t now_unix_nanos) {
  Model model;
  model.set_name(ModelName(name));
  model.set_display_name(std::string(name));
  *model.mutable_create_time() = ToTimestamp(now_unix_nanos);
  *model.mutable_update_time() = model.create_time();
  return model;
}

int64_t LastNumberOf(const ModelRecord& record) {
  return std::max(record.last_number(), record.model().latest_version());
}

std::string ModelPayload(Model model, int64_t last_number) {
  model.clear_etag();
  ModelRecord record;
  record.set_last_number(last_number);
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
  CAIRN_RETURN_IF_ERROR(AddState(snapshot, model, version, *stored));
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
  CAIRN_ASSIGN_OR_RETURN(const VersionName name,
                         ResolveModelVersion(snapshot, "name", request.name()));
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
            failure = name.status();
            if (name.ok()) failure = AddState(snapshot, model, name->version, stored);
            if (!failure.ok()) return false;
            *response.add_model_versions() = ToResource(std::move(stored), name->version, aliases);
            return true;
          }));
  CAIRN_RETURN_IF_ERROR(failure);
  return response;
}

absl::StatusOr<Channel> GetChannel(const Snapshot& snapshot,
                                   const cairn::v1::GetChannelRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const auto moment, MomentOf(snapshot, request));
  CAIRN_ASSIGN_OR_RETURN(
      auto stored, ReadAsOf<ChannelRecord>(snapshot, storage::ChannelKey(ref.model, ref.channel),
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
  CAIRN_RETURN_IF_ERROR(CheckAnnotations("model", AnnotationsOf(request.model())));
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

absl::StatusOr<Plan> PlanUpdateModel(const Snapshot& snapshot,
                                     const cairn::v1::UpdateModelRequest& request,
                                     int64_t now_unix_nanos) {
  const std::string& full_name = request.model().name();
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseModelName("model.name", full_name));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadModel(snapshot, name));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(full_name, request.model().etag(), stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(Annotations changed, UpdatedAnnotations("model", stored.value.model(),
                                                                 request.model(), request));
  if (changed == AnnotationsOf(stored.value.model())) {
    return storage::AnswerOnly(ToResource(std::move(stored)));
  }
  Model model = stored.value.model();
  Annotate(std::move(changed), model);
  *model.mutable_update_time() = ToTimestamp(now_unix_nanos);
  const storage::Key key = storage::ModelKey(name);
  WriteSet write_set;
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, ModelPayload(model, stored.value.last_number()))
      .Emit(cairn::v1::Event::MODEL_UPDATED, model);
  return storage::MakePlan(std::move(write_set), std::move(model));
}

absl::StatusOr<Plan> PlanDeleteModel(const Snapshot& snapshot,
                                     const cairn::v1::DeleteModelRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseModelName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadModel(snapshot, name));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored.mod_revision));
  const int64_t last_number = LastNumberOf(stored.value);
  if (last_number > 0) {
    const std::string count = std::to_string(last_number);
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::HAS_CHILDREN,
                 fmt::format("{} has or had {} versions, whose names are not given again",
                             request.name(), count))
        .With("model", request.name())
        .With("versionCount", count)
        .Precondition("CHILDREN", request.name(), "has or had versions")
        .ToStatus();
  }
  WriteSet write_set;
  write_set.RequireRevision(storage::ModelKey(name), stored.mod_revision)
      .Delete(storage::ModelKey(name))
      .Emit(request.name(), cairn::v1::Event::MODEL_DELETED)
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

}  // namespace cairn::registry
