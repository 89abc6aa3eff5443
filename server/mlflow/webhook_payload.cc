#include "server/mlflow/webhook_payload.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "cairn/v1/events.pb.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "server/mlflow/prompt.h"
#include "server/mlflow/registry_entities.h"
#include "server/registry/past.h"
#include "server/registry/version_past.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::mlflow {
namespace {

using webhooks::Action;
using webhooks::Entity;
using webhooks::Message;
using Data = nlohmann::ordered_json;
using TagMap = std::map<std::string, std::string>;
using ProtoTags = google::protobuf::Map<std::string, std::string>;
using Messages = std::vector<Message>;

constexpr const char* kExample = "example_model";

// Tags of prompts that say what they are, and no more.
constexpr std::array<std::string_view, 3> kPromptMarks = {kIsPromptTag, kPromptTextTag,
                                                          "_mlflow_prompt_type"};

Data OrNull(const std::string& text) { return text.empty() ? Data(nullptr) : Data(text); }

TagMap ShownTags(const ProtoTags& tags) {
  TagMap shown;
  const bool of_prompt = IsPrompt(tags);
  for (const auto& [key, value] : tags) {
    const bool is_mark =
        of_prompt && std::find(kPromptMarks.begin(), kPromptMarks.end(), key) != kPromptMarks.end();
    if (!IsOwnTag(key) && !is_mark) shown.emplace(key, value);
  }
  return shown;
}

Message MessageOf(Entity entity, Action action, const Data& data) {
  return {{entity, action}, data.dump(-1, ' ', false, Data::error_handler_t::replace)};
}

Data ObjectOf(const TagMap& tags) {
  Data object = Data::object();
  for (const auto& [key, value] : tags) object[key] = value;
  return object;
}

Message CreatedModel(const std::string& name, const v1::Model& model) {
  Data data;
  data["name"] = name;
  data["tags"] = ObjectOf(ShownTags(model.tags()));
  data["description"] = OrNull(model.description());
  return MessageOf(IsPrompt(model.tags()) ? Entity::kPrompt : Entity::kRegisteredModel,
                   Action::kCreated, data);
}

Message CreatedVersion(const v1::ModelVersion& version) {
  Data data;
  const bool of_prompt = IsPrompt(version.tags());
  data["name"] = ModelOf(version);
  data["version"] = std::string(NumberTextOf(version));
  if (of_prompt) {
    data["template"] = OrNull(PromptTextOf(version.tags()));
  } else {
    data["source"] = SourceOf(version);
    data["run_id"] = OrNull(RunIdOf(version));
  }
  data["tags"] = ObjectOf(ShownTags(version.tags()));
  data["description"] = OrNull(version.description());
  return MessageOf(of_prompt ? Entity::kPromptVersion : Entity::kModelVersion, Action::kCreated,
                   data);
}

Message ChangedTag(Entity entity, const std::string& model, const std::string& version,
                   const std::string& key, const std::string* value) {
  Data data;
  data["name"] = model;
  data["version"] = version;
  data["key"] = key;
  if (value != nullptr) data["value"] = *value;
  return MessageOf(entity, value != nullptr ? Action::kSet : Action::kDeleted, data);
}

Message ChangedAlias(Entity entity, const std::string& model, const std::string& alias,
                     int64_t version) {
  Data data;
  data["name"] = model;
  data["alias"] = alias;
  if (version != 0) data["version"] = std::to_string(version);
  return MessageOf(entity, version != 0 ? Action::kCreated : Action::kDeleted, data);
}

// As a commit left it; nullopt if it was deleted since.
absl::StatusOr<std::optional<v1::ModelVersion>> VersionAt(const storage::Snapshot& snapshot,
                                                          const std::string& name,
                                                          storage::Revision revision) {
  CAIRN_ASSIGN_OR_RETURN(const auto moment, registry::FindMoment(snapshot, revision, nullptr));
  auto version = registry::GetPastVersion(snapshot, name, *moment);
  const bool is_gone =
      HasReason(version.status(), ErrorReason::PAST_NOT_KEPT) || absl::IsNotFound(version.status());
  if (is_gone) return std::optional<v1::ModelVersion>();
  CAIRN_RETURN_IF_ERROR(version.status());
  return std::make_optional(*std::move(version));
}

absl::StatusOr<std::optional<v1::Model>> ModelNow(const storage::Snapshot& snapshot,
                                                  const std::string& model) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<cairn::internal::ModelRecord>(
                                          snapshot, storage::ModelKey(model)));
  if (!stored.has_value()) return std::optional<v1::Model>();
  return std::make_optional(std::move(*stored->value.mutable_model()));
}

absl::StatusOr<Messages> OfModel(const storage::Snapshot& snapshot,
                                 const storage::StoredEvent& event, v1::Event image) {
  CAIRN_ASSIGN_OR_RETURN(const auto ids,
                         ParseResourceName("name", event.event.resource, "models/*"));
  std::optional<v1::Model> model;
  if (image.has_model()) model = std::move(*image.mutable_model());
  if (!model.has_value()) {  // too large for its event
    CAIRN_ASSIGN_OR_RETURN(model, ModelNow(snapshot, ids[0]));
  }
  if (!model.has_value()) return Messages();
  return Messages{CreatedModel(ids[0], *model)};
}

absl::StatusOr<Messages> OfVersion(const storage::Snapshot& snapshot,
                                   const storage::StoredEvent& event, v1::Event image) {
  std::optional<v1::ModelVersion> version;
  if (image.has_model_version()) version = std::move(*image.mutable_model_version());
  if (!version.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(version, VersionAt(snapshot, event.event.resource, event.revision));
  }
  if (!version.has_value()) return Messages();
  version->set_name(event.event.resource);
  if (event.event.kind == v1::Event::MODEL_VERSION_CREATED) {
    return Messages{CreatedVersion(*version)};
  }
  CAIRN_ASSIGN_OR_RETURN(const auto before,
                         VersionAt(snapshot, event.event.resource, event.revision - 1));
  return TagMessages(*version, before.has_value() ? ShownTags(before->tags()) : TagMap());
}

absl::StatusOr<Messages> OfAlias(const storage::Snapshot& snapshot,
                                 const storage::StoredEvent& event, const v1::Event& image) {
  CAIRN_ASSIGN_OR_RETURN(const auto ids,
                         ParseResourceName("name", event.event.resource, "models/*/aliases/*"));
  CAIRN_ASSIGN_OR_RETURN(const auto model, ModelNow(snapshot, ids[0]));
  const bool of_prompt = model.has_value() && IsPrompt(model->tags());
  const bool deleted = event.event.kind == v1::Event::ALIAS_DELETED;
  return Messages{ChangedAlias(of_prompt ? Entity::kPromptAlias : Entity::kModelVersionAlias,
                               ids[0], ids[1], deleted ? 0 : image.alias().version())};
}

}  // namespace

std::vector<Message> TagMessages(const v1::ModelVersion& version, const TagMap& before) {
  const TagMap now = ShownTags(version.tags());
  const std::string number(NumberTextOf(version));
  const Entity entity =
      IsPrompt(version.tags()) ? Entity::kPromptVersionTag : Entity::kModelVersionTag;
  Messages messages;
  for (const auto& [key, value] : now) {
    const auto old = before.find(key);
    if (old != before.end() && old->second == value) continue;
    messages.push_back(ChangedTag(entity, ModelOf(version), number, key, &value));
  }
  for (const auto& [key, value] : before) {
    if (now.count(key) != 0) continue;
    messages.push_back(ChangedTag(entity, ModelOf(version), number, key, nullptr));
  }
  return messages;
}

absl::StatusOr<std::vector<Message>> MessagesOf(const storage::Snapshot& snapshot,
                                                const storage::StoredEvent& event) {
  v1::Event image;
  if (!image.ParseFromString(event.event.image)) {
    return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
                 "the event's image cannot be parsed")
        .ToStatus();
  }
  switch (event.event.kind) {
    case v1::Event::MODEL_CREATED:
      return OfModel(snapshot, event, std::move(image));
    case v1::Event::MODEL_VERSION_CREATED:
    case v1::Event::MODEL_VERSION_UPDATED:
      return OfVersion(snapshot, event, std::move(image));
    case v1::Event::ALIAS_SET:
    case v1::Event::ALIAS_DELETED:
      return OfAlias(snapshot, event, image);
    default:
      return Messages();
  }
}

Message ExampleOf(const webhooks::Topic& topic) {
  const std::string value = "example_value";
  ProtoTags tags;
  tags["example_key"] = value;
  if (topic.entity == Entity::kPrompt || topic.entity == Entity::kPromptVersion) {
    tags[std::string(kIsPromptTag)] = "true";
    tags[std::string(kPromptTextTag)] = "Hello {{name}}!";
  }
  switch (topic.entity) {
    case Entity::kRegisteredModel:
    case Entity::kPrompt: {
      v1::Model model;
      model.set_description("An example");
      *model.mutable_tags() = std::move(tags);
      return CreatedModel(kExample, model);
    }
    case Entity::kModelVersion:
    case Entity::kPromptVersion: {
      v1::ModelVersion version;
      version.set_name(ResourceName({"models", kExample, "versions", "1"}));
      version.set_description("An example");
      *version.mutable_tags() = std::move(tags);
      return CreatedVersion(version);
    }
    case Entity::kModelVersionTag:
    case Entity::kPromptVersionTag:
      return ChangedTag(topic.entity, kExample, "1", "example_key",
                        topic.action == Action::kSet ? &value : nullptr);
    case Entity::kModelVersionAlias:
    case Entity::kPromptAlias:
      break;
  }
  return ChangedAlias(topic.entity, kExample, "example_alias",
                      topic.action == Action::kCreated ? 1 : 0);
}

}  // namespace cairn::mlflow
