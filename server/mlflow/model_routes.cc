#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/registry_calls.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

absl::Status ModelExists(const std::string& model) {
  return Refuse(kAlreadyExists, fmt::format("Registered Model (name={}) already exists.", model));
}

// The answer {"registered_model": …}, as the model is now.
Task<Reply> ModelReply(Session& session, std::string name) {
  const auto model = co_await GetModel(session, name);
  if (!model.ok()) co_return model.status();
  const auto versions = co_await ListVersions(session, name);
  if (!versions.ok()) co_return versions.status();
  const auto aliases = co_await ListAliases(session, name);
  if (!aliases.ok()) co_return aliases.status();
  const auto served = co_await ServedOf(session, name);
  if (!served.ok()) co_return served.status();
  JsonText json;
  json.Begin('{').Key("registered_model");
  WriteModel(*model, *versions, *served, *aliases, json);
  json.End('}');
  co_return json.Take();
}

Task<Reply> CreateModel(Session& session, const Fields& fields) {
  v1::CreateModelRequest create;
  const std::string name = fields.Required("name");
  create.mutable_model()->set_display_name(name);
  create.mutable_model()->set_description(fields.Text("description"));
  TakeTags(fields, *create.mutable_model()->mutable_tags());
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto made = co_await session.Call(session.rows().create_model, std::move(create));
  if (HasReason(made.status(), ErrorReason::MODEL_EXISTS)) co_return ModelExists(name);
  if (!made.ok()) co_return made.status();
  JsonText json;
  json.Begin('{').Key("registered_model");
  WriteModel(*made, {}, {}, {}, json);
  json.End('}');
  co_return json.Take();
}

Task<Reply> GetRegisteredModel(Session& session, const Fields& fields) {
  const std::string name = fields.Required("name");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await ModelReply(session, name);
}

// Names of models are what decisions, lineage and the audit cite, so they stay.
Task<Reply> RenameModel(Session& session, const Fields& fields) {
  const std::string name = fields.Required("name");
  const std::string new_name = fields.Required("new_name");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto model = co_await GetModel(session, name);
  if (!model.ok()) co_return model.status();
  if (name == new_name) co_return co_await ModelReply(session, name);
  const auto other = co_await GetModel(session, new_name);
  if (other.ok()) co_return ModelExists(new_name);
  co_return Refuse(kNotImplemented,
                   "A registered model keeps its name here, because decisions and lineage name it. "
                   "Create a model with the new name and copy its versions there "
                   "(copy_model_version).");
}

Task<Reply> Change(Session& session, std::string name, v1::UpdateModelRequest update) {
  update.mutable_model()->set_name(ModelName(name));
  const auto changed = co_await session.Call(session.rows().update_model, std::move(update));
  if (!changed.ok()) co_return ErrorOfModel(name, changed.status());
  co_return std::string(kEmptyReply);
}

Task<Reply> UpdateModel(Session& session, const Fields& fields) {
  v1::UpdateModelRequest update;
  const std::string name = fields.Required("name");
  update.mutable_model()->set_description(fields.Text("description"));
  update.mutable_update_mask()->add_paths("description");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto changed = co_await Change(session, name, std::move(update));
  if (!changed.ok()) co_return changed.status();
  co_return co_await ModelReply(session, name);
}

Task<Reply> SetModelTag(Session& session, const Fields& fields) {
  v1::UpdateModelRequest update;
  const std::string name = fields.Required("name");
  const std::string key = RequiredTagKey(fields);
  (*update.mutable_model()->mutable_tags())[key] = fields.Text("value");
  update.mutable_update_mask()->add_paths("tags." + key);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await Change(session, name, std::move(update));
}

Task<Reply> DeleteModelTag(Session& session, const Fields& fields) {
  v1::UpdateModelRequest update;
  const std::string name = fields.Required("name");
  update.mutable_update_mask()->add_paths("tags." + RequiredTagKey(fields));
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return co_await Change(session, name, std::move(update));
}

Task<Reply> DeleteModel(Session& session, const Fields& fields) {
  v1::DeleteModelRequest change;
  const std::string name = fields.Required("name");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  change.set_name(ModelName(name));
  const auto deleted = co_await session.Call(session.rows().delete_model, std::move(change));
  if (HasReason(deleted.status(), ErrorReason::HAS_CHILDREN)) {
    co_return Refuse(
        kInvalidParameter,
        fmt::format("The registered model {} has versions, or had some: it stays, so that no other "
                    "version ever gets a name that a decision cites. Delete its versions one by "
                    "one instead.",
                    name));
  }
  if (!deleted.ok()) co_return ErrorOfModel(name, deleted.status());
  co_return std::string(kEmptyReply);
}

// The stages that are asked for; all if none is.
std::vector<std::string_view> StagesOf(const Fields& fields) {
  std::vector<std::string_view> stages;
  for (const std::string& text : fields.Texts("stages")) {
    const auto stage = StageNamed(text);
    if (stage.has_value()) {
      stages.push_back(*stage);
    } else {
      fields.Refuse(Refuse(kInvalidParameter,
                           fmt::format("Invalid Model Version stage: {}. It must be one of None, "
                                       "Staging, Production and Archived.",
                                       Shortened(text, 100))));
    }
  }
  if (stages.empty()) stages = {kNoStage, kStaging, kProduction, kArchived};
  return stages;
}

Task<Reply> GetLatestVersions(Session& session, const Fields& fields) {
  const std::string name = fields.Required("name");
  const std::vector<std::string_view> stages = StagesOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto versions = co_await ListVersions(session, name);
  if (!versions.ok()) co_return versions.status();
  const auto served = co_await ServedOf(session, name);
  if (!served.ok()) co_return served.status();
  const auto latest = LatestOf(*versions, *served);
  JsonText found;
  for (const std::string_view stage : stages) {
    const auto version = latest.find(stage);
    if (version == latest.end()) continue;
    WriteVersion(*version->second, *served, /*with_aliases=*/false, found);
  }
  JsonText json;
  json.Begin('{');
  if (found.size() > 0) json.Key("model_versions").Begin('[').Json(found.Take()).End(']');
  json.End('}');
  co_return json.Take();
}

}  // namespace

std::vector<RouteRow> ModelRoutes() {
  return {
      {"POST", "/registered-models/create", CreateModel},
      {"GET", "/registered-models/get", GetRegisteredModel},
      {"POST", "/registered-models/rename", RenameModel},
      {"PATCH", "/registered-models/update", UpdateModel},
      {"DELETE", "/registered-models/delete", DeleteModel},
      {"POST", "/registered-models/set-tag", SetModelTag},
      {"DELETE", "/registered-models/delete-tag", DeleteModelTag},
      {"POST", "/registered-models/get-latest-versions", GetLatestVersions},
      {"GET", "/registered-models/get-latest-versions", GetLatestVersions},
  };
}

}  // namespace cairn::mlflow
