#include "client-cli/mlflow_import/registry_importer.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "client-cli/mlflow_import/run_mapping.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow_import {
namespace {

using Kind = VersionSource::Kind;

constexpr int kMostCopies = 16;
constexpr int64_t kMostNumbersToSkip = 10'000;
// Of a version that only takes a number which MLflow deleted.
constexpr std::string_view kPlaceholderTag = "cairn.import";
constexpr const char* kPlaceholder = "placeholder";

std::string_view LastSegment(std::string_view name) { return name.substr(name.rfind('/') + 1); }

int64_t NumberOfName(std::string_view name) {
  const std::string_view text = LastSegment(name);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "7" of `experiments/7/runs/…`.
std::string_view ExperimentNumberOf(std::string_view run) {
  run.remove_prefix(std::min(run.size(), run.find('/') + 1));
  return run.substr(0, run.find('/'));
}

void PutTag(std::string_view key, const std::string& value, v1::ModelVersion& version) {
  if (!value.empty()) (*version.mutable_tags())[std::string(key)] = value;
}

std::string TagOf(const v1::ModelVersion& version, std::string_view key) {
  const auto tag = version.tags().find(std::string(key));
  return tag == version.tags().end() ? "" : tag->second;
}

template <typename Message>
void PutTexts(const Pairs& tags, const std::string& description, const std::string& what,
              Report& report, Message& into) {
  into.set_description(CutText(description, kMostTextBytes, "the description of " + what, report));
  PutPairs(tags, kMostTextBytes, "tag", what, report, *into.mutable_tags());
}

template <typename Message>
bool HasTexts(const Message& wanted, const Message& there) {
  return wanted.description() == there.description() &&
         std::all_of(wanted.tags().begin(), wanted.tags().end(), [&](const auto& tag) {
           const auto found = there.tags().find(tag.first);
           return found != there.tags().end() && found->second == tag.second;
         });
}

// What has to be said to bring `there` to what is wanted.
template <typename Request, typename Message>
void MaskTexts(const Message& wanted, Message& changed, Request& request) {
  request.mutable_update_mask()->add_paths("description");
  changed.set_description(wanted.description());
  for (const auto& [key, value] : wanted.tags()) {
    (*changed.mutable_tags())[key] = value;
    request.mutable_update_mask()->add_paths("tags." + key);
  }
}

bool IsPrompt(const Pairs& tags) {
  const auto tag = tags.find("mlflow.prompt.is_prompt");
  return tag != tags.end() && AsciiLower(tag->second) == "true";
}

}  // namespace

absl::Status RegistryImporter::Import() {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<RegisteredModel> models, source_.RegisteredModels());
  for (const RegisteredModel& model : models) {
    const std::string what = fmt::format("registered model {}", model.name);
    if (IsPrompt(model.tags)) {
      report_.LeaveOut(fmt::format("prompt {}", model.name),
                       "a version in Cairn is its files, and prompts have none");
      continue;
    }
    absl::Status status = ImportModel(model);
    if (!status.ok() && !IsOfOneThing(status)) return status;
    if (!status.ok()) {
      report_.Compare(Counted::kRegisteredModels, false, false);
      report_.LeaveOut(what, status);
    }
    if (options_.on_progress) options_.on_progress(report_);
  }
  return absl::OkStatus();
}

absl::Status RegistryImporter::ImportModel(const RegisteredModel& model) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<SourceVersion> versions, source_.Versions(model.name));
  if (options_.dry_run) {
    ++report_.of(Counted::kRegisteredModels).source;
    report_.of(Counted::kVersions).source += static_cast<int64_t>(versions.size());
    report_.of(Counted::kAliases).source += static_cast<int64_t>(model.aliases.size());
    return absl::OkStatus();
  }
  const std::string name = ModelName(model.name);
  CAIRN_RETURN_IF_ERROR(PlaceModel(model, name));
  CAIRN_ASSIGN_OR_RETURN(Numbered there, VersionsInCairn(name));
  for (auto at = there.begin(); at != there.end();) {
    // What an import that was cut short did not come to delete.
    const bool is_left = TagOf(at->second, kPlaceholderTag) == kPlaceholder;
    if (is_left) CAIRN_RETURN_IF_ERROR(Remove(at->second));
    at = is_left ? there.erase(at) : std::next(at);
  }
  for (const SourceVersion& version : versions) {
    absl::Status status = ImportVersion(version, name, there);
    if (status.ok()) continue;
    if (!IsOfOneThing(status) && !absl::IsPermissionDenied(status)) return status;
    report_.Compare(Counted::kVersions, false, false);
    report_.LeaveOut(fmt::format("version {} of {}", version.number, model.name), status);
  }
  return SetAliases(model, name);
}

absl::Status RegistryImporter::PlaceModel(const RegisteredModel& model, const std::string& name) {
  v1::Model wanted;
  wanted.set_display_name(model.name);
  PutTexts(model.tags, model.description, "registered model " + model.name, report_, wanted);
  v1::GetModelRequest get;
  get.set_name(name);
  auto there = client_->registry().GetModel(get);
  if (absl::IsNotFound(there.status())) {
    v1::CreateModelRequest create;
    *create.mutable_model() = wanted;
    there = client_->registry().CreateModel(std::move(create));
  } else if (there.ok() && !HasTexts(wanted, *there)) {
    v1::UpdateModelRequest update;
    update.mutable_model()->set_name(name);
    MaskTexts(wanted, *update.mutable_model(), update);
    there = client_->registry().UpdateModel(std::move(update));
  }
  if (!there.ok()) return there.status();
  report_.Compare(Counted::kRegisteredModels, true, HasTexts(wanted, *there));
  return absl::OkStatus();
}

absl::StatusOr<RegistryImporter::Numbered> RegistryImporter::VersionsInCairn(
    const std::string& model) {
  Numbered versions;
  v1::ListModelVersionsRequest request;
  request.set_parent(model);
  request.set_page_size(1000);
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      request, [&](const auto& asked) { return client_->registry().ListModelVersions(asked); },
      [&](v1::ListModelVersionsResponse& page) {
        for (v1::ModelVersion& version : *page.mutable_model_versions()) {
          versions[NumberOfName(version.name())] = std::move(version);
        }
        return true;
      }));
  return versions;
}

absl::Status RegistryImporter::ImportVersion(const SourceVersion& version, const std::string& model,
                                             const Numbered& there) {
  CAIRN_ASSIGN_OR_RETURN(const v1::CreateModelVersionRequest request, Wanted(version, model));
  const v1::ModelVersion& wanted = request.model_version();
  v1::ModelVersion placed;
  if (const auto known = there.find(version.number); known != there.end()) {
    placed = known->second;
    if (TagOf(placed, mlflow::kSourceTag) != TagOf(wanted, mlflow::kSourceTag)) {
      return absl::AlreadyExistsError("Cairn has another version of this number");
    }
  } else {
    CAIRN_ASSIGN_OR_RETURN(placed, Create(request, version.number));
  }
  CAIRN_RETURN_IF_ERROR(Refresh(wanted, placed));
  const bool archived = version.stage == "Archived";
  if (archived && placed.state() != v1::ModelVersion::ARCHIVED) {
    v1::ArchiveModelVersionRequest archive;
    archive.set_name(placed.name());
    CAIRN_ASSIGN_OR_RETURN(placed, client_->registry().ArchiveModelVersion(archive));
  }
  v1::GetModelVersionRequest get;
  get.set_name(fmt::format("{}/versions/{}", model, version.number));
  CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion read, client_->registry().GetModelVersion(get));
  const bool same_state = (read.state() == v1::ModelVersion::ARCHIVED) == archived;
  report_.Compare(Counted::kVersions, true, HasTexts(wanted, read) && same_state);
  return absl::OkStatus();
}

absl::StatusOr<SourceVersion> RegistryImporter::Original(SourceVersion version) {
  for (int i = 0; i < kMostCopies; ++i) {
    const VersionSource source = ParseVersionSource(version.source);
    if (source.kind != Kind::kVersion) return version;
    CAIRN_ASSIGN_OR_RETURN(const auto versions, source_.Versions(source.id));
    const auto copied = std::find_if(versions.begin(), versions.end(), [&](const auto& other) {
      return other.number == source.number;
    });
    if (copied == versions.end()) {
      return absl::NotFoundError(
          fmt::format("it was copied from {}, which is not there any more", version.source));
    }
    version = *copied;
  }
  return absl::InvalidArgumentError("it was copied from versions that were copied in a circle");
}

absl::StatusOr<v1::CreateModelVersionRequest> RegistryImporter::Wanted(const SourceVersion& version,
                                                                       const std::string& model) {
  CAIRN_ASSIGN_OR_RETURN(const SourceVersion original, Original(version));
  const VersionSource source = ParseVersionSource(original.source);
  const bool of_model = source.kind == Kind::kModel;
  if (source.kind != Kind::kRun && !of_model) {
    return absl::FailedPreconditionError(fmt::format(
        "its files cannot be had: {} is of no run and no logged model", original.source));
  }
  v1::GetRunRequest get;
  get.set_name("experiments/-/runs/" + (of_model ? *mlflow::UidOfModelId(source.id) : source.id));
  const auto run = client_->tracking().GetRun(get);
  if (absl::IsNotFound(run.status())) {
    return absl::FailedPreconditionError(fmt::format(
        "its files cannot be had: {} is of a run that is not in Cairn", original.source));
  }
  if (!run.ok()) return run.status();
  v1::CreateModelVersionRequest request;
  request.set_parent(model);
  request.set_run_artifact_path(source.path);
  v1::ModelVersion& wanted = *request.mutable_model_version();
  wanted.set_run(run->name());
  PutTexts(version.tags, version.description,
           fmt::format("version {} of {}", version.number, version.model), report_, wanted);
  const std::string place = SourceInCairn(original.source, source, ExperimentNumberOf(run->name()));
  const bool copied = original.source != version.source;
  PutTag(mlflow::kSourceTag, copied ? version.source : place, wanted);
  if (copied) PutTag(mlflow::kStorageTag, place, wanted);
  PutTag(mlflow::kRunLinkTag, version.run_link, wanted);
  if (version.stage == "Production" || version.stage == "Staging") {
    PutTag(mlflow::kStageTag, version.stage, wanted);
  }
  std::string maker(LastSegment(of_model ? run->parent_run() : run->name()));
  if (maker.empty()) {
    const auto named = run->tags().find(std::string(mlflow::kSourceRunTag));
    if (named != run->tags().end()) maker = named->second;
  }
  if (version.run_id != maker) PutTag(mlflow::kNamedRunTag, version.run_id, wanted);
  return request;
}

absl::StatusOr<v1::ModelVersion> RegistryImporter::Create(
    const v1::CreateModelVersionRequest& request, int64_t number) {
  for (int64_t skipped = 0; skipped <= kMostNumbersToSkip; ++skipped) {
    v1::CreateModelVersionRequest asked = request;
    asked.set_validate_only(true);
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion next,
                           client_->registry().CreateModelVersion(asked));
    const int64_t has = NumberOfName(next.name());
    if (has == number) return client_->registry().CreateModelVersion(request);
    if (has > number) {
      return absl::AlreadyExistsError(
          fmt::format("the next version of this model in Cairn is {}", has));
    }
    asked.set_validate_only(false);
    asked.mutable_model_version()->clear_tags();
    PutTag(kPlaceholderTag, kPlaceholder, *asked.mutable_model_version());
    CAIRN_ASSIGN_OR_RETURN(const v1::ModelVersion made,
                           client_->registry().CreateModelVersion(std::move(asked)));
    CAIRN_RETURN_IF_ERROR(Remove(made));
  }
  return absl::OutOfRangeError(
      fmt::format("more than {} versions before it were deleted", kMostNumbersToSkip));
}

absl::Status RegistryImporter::Remove(const v1::ModelVersion& placeholder) {
  if (placeholder.state() != v1::ModelVersion::ARCHIVED) {
    v1::ArchiveModelVersionRequest archive;
    archive.set_name(placeholder.name());
    CAIRN_RETURN_IF_ERROR(client_->registry().ArchiveModelVersion(archive).status());
  }
  v1::DeleteModelVersionRequest remove;
  remove.set_name(placeholder.name());
  return client_->registry().DeleteModelVersion(remove).status();
}

absl::Status RegistryImporter::Refresh(const v1::ModelVersion& wanted, v1::ModelVersion& there) {
  if (HasTexts(wanted, there)) return absl::OkStatus();
  v1::UpdateModelVersionRequest update;
  update.mutable_model_version()->set_name(there.name());
  MaskTexts(wanted, *update.mutable_model_version(), update);
  CAIRN_ASSIGN_OR_RETURN(there, client_->registry().UpdateModelVersion(std::move(update)));
  return absl::OkStatus();
}

absl::Status RegistryImporter::SetAliases(const RegisteredModel& model, const std::string& name) {
  if (model.aliases.empty()) return absl::OkStatus();
  std::map<std::string, int64_t> there;
  v1::ListAliasesRequest list;
  list.set_parent(name);
  const auto read = [&]() {
    there.clear();
    return client::ForEachPage(
        list, [&](const auto& asked) { return client_->registry().ListAliases(asked); },
        [&](v1::ListAliasesResponse& page) {
          for (const v1::Alias& alias : page.aliases()) {
            there[std::string(LastSegment(alias.name()))] = alias.version();
          }
          return true;
        });
  };
  CAIRN_RETURN_IF_ERROR(read());
  for (const auto& [alias, number] : model.aliases) {
    if (const auto known = there.find(alias); known != there.end() && known->second == number) {
      continue;
    }
    v1::SetAliasRequest request;
    request.mutable_alias()->set_name(fmt::format("{}/aliases/{}", name, alias));
    request.mutable_alias()->set_version(number);
    absl::Status status = client_->registry().SetAlias(std::move(request)).status();
    if (status.ok()) continue;
    if (!IsOfOneThing(status) && !absl::IsPermissionDenied(status)) return status;
    report_.LeaveOut(fmt::format("alias {} of {}", alias, model.name), status);
  }
  CAIRN_RETURN_IF_ERROR(read());
  for (const auto& [alias, number] : model.aliases) {
    const auto known = there.find(alias);
    report_.Compare(Counted::kAliases, known != there.end(),
                    known != there.end() && known->second == number);
  }
  return absl::OkStatus();
}

}  // namespace cairn::mlflow_import
