#include "server/artifacts/run_artifacts.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/page_token.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/artifact_path.h"
#include "server/core/manifest.h"
#include "server/storage/blob_refs.h"
#include "server/storage/dataset_refs.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::artifacts {
namespace {

using cairn::internal::ArtifactRecord;
using cairn::v1::ArtifactFile;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;
constexpr size_t kMaxDeletedFiles = 10'000;

absl::Status OtherContent(const std::string& run, const ArtifactFile& file,
                          const ArtifactRecord& there) {
  return Error(absl::StatusCode::kAlreadyExists, ErrorReason::ARTIFACT_EXISTS,
               fmt::format("{} of {} holds other content ({})", file.path(), run,
                           there.digest().sha256()))
      .With("run", run)
      .With("path", file.path())
      .With("sha256", there.digest().sha256())
      .Resource("Artifact", fmt::format("{}/artifacts/{}", run, file.path()));
}

// Refuses a path that is below a file, or above one, that the run has already.
absl::Status CheckPathFits(const Snapshot& snapshot, const std::string& run,
                           const std::string& path) {
  const auto refuse = [&](std::string_view other) {
    return InvalidField(
        ErrorReason::ARTIFACT_PATH_INVALID, "files.path", path,
        fmt::format("must not be beside {}: no path is a file and a directory", other));
  };
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    CAIRN_ASSIGN_OR_RETURN(const auto file, snapshot.Get(storage::ArtifactKey(run, above)));
    if (file.has_value()) return refuse(above);
  }
  // Files below sort after "path/" and before "path0".
  std::string below;
  const storage::Key prefix = storage::ArtifactPrefix(run);
  storage::KeyRange range{prefix.family, storage::ArtifactKey(run, path + "/").bytes,
                          storage::ArtifactKey(run, path + "0").bytes};
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(range, storage::ScanOrder::kAscending,
                                      [&](std::string_view, const storage::Record&) {
                                        below = path + "/";
                                        return false;
                                      }));
  if (!below.empty()) return refuse(below);
  return absl::OkStatus();
}

absl::StatusOr<RunName> FindRun(const Snapshot& snapshot, std::string_view field,
                                const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName(field, name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<cairn::internal::RunRecord>(
                                                snapshot, storage::RunKey(run.run_id)));
  if (!stored.has_value() || stored->value.experiment_id() != run.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  return run;
}

absl::Status ArtifactNotFound(const std::string& run, const std::string& path) {
  return NotFound(ErrorReason::ARTIFACT_NOT_FOUND, "Artifact",
                  fmt::format("{}/artifacts/{}", run, path))
      .With("run", run)
      .With("path", path);
}

// The paths of a request to delete, normal and each once; those of directories end with '/'.
absl::StatusOr<std::set<std::string>> ParseDeletedPaths(
    const google::protobuf::RepeatedPtrField<std::string>& paths) {
  if (paths.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "paths", "", "is required").ToStatus();
  }
  if (paths.size() > core::kMaxFilesPerCall) {
    return InvalidField(ErrorReason::TOO_LARGE, "paths", std::to_string(paths.size()),
                        fmt::format("must have at most {} entries", core::kMaxFilesPerCall))
        .ToStatus();
  }
  std::set<std::string> parsed;
  for (const std::string& path : paths) {
    const bool directory = !path.empty() && path.back() == '/';
    const std::string_view name = std::string_view(path).substr(0, path.size() - directory);
    CAIRN_ASSIGN_OR_RETURN(std::string normal, core::NormalizeArtifactPath("paths", name));
    if (directory) normal += '/';
    if (parsed.insert(std::move(normal)).second) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "paths", path, "must appear once").ToStatus();
  }
  return parsed;
}

using FilesByPath = std::map<std::string, ArtifactRecord>;

// Adds the files of a run that `path` stands for.
absl::Status FindDeleted(const Snapshot& snapshot, const std::string& run, const std::string& path,
                         FilesByPath& files) {
  if (path.back() != '/') {
    CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<ArtifactRecord>(
                                            snapshot, storage::ArtifactKey(run, path)));
    if (!stored.has_value()) return ArtifactNotFound(run, path);
    files[path] = std::move(stored->value);
    return absl::OkStatus();
  }
  // Files below sort after "path/" and before "path0".
  const storage::Key prefix = storage::ArtifactPrefix(run);
  const std::string end = path.substr(0, path.size() - 1) + '0';
  const storage::KeyRange range{prefix.family, storage::ArtifactKey(run, path).bytes,
                                storage::ArtifactKey(run, end).bytes};
  absl::Status failure;
  bool any = false;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ArtifactRecord>(
      snapshot, range, storage::ScanOrder::kAscending, [&](std::string_view key, auto stored) {
        auto below = storage::LastStringOf(prefix, key);
        failure.Update(below.status());
        if (!below.ok()) return false;
        any = true;
        files[*std::move(below)] = std::move(stored.value);
        return files.size() <= kMaxDeletedFiles;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return any ? absl::OkStatus() : ArtifactNotFound(run, path);
}

// The files of a version's manifest, which is sorted, page by page.
template <typename Record>
absl::StatusOr<cairn::v1::ListArtifactsResponse> ListManifest(
    const Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request,
    const storage::Key& key, ErrorReason reason, std::string_view type) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<Record>(snapshot, key));
  if (!stored.has_value()) return NotFound(reason, type, request.parent()).ToStatus();
  CAIRN_ASSIGN_OR_RETURN(const int32_t size,
                         EffectivePageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  cairn::v1::ListArtifactsResponse response;
  for (const ArtifactFile& file : stored->value.version().files()) {
    if (!token.last_key().empty() && file.path() <= token.last_key()) continue;
    if (response.files_size() == size) {
      cairn::internal::PageToken next;
      next.set_last_key(response.files(size - 1).path());
      response.set_next_page_token(EncodePageToken(request, std::move(next)));
      break;
    }
    *response.add_files() = file;
  }
  return response;
}

absl::StatusOr<cairn::v1::ListArtifactsResponse> ListRunFiles(
    const Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request) {
  CAIRN_RETURN_IF_ERROR(FindRun(snapshot, "parent", request.parent()).status());
  cairn::v1::ListArtifactsResponse response;
  absl::Status failure;
  const storage::Key prefix = storage::ArtifactPrefix(request.parent());
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<ArtifactRecord>(snapshot, request, storage::KeyRange::Prefix(prefix),
                                        storage::ScanOrder::kAscending, {},
                                        [&](std::string_view key, const auto& stored) {
                                          auto path = storage::LastStringOf(prefix, key);
                                          failure.Update(path.status());
                                          if (!path.ok()) return false;
                                          ArtifactFile* file = response.add_files();
                                          file->set_path(*path);
                                          *file->mutable_digest() = stored.value.digest();
                                          return true;
                                        }));
  CAIRN_RETURN_IF_ERROR(failure);
  return response;
}

}  // namespace

absl::StatusOr<Plan> PlanLogArtifacts(const Snapshot& snapshot,
                                      const cairn::v1::LogArtifactsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, FindRun(snapshot, "run", request.run()));
  CAIRN_ASSIGN_OR_RETURN(const auto manifest,
                         core::MakeManifest("files", request.files(), core::kMaxFilesPerCall));
  WriteSet write_set;
  write_set.RequireExists(storage::RunKey(run.run_id));
  CAIRN_RETURN_IF_ERROR(storage::RequireBlobs(snapshot, manifest.files, write_set));
  for (const ArtifactFile& file : manifest.files) {
    const storage::Key key = storage::ArtifactKey(request.run(), file.path());
    CAIRN_ASSIGN_OR_RETURN(const auto there, storage::ReadRecord<ArtifactRecord>(snapshot, key));
    if (there.has_value()) {
      const auto& digest = there->value.digest();
      if (digest.sha256() != file.digest().sha256()) {
        return OtherContent(request.run(), file, there->value);
      }
      continue;
    }
    CAIRN_RETURN_IF_ERROR(CheckPathFits(snapshot, request.run(), file.path()));
    ArtifactRecord record;
    *record.mutable_digest() = file.digest();
    write_set.RequireAbsent(key).PutOnce(key, record.SerializeAsString());
  }
  if (write_set.puts.empty()) return storage::AnswerOnly(cairn::v1::LogArtifactsResponse());
  write_set.Emit(request.run(), "run.artifactsLogged");
  return storage::MakePlan(std::move(write_set), cairn::v1::LogArtifactsResponse());
}

absl::StatusOr<Plan> PlanDeleteArtifacts(const Snapshot& snapshot,
                                         const cairn::v1::DeleteArtifactsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, FindRun(snapshot, "run", request.run()));
  CAIRN_ASSIGN_OR_RETURN(const auto paths, ParseDeletedPaths(request.paths()));
  FilesByPath files;
  for (const std::string& path : paths) {
    CAIRN_RETURN_IF_ERROR(FindDeleted(snapshot, request.run(), path, files));
    if (files.size() <= kMaxDeletedFiles) continue;
    return InvalidField(ErrorReason::TOO_LARGE, "paths", path,
                        fmt::format("must stand for at most {} files in all", kMaxDeletedFiles))
        .ToStatus();
  }
  WriteSet write_set;
  write_set.RequireExists(storage::RunKey(run.run_id));
  cairn::v1::DeleteArtifactsResponse response;
  for (const auto& [path, record] : files) {
    const storage::Key key = storage::ArtifactKey(request.run(), path);
    write_set.RequireExists(key).Delete(key);
    ArtifactFile* file = response.add_files();
    file->set_path(path);
    *file->mutable_digest() = record.digest();
  }
  if (request.validate_only()) return storage::AnswerOnly(std::move(response));
  write_set.Emit(request.run(), "run.artifactsDeleted").FreesSpace();
  return storage::MakePlan(std::move(write_set), std::move(response));
}

absl::StatusOr<cairn::v1::ListArtifactsResponse> ListArtifacts(
    const Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request) {
  const std::string& parent = request.parent();
  if (parent.rfind("experiments/", 0) == 0) return ListRunFiles(snapshot, request);
  if (parent.rfind("datasets/", 0) == 0) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName name,
                           storage::ResolveDatasetVersion(snapshot, "parent", parent));
    return ListManifest<cairn::internal::DatasetVersionRecord>(
        snapshot, request, storage::DatasetVersionKey(name.parent_id, name.version),
        ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion");
  }
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseModelVersionName("parent", parent));
  return ListManifest<cairn::internal::ModelVersionRecord>(
      snapshot, request, storage::ModelVersionKey(name.parent_id, name.version),
      ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion");
}

}  // namespace cairn::artifacts
