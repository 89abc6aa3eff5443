#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "server/core/limits.h"
#include "server/mlflow/blob_batch.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"
#include "server/mlflow/logged_model_calls.h"
#include "server/mlflow/model_source.h"
#include "server/mlflow/pairs.h"
#include "server/mlflow/prompt.h"
#include "server/mlflow/registry_calls.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

// A version that is to be registered, as it was asked for.
struct Registration {
  std::string model;
  std::string source;
  std::string run_id;       // that the client names; need not be one
  std::string model_id;     // of a logged model that the client names; "" if it names none
  v1::ModelVersion wanted;  // its description and tags
};

void PutTag(std::string_view key, const std::string& value, v1::ModelVersion& version) {
  if (!value.empty()) (*version.mutable_tags())[std::string(key)] = value;
}

Registration RegistrationOf(const Fields& fields) {
  Registration asked;
  asked.model = fields.Required("name");
  asked.source = fields.Required("source");
  asked.run_id = fields.Text("run_id");
  asked.model_id = fields.Text("model_id");
  asked.wanted.set_description(fields.Text("description"));
  TakeTags(fields, *asked.wanted.mutable_tags());
  PutTag(kSourceTag, asked.source, asked.wanted);
  PutTag(kRunLinkTag, fields.Text("run_link"), asked.wanted);
  return asked;
}

absl::Status NoFiles(const Registration& asked) {
  return Refuse(kInvalidParameter,
                fmt::format("Invalid model version source: '{}'. There are no artifacts there, "
                            "and a version is its files: log the model before it is registered.",
                            Shortened(asked.source, 200)));
}

// A version of the files of `run`, a run or logged model, at and below the path that the source
// names. An error of the call is as it came, but for files that are not there.
Task<absl::StatusOr<v1::ModelVersion>> FromFiles(Session& session, Registration asked,
                                                 ModelSource source, std::string run) {
  const bool elsewhere =
      !source.experiment_id.empty() && source.experiment_id != ExperimentIdOf(run);
  if (elsewhere) co_return NoFiles(asked);
  v1::CreateModelVersionRequest create;
  create.set_parent(ModelName(asked.model));
  create.set_run_artifact_path(source.path);
  *create.mutable_model_version() = asked.wanted;
  create.mutable_model_version()->set_run(run);
  auto made = co_await session.Call(session.rows().create_model_version, std::move(create));
  if (HasReason(made.status(), ErrorReason::ARTIFACT_NOT_FOUND)) co_return NoFiles(asked);
  co_return std::move(made);
}

Task<absl::StatusOr<v1::ModelVersion>> FromRun(Session& session, Registration asked,
                                               ModelSource source) {
  const auto run = co_await session.NameOfRun(source.run_id);
  if (!run.ok()) co_return run.status();
  if (asked.run_id != source.run_id) PutTag(kNamedRunTag, asked.run_id, asked.wanted);
  auto made = co_await FromFiles(session, asked, source, *run);
  if (!made.ok()) co_return session.ErrorOfRun(source.run_id, made.status());
  co_return std::move(made);
}

// The version that a client registered from a logged model, added to the list that the model keeps
// of them in a tag.
v1::LogBatchRequest NoteOfVersion(const v1::Run& model, const v1::ModelVersion& made) {
  const std::string tag(kModelVersionsTag);
  auto versions = ListInTag(model, tag);
  versions.push_back({{"name", ModelOf(made)}, {"version", std::string(NumberTextOf(made))}});
  v1::LogBatchRequest note;
  note.set_run(model.name());
  std::string value = versions.dump();
  if (value.size() <= limits::kRunTagValueBytes) (*note.mutable_tags())[tag] = std::move(value);
  return note;
}

// The run that made the model becomes the version's.
Task<absl::StatusOr<v1::ModelVersion>> FromLoggedModel(Session& session, Registration asked,
                                                       ModelSource source) {
  const auto model = co_await GetLoggedModel(session, source.model_id);
  if (!model.ok()) co_return model.status();
  if (asked.run_id != SourceRunIdOf(*model)) PutTag(kNamedRunTag, asked.run_id, asked.wanted);
  auto made = co_await FromFiles(session, asked, source, model->name());
  if (!made.ok()) co_return ErrorOfLoggedModel(source.model_id, made.status());
  if (asked.model_id.empty()) co_return std::move(made);  // its client keeps the list
  v1::LogBatchRequest note = NoteOfVersion(*model, *made);
  const auto noted = co_await session.Call(session.rows().log_batch, std::move(note));
  if (!noted.ok()) co_return ErrorOfLoggedModel(source.model_id, noted.status());
  co_return std::move(made);
}

absl::Status NoSuchSource(const Registration& asked, const absl::Status& error) {
  const bool missing = HasReason(error, ErrorReason::MODEL_NOT_FOUND) ||
                       HasReason(error, ErrorReason::MODEL_VERSION_NOT_FOUND) ||
                       HasReason(error, ErrorReason::ALIAS_NOT_FOUND);
  if (!missing) return error;
  return Refuse(kNotExists,
                fmt::format("Model Version of source {} not found", Shortened(asked.source, 200)));
}

// The files of another version, with its lineage and evaluations. What the client says of it comes
// in a second commit.
Task<absl::StatusOr<v1::ModelVersion>> FromVersion(Session& session, Registration asked,
                                                   ModelSource source) {
  v1::GetModelVersionRequest get;
  get.set_name(source.version_name);
  const auto original = co_await session.Call(session.rows().get_model_version, std::move(get));
  if (!original.ok()) co_return NoSuchSource(asked, original.status());
  if (asked.run_id != RunIdOf(*original)) PutTag(kNamedRunTag, asked.run_id, asked.wanted);
  PutTag(kStorageTag, DownloadUriOf(*original), asked.wanted);
  v1::CopyModelVersionRequest copy;
  copy.set_parent(ModelName(asked.model));
  copy.set_source(original->name());
  const auto copied = co_await session.Call(session.rows().copy_model_version, std::move(copy));
  if (!copied.ok()) co_return NoSuchSource(asked, copied.status());
  v1::UpdateModelVersionRequest update;
  *update.mutable_model_version() = asked.wanted;
  update.mutable_model_version()->set_name(copied->name());
  update.mutable_update_mask()->add_paths("description");
  update.mutable_update_mask()->add_paths("tags");
  co_return co_await session.Call(session.rows().update_model_version, std::move(update));
}

Task<absl::StatusOr<v1::ModelVersion>> Register(Session& session, Registration asked,
                                                ModelSource source) {
  switch (source.kind) {
    case ModelSource::Kind::kVersion:
      return FromVersion(session, std::move(asked), std::move(source));
    case ModelSource::Kind::kLoggedModel:
      return FromLoggedModel(session, std::move(asked), std::move(source));
    default:
      return FromRun(session, std::move(asked), std::move(source));
  }
}

absl::Status AnotherModel(const Registration& asked) {
  return Refuse(kInvalidParameter,
                fmt::format("Invalid model version source: '{}'. The model_id request parameter "
                            "must identify the resource that contains the source.",
                            Shortened(asked.source, 200)));
}

// A version of a prompt: its text is its file.
Task<absl::StatusOr<v1::ModelVersion>> FromPrompt(Session& session, Registration asked) {
  std::string text = PromptTextOf(asked.wanted.tags());
  CAIRN_CO_RETURN_IF_ERROR(CheckPromptText(text));
  PutTag(kNamedRunTag, asked.run_id, asked.wanted);
  CutPromptText(*asked.wanted.mutable_tags());
  v1::BatchUpdateBlobsRequest store;
  const v1::BlobDigest digest = AddBlob(std::move(text), store);
  CAIRN_CO_RETURN_IF_ERROR(co_await StoreBlobs(session, std::move(store)));
  v1::CreateModelVersionRequest create;
  create.set_parent(ModelName(asked.model));
  *create.mutable_model_version() = asked.wanted;
  v1::ArtifactFile& file = *create.mutable_model_version()->add_files();
  file.set_path(std::string(kPromptFile));
  *file.mutable_digest() = digest;
  co_return co_await session.Call(session.rows().create_model_version, std::move(create));
}

// Everything but whether the model is there.
Task<absl::StatusOr<v1::ModelVersion>> RegisterAs(Session& session, Registration asked,
                                                  std::optional<ModelSource> source) {
  if (!source.has_value()) return FromPrompt(session, std::move(asked));
  return Register(session, std::move(asked), *std::move(source));
}

// What the version is to be made from; nullopt for a prompt.
absl::StatusOr<std::optional<ModelSource>> SourceNamed(const Registration& asked) {
  if (IsPrompt(asked.wanted.tags())) {
    CAIRN_RETURN_IF_ERROR(CheckPromptSource(asked.source));
    return std::nullopt;
  }
  CAIRN_ASSIGN_OR_RETURN(ModelSource source, ParseModelSource(asked.source));
  if (!asked.model_id.empty() && asked.model_id != source.model_id) return AnotherModel(asked);
  return source;
}

Task<Reply> CreateVersion(Session& session, const Fields& fields) {
  const Registration asked = RegistrationOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto source = SourceNamed(asked);
  if (!source.ok()) co_return source.status();
  // Cairn would create the model with its first version.
  const auto model = co_await GetModel(session, asked.model);
  if (!model.ok()) co_return model.status();
  auto task = RegisterAs(session, asked, *source);
  const auto made = co_await task;
  if (!made.ok()) co_return made.status();
  gateway::JsonText json;
  json.Begin('{').Key("model_version");
  WriteVersion(*made, {}, /*with_aliases=*/true, json);
  json.End('}');
  co_return json.Take();
}

}  // namespace

std::vector<RouteRow> RegistrationRoutes() {
  return {{"POST", "/model-versions/create", CreateVersion, /*makes=*/true}};
}

}  // namespace cairn::mlflow
