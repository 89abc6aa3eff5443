#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/core/limits.h"
#include "server/mlflow/artifact_path.h"
#include "server/mlflow/artifact_tree.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/logged_model_calls.h"
#include "server/mlflow/made_up_name.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/run_state.h"

namespace cairn::mlflow {
namespace {

using gateway::JsonText;

std::string ReplyOfModel(const v1::Run& model) {
  JsonText json;
  json.Begin('{').Key("model");
  WriteLoggedModel(model, json);
  json.End('}');
  return json.Take();
}

// A name becomes a part of paths that clients make.
void CheckModelName(const Fields& fields, const std::string& name) {
  if (name.find_first_of("/:.%\"'") == std::string::npos) return;
  fields.Refuse(Refuse(
      kInvalidParameter,
      fmt::format("Invalid model name ('{}') provided. Model name must be a non-empty string and "
                  "cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
                  Shortened(name, 200))));
}

using Pairs = google::protobuf::Map<std::string, std::string>;

void TakePairs(const Fields& fields, std::string_view list, size_t most_value_bytes, Pairs& pairs) {
  for (const Fields& pair : fields.Items(list)) {
    pairs[pair.Required("key")] = Truncated(pair.Text("value"), most_value_bytes);
  }
}

v1::CreateRunRequest CreationOf(const Fields& fields) {
  v1::CreateRunRequest create;
  create.set_parent("experiments/" + fields.RequiredId("experiment_id"));
  v1::Run& model = *create.mutable_run();
  model.set_kind(v1::Run::LOGGED_MODEL);
  const std::string name = fields.Text("name");
  CheckModelName(fields, name);
  model.set_display_name(name.empty() ? MadeUpName() : name);
  TakePairs(fields, "params", limits::kParamValueBytes, *model.mutable_params());
  TakePairs(fields, "tags", limits::kRunTagValueBytes, *model.mutable_tags());
  const std::string type = fields.Text("model_type");
  if (!type.empty()) (*model.mutable_tags())[std::string(kModelTypeTag)] = type;
  // Nobody logs to it while its files come, however long that takes.
  model.mutable_lease_duration()->set_seconds(0);
  return create;
}

// A run that is not here, or deleted, is kept as text: what a client says of its model is not lost.
Task<Reply> CreateLoggedModel(Session& session, const Fields& fields) {
  v1::CreateRunRequest create = CreationOf(fields);
  const std::string experiment = fields.RequiredId("experiment_id");
  const std::string source = fields.Text("source_run_id");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  if (!source.empty()) {
    const auto run = co_await session.GetRun(source);
    if (run.ok() && !run->has_delete_time()) {
      create.mutable_run()->set_parent_run(run->name());
    } else {
      (*create.mutable_run()->mutable_tags())[std::string(kSourceRunTag)] = source;
    }
  }
  const auto made = co_await session.Call(session.rows().create_run, std::move(create));
  if (!made.ok()) co_return ErrorOfNewRun(experiment, made.status());
  co_return ReplyOfModel(*made);
}

Task<Reply> GetModelById(Session& session, const Fields& fields) {
  const std::string id = fields.Required("model_id");
  const bool show_deleted = fields.Bool("allow_deleted");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto model = co_await GetLoggedModel(session, id, show_deleted);
  if (!model.ok()) co_return model.status();
  co_return ReplyOfModel(*model);
}

v1::Run::State RequiredStatus(const Fields& fields) {
  const std::string status = fields.RequiredId("status");  // by name or number
  const auto state = FinalStateOf(status);
  if (!state.has_value()) {
    fields.Refuse(
        InvalidText(status, "status", "must be LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED"));
  }
  return state.value_or(v1::Run::SUCCEEDED);
}

// A model whose upload failed may become ready after all, and the other way round.
Task<Reply> FinalizeModel(Session& session, const Fields& fields) {
  const std::string id = fields.Required("model_id");
  const v1::Run::State state = RequiredStatus(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto model = co_await GetLoggedModel(session, id);
  if (!model.ok()) co_return model.status();
  const auto finished = co_await ChangeRunState(session, *model, state, std::nullopt);
  if (!finished.ok()) co_return ErrorOfLoggedModel(id, finished.status());
  co_return ReplyOfModel(*finished);
}

Task<Reply> DeleteModelById(Session& session, const Fields& fields) {
  const std::string id = fields.Required("model_id");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto model = co_await GetLoggedModel(session, id);
  if (!model.ok()) co_return model.status();
  v1::DeleteRunRequest change;
  change.set_name(model->name());
  const auto deleted = co_await session.Call(session.rows().delete_run, std::move(change));
  if (!deleted.ok()) co_return ErrorOfLoggedModel(id, deleted.status());
  co_return std::string(kEmptyReply);
}

Task<Reply> LogPairs(Session& session, const Fields& fields, const char* list,
                     size_t most_value_bytes, Pairs* (v1::LogBatchRequest::*pairs_of)()) {
  const std::string id = fields.Required("model_id");
  ModelBatches batches;
  TakePairs(fields, list, most_value_bytes, *(batches[id].*pairs_of)());
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_RETURN_IF_ERROR(
      co_await LogToModels(session, std::move(batches), MissingModels::kRefuse));
  co_return std::string(kEmptyReply);
}

Task<Reply> SetModelTags(Session& session, const Fields& fields) {
  return LogPairs(session, fields, "tags", limits::kRunTagValueBytes,
                  &v1::LogBatchRequest::mutable_tags);
}

Task<Reply> LogModelParams(Session& session, const Fields& fields) {
  return LogPairs(session, fields, "params", limits::kParamValueBytes,
                  &v1::LogBatchRequest::mutable_params);
}

Task<Reply> DeleteModelTag(Session& session, const Fields& fields) {
  const std::string id = fields.Required("model_id");
  const std::string key = fields.Required("tag_key");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto model = co_await GetLoggedModel(session, id);
  if (!model.ok()) co_return model.status();
  if (!model->tags().contains(key)) {
    co_return Refuse(kNotExists, fmt::format("No tag with key '{}' found for model with ID '{}'.",
                                             Shortened(key, 100), id));
  }
  v1::UpdateRunRequest update;
  update.mutable_run()->set_name(model->name());
  update.mutable_update_mask()->add_paths("tags." + key);
  const auto changed = co_await session.Call(session.rows().update_run, std::move(update));
  if (!changed.ok()) co_return ErrorOfLoggedModel(id, changed.status());
  co_return std::string(kEmptyReply);
}

Task<Reply> ListModelDirectory(Session& session, const Fields& fields) {
  const std::string id = fields.Required("model_id");
  const auto directory = ArtifactPathOf(fields.Text("artifact_directory_path"));
  if (!directory.ok()) fields.Refuse(directory.status());
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto model = co_await GetLoggedModel(session, id);
  if (!model.ok()) co_return model.status();
  const auto entries = co_await ListDirectory(session, model->name(), *directory);
  if (!entries.ok()) co_return ErrorOfLoggedModel(id, entries.status());
  JsonText json;
  json.Begin('{').Key("root_uri").Text(ModelArtifactUriOf(*model));
  WriteFiles(*entries, 0, json);
  json.End('}');
  co_return json.Take();
}

}  // namespace

std::vector<RouteRow> LoggedModelRoutes() {
  return {
      {"POST", "/logged-models", CreateLoggedModel, /*makes=*/true},
      {"GET", "/logged-models/{model_id}", GetModelById},
      {"PATCH", "/logged-models/{model_id}", FinalizeModel},
      {"DELETE", "/logged-models/{model_id}", DeleteModelById},
      {"PATCH", "/logged-models/{model_id}/tags", SetModelTags},
      {"DELETE", "/logged-models/{model_id}/tags/{tag_key}", DeleteModelTag},
      {"POST", "/logged-models/{model_id}/params", LogModelParams},
      {"GET", "/logged-models/{model_id}/artifacts/directories", ListModelDirectory},
  };
}

}  // namespace cairn::mlflow
