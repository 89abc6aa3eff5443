#include "server/registry/version_creation.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/manifest.h"
#include "server/records/blob_refs.h"
#include "server/records/dataset_refs.h"
#include "server/records/evaluation_records.h"
#include "server/records/run_outputs.h"
#include "server/registry/annotations.h"
#include "server/registry/evaluations.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::ArtifactRecord;
using cairn::internal::DatasetVersionRecord;
using cairn::internal::ModelRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::RunRecord;
using cairn::internal::ValueRecord;
using cairn::v1::Model;
using cairn::v1::ModelVersion;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::WriteSet;

// Takes the files of the run at or below `path`, named relative to it.
absl::Status TakeRunFiles(const Snapshot& snapshot, const std::string& run,
                          std::string_view asked_path, ModelVersion& version) {
  std::string path(asked_path);  // empty: the root
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  if (!path.empty()) CAIRN_RETURN_IF_ERROR(CheckArtifactPath("run_artifact_path", path));
  const storage::Key prefix = storage::ArtifactPrefix(run);
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ArtifactRecord>(
      snapshot, KeyRange::Prefix(prefix), ScanOrder::kAscending,
      [&](std::string_view key, const auto& stored) {
        auto name = storage::LastStringOf(prefix, key);
        failure = name.status();
        if (!failure.ok()) return false;
        const bool below = path.empty() || name->rfind(path + "/", 0) == 0;
        if (!below && *name != path) return true;
        const size_t cut = path.empty() ? 0 : path.size() + 1;
        auto* file = version.add_files();
        file->set_path(*name == path ? name->substr(name->rfind('/') + 1) : name->substr(cut));
        *file->mutable_digest() = stored.value.digest();
        return true;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (!version.files().empty()) return absl::OkStatus();
  return NotFound(ErrorReason::ARTIFACT_NOT_FOUND, "Artifact",
                  fmt::format("{}/artifacts/{}", run, path));
}

// The record of a run that a version comes from. It is there, and not deleted, when the version is
// stored.
absl::StatusOr<cairn::v1::Run> SourceRun(const Snapshot& snapshot, std::string_view name,
                                         WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName("model_version.run", name));
  const storage::Key key = storage::RunKey(run.run_id);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<RunRecord>(snapshot, key));
  if (!stored.has_value() || stored->value.experiment_id() != run.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(records::CheckRunLive(stored->value.run(), name));
  write_set.RequireExists(key).PutRecord(storage::RunModelVersionsKey(stored->value.run().name()),
                                         "");
  return stored->value.run();
}

// Copies what the run knows: parameters, data set, files when none are named. Of a logged model the
// files are taken, and the rest is known by the run that made it.
absl::Status AdoptRun(const Snapshot& snapshot, const cairn::v1::CreateModelVersionRequest& request,
                      ModelVersion& version, WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(cairn::v1::Run run, SourceRun(snapshot, version.run(), write_set));
  const std::string files_of = run.name();
  if (run.kind() == cairn::v1::Run::LOGGED_MODEL) {
    version.set_logged_model(run.name());
    if (!run.parent_run().empty()) {
      CAIRN_ASSIGN_OR_RETURN(run, SourceRun(snapshot, run.parent_run(), write_set));
    }
  }
  version.set_run(run.name());
  const storage::Key params = storage::RunParamPrefix(run.uid());
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ValueRecord>(
      snapshot, KeyRange::Prefix(params), ScanOrder::kAscending,
      [&](std::string_view param_key, const auto& value) {
        auto name = storage::LastStringOf(params, param_key);
        failure = name.status();
        if (failure.ok()) (*version.mutable_params())[*name] = value.value.value();
        return failure.ok();
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (version.training_dataset().empty() && !run.inputs().empty()) {
    version.set_training_dataset(run.inputs(0).dataset_version());
  }
  if (!version.files().empty()) return absl::OkStatus();
  return TakeRunFiles(snapshot, files_of, request.run_artifact_path(), version);
}

bool HasRead(const cairn::v1::Run& run, const std::string& dataset_version) {
  return std::any_of(run.inputs().begin(), run.inputs().end(),
                     [&](const auto& input) { return input.dataset_version() == dataset_version; });
}

// The edges that lead to the version: from its run, which lists it among what it made, or from the
// logged model that the run made, and from its data set unless they lead through the run.
absl::Status LinkSources(const Snapshot& snapshot, const ModelVersion& version,
                         WriteSet& write_set) {
  bool through_run = false;
  if (!version.run().empty()) {
    CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName("model_version.run", version.run()));
    CAIRN_ASSIGN_OR_RETURN(auto stored,
                           storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run.run_id)));
    if (!stored.has_value()) return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", version.run());
    through_run = HasRead(stored->value.run(), version.training_dataset());
    const std::string& source =
        version.logged_model().empty() ? version.run() : version.logged_model();
    write_set.PutOnce(storage::LineageDownKey(source, version.name()), "");
    // A copy changes nothing of the run, which who copies need not even read.
    if (version.copied_from().empty()) {
      records::AddRunOutput(*std::move(stored), version.name(), write_set);
    }
  }
  if (version.training_dataset().empty() || through_run) return absl::OkStatus();
  write_set.PutOnce(storage::LineageDownKey(version.training_dataset(), version.name()), "");
  return absl::OkStatus();
}

absl::Status ValidateTexts(const ModelVersion& version) {
  for (const auto& [field, value] :
       {std::pair<std::string_view, const std::string&>{"code_revision", version.code_revision()},
        {"evaluation_space", version.evaluation_space()},
        {"preparation", version.preparation()},
        {"feature_schema", version.feature_schema()}}) {
    if (value.size() > kMaxTextBytes) {
      return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("model_version.{}", field), value,
                          fmt::format("must be at most {} bytes long", kMaxTextBytes));
    }
  }
  return CheckAnnotations("model_version", AnnotationsOf(version));
}

// The version the request asks for, complete but for its number.
absl::StatusOr<ModelVersion> BuildVersion(const Snapshot& snapshot,
                                          const cairn::v1::CreateModelVersionRequest& request,
                                          const SignatureReader& read_signature,
                                          WriteSet& write_set) {
  ModelVersion version = request.model_version();
  version.clear_etag();
  version.clear_aliases();
  version.clear_params();
  version.clear_update_time();
  version.clear_copied_from();
  version.clear_logged_model();
  version.set_state(ModelVersion::READY);
  CAIRN_RETURN_IF_ERROR(ValidateTexts(version));
  if (!version.run().empty()) {
    CAIRN_RETURN_IF_ERROR(AdoptRun(snapshot, request, version, write_set));
  }
  if (!version.training_dataset().empty()) {
    CAIRN_RETURN_IF_ERROR(UsedDatasetDigest(snapshot, "model_version.training_dataset",
                                            *version.mutable_training_dataset(), write_set)
                              .status());
  }
  CAIRN_ASSIGN_OR_RETURN(auto manifest, core::MakeManifest("model_version.files", version.files(),
                                                           core::kMaxFilesPerManifest));
  *version.mutable_files() = std::move(manifest.files);
  version.set_sha256(manifest.sha256);
  version.set_size_bytes(manifest.size_bytes);
  CAIRN_RETURN_IF_ERROR(records::RequireBlobs(snapshot, version.files(), write_set));
  CAIRN_RETURN_IF_ERROR(SettleSignature(read_signature, version));
  return version;
}

}  // namespace

absl::StatusOr<std::string> UsedDatasetDigest(const Snapshot& snapshot, std::string_view field,
                                              std::string& name, WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed,
                         records::ResolveDatasetVersion(snapshot, field, name));
  const storage::Key key = storage::DatasetVersionKey(parsed.parent_id, parsed.version);
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<DatasetVersionRecord>(snapshot, key));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", name).ToStatus();
  }
  name = DatasetVersionName(parsed.parent_id, parsed.version);
  records::UseDatasetVersion(parsed, write_set);
  return stored->value.version().sha256();
}

absl::Status AddNextVersion(const Snapshot& snapshot, const std::string& model_id,
                            const storage::Stamp& stamp, ModelVersion& version,
                            WriteSet& write_set) {
  const storage::Key model_key = storage::ModelKey(model_id);
  CAIRN_ASSIGN_OR_RETURN(const auto parent, storage::ReadRecord<ModelRecord>(snapshot, model_key));
  Model model = parent.has_value() ? parent->value.model() : NewModel(model_id, stamp.unix_nanos);
  const int64_t number = (parent.has_value() ? LastNumberOf(parent->value) : 0) + 1;
  model.set_latest_version(number);
  *model.mutable_update_time() = ToTimestamp(stamp.unix_nanos);
  version.set_name(ModelVersionName(model_id, number));
  *version.mutable_create_time() = ToTimestamp(stamp.unix_nanos);
  version.set_principal(stamp.principal);
  CAIRN_RETURN_IF_ERROR(LinkSources(snapshot, version, write_set));
  ModelVersionRecord record;
  *record.mutable_version() = version;
  if (!parent.has_value()) write_set.Emit(cairn::v1::Event::MODEL_CREATED, model);
  write_set.RequireRevision(model_key, parent.has_value() ? parent->mod_revision : 0)
      .PutRecord(model_key, ModelPayload(model))
      .PutOnce(storage::ModelVersionKey(model_id, number), record.SerializeAsString())
      .PutRecord(storage::CollectionKey(VersionsCollection(model_id)), "")
      .Emit(cairn::v1::Event::MODEL_VERSION_CREATED, version);
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanCreateModelVersion(const Snapshot& snapshot,
                                            const cairn::v1::CreateModelVersionRequest& request,
                                            const storage::Stamp& stamp,
                                            const SignatureReader& read_signature) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("parent", request.parent(), "models/*"));
  CAIRN_RETURN_IF_ERROR(ValidateHumanName("parent", ids[0], kMaxNameBytes, /*allow_slash=*/false));
  WriteSet write_set;
  CAIRN_ASSIGN_OR_RETURN(auto evaluations, CheckFirstEvaluations(snapshot, request, write_set));
  CAIRN_ASSIGN_OR_RETURN(ModelVersion version,
                         BuildVersion(snapshot, request, read_signature, write_set));
  CAIRN_RETURN_IF_ERROR(AddNextVersion(snapshot, ids[0], stamp, version, write_set));
  if (request.validate_only()) return storage::AnswerOnly(std::move(version));
  CAIRN_RETURN_IF_ERROR(records::AppendEvaluations(version, {}, stamp, evaluations, write_set));
  return storage::MakePlan(std::move(write_set), std::move(version));
}

}  // namespace cairn::registry
