#include "server/artifacts/run_artifacts.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/errors.h"
#include "lib/base/page_token.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/manifest.h"
#include "server/records/blob_refs.h"
#include "server/records/dataset_refs.h"
#include "server/records/manifest_parts.h"
#include "server/records/run_outputs.h"
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
constexpr size_t kMaxDeletedFiles = core::kMaxFilesPerManifestBlob;
constexpr size_t kMaxDeletedPathBytes = core::kMaxManifestBytes;
// Deletions of more do not count as small (WriteSet::frees_space).
constexpr size_t kFewFiles = 10'000;
constexpr int kPathsInEvent = 100;
constexpr size_t kFraming = 8;  // of a file in an answer

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

// NOT_FOUND for a run that is not there; with `live`, FAILED_PRECONDITION (RUN_DELETED) for a
// deleted one.
absl::StatusOr<RunName> FindRun(const Snapshot& snapshot, std::string_view field,
                                const std::string& name, bool live = false) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName(field, name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<cairn::internal::RunRecord>(
                                                snapshot, storage::RunKey(run.run_id)));
  if (!stored.has_value() || stored->value.experiment_id() != run.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", name).ToStatus();
  }
  if (live) CAIRN_RETURN_IF_ERROR(records::CheckRunLive(stored->value.run(), name));
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
    CAIRN_RETURN_IF_ERROR(CheckArtifactPath("paths", name));
    if (parsed.insert(path).second) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "paths", path, "must appear once").ToStatus();
  }
  return parsed;
}

// Files that are to be deleted, by path.
struct DeletedFiles {
  std::map<std::string, ArtifactRecord> by_path;
  size_t path_bytes = 0;

  void Add(const std::string& path, ArtifactRecord record) {
    if (by_path.insert_or_assign(path, std::move(record)).second) path_bytes += path.size();
  }
  bool fits() const {
    return by_path.size() <= kMaxDeletedFiles && path_bytes <= kMaxDeletedPathBytes;
  }
};

// Adds the files of a run that `path` stands for, up to one more than fit.
absl::Status FindDeleted(const Snapshot& snapshot, const std::string& run, const std::string& path,
                         DeletedFiles& files) {
  if (path.back() != '/') {
    CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<ArtifactRecord>(
                                            snapshot, storage::ArtifactKey(run, path)));
    if (!stored.has_value()) return ArtifactNotFound(run, path);
    files.Add(path, std::move(stored->value));
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
        files.Add(*below, std::move(stored.value));
        return files.fits();
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return any ? absl::OkStatus() : ArtifactNotFound(run, path);
}

// One page of the files of a version, which come by path.
class FilePage {
 public:
  FilePage(const cairn::v1::ListArtifactsRequest& request, int32_t size, std::string last_path)
      : request_(request), size_(size), last_path_(std::move(last_path)) {}

  const std::string& last_path() const { return last_path_; }

  // Takes those that are behind the page before; false when there are more than fit.
  bool Add(const records::ManifestFiles& files) {
    for (const ArtifactFile& file : files) {
      if (!last_path_.empty() && file.path() <= last_path_) continue;
      if (response_.files_size() == size_) {
        cairn::internal::PageToken next;
        next.set_last_key(response_.files(size_ - 1).path());
        response_.set_next_page_token(EncodePageToken(request_, std::move(next)));
        return false;
      }
      *response_.add_files() = file;
    }
    return true;
  }

  cairn::v1::ListArtifactsResponse Finish() { return std::move(response_); }

 private:
  const cairn::v1::ListArtifactsRequest& request_;
  const int32_t size_;
  const std::string last_path_;
  cairn::v1::ListArtifactsResponse response_;
};

// The files of a version, page by page, from its record or from the parts of `owner`.
template <typename Record>
absl::StatusOr<cairn::v1::ListArtifactsResponse> ListManifest(
    const Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request,
    const storage::Key& key, ErrorReason reason, std::string_view type) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<Record>(snapshot, key));
  if (!stored.has_value()) return NotFound(reason, type, request.parent()).ToStatus();
  CAIRN_ASSIGN_OR_RETURN(const int32_t size,
                         EffectivePageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  CAIRN_ASSIGN_OR_RETURN(auto token, DecodePageToken(request, request.page_token()));
  const auto& version = stored->value.version();
  FilePage page(request, size, std::move(*token.mutable_last_key()));
  if (page.Add(version.files()) && version.files().empty()) {
    CAIRN_RETURN_IF_ERROR(
        records::EachManifestPart(snapshot, version.name(), page.last_path(),
                                  [&page](const auto& part) { return page.Add(part.files()); }));
  }
  return page.Finish();
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

// The files to log, whose blobs are there until the commit.
absl::StatusOr<std::shared_ptr<const core::Manifest>> FilesToLog(
    const Snapshot& snapshot, const cairn::v1::LogArtifactsRequest& request,
    const core::ManifestLoader& load, WriteSet& write_set) {
  if (request.has_manifest()) {
    if (request.files().empty()) return load(request.manifest());
    return InvalidField(ErrorReason::VALUE_INVALID, "manifest", request.manifest().sha256(),
                        "must not be given together with files")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(auto manifest,
                         core::MakeManifest("files", request.files(), core::kMaxFilesPerCall));
  CAIRN_RETURN_IF_ERROR(records::RequireBlobs(snapshot, manifest.files, write_set));
  return std::make_shared<const core::Manifest>(std::move(manifest));
}

absl::StatusOr<bool> HasFiles(const Snapshot& snapshot, const std::string& run) {
  bool any = false;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(storage::KeyRange::Prefix(storage::ArtifactPrefix(run)),
                                      storage::ScanOrder::kAscending,
                                      [&any](std::string_view, const storage::Record&) {
                                        any = true;
                                        return false;
                                      }));
  return any;
}

// Whether the run has the file already; an error if it does not fit among its files.
absl::StatusOr<bool> IsLogged(const Snapshot& snapshot, const std::string& run,
                              const ArtifactFile& file, const storage::Key& key) {
  CAIRN_ASSIGN_OR_RETURN(const auto there, storage::ReadRecord<ArtifactRecord>(snapshot, key));
  if (!there.has_value()) {
    CAIRN_RETURN_IF_ERROR(CheckPathFits(snapshot, run, file.path()));
    return false;
  }
  if (there->value.digest().sha256() == file.digest().sha256()) return true;
  return OtherContent(run, file, there->value);
}

// The tree of the run changes, and is still as it is at `snapshot` when it does.
absl::Status ChangeTree(const Snapshot& snapshot, const std::string& run, WriteSet& write_set) {
  const storage::Key tree = storage::RunArtifactsKey(run);
  CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(tree));
  write_set.RequireRevision(tree, record.has_value() ? record->mod_revision : 0)
      .PutRecord(tree, "");
  return absl::OkStatus();
}

// Adds a file to what an event says.
void Count(const std::string& path, cairn::v1::Event::Artifacts& artifacts) {
  artifacts.set_file_count(artifacts.file_count() + 1);
  if (artifacts.paths_size() < kPathsInEvent) artifacts.add_paths(path);
}

}  // namespace

absl::StatusOr<Plan> PlanLogArtifacts(const Snapshot& snapshot,
                                      const cairn::v1::LogArtifactsRequest& request,
                                      const core::ManifestLoader& load) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, FindRun(snapshot, "run", request.run(), /*live=*/true));
  WriteSet write_set;
  write_set.RequireExists(storage::RunKey(run.run_id));
  CAIRN_ASSIGN_OR_RETURN(const auto manifest, FilesToLog(snapshot, request, load, write_set));
  CAIRN_ASSIGN_OR_RETURN(const bool has_files, HasFiles(snapshot, request.run()));
  cairn::v1::Event::Artifacts logged;
  for (const ArtifactFile& file : manifest->files) {
    storage::Key key = storage::ArtifactKey(request.run(), file.path());
    bool known = false;
    if (has_files) {
      CAIRN_ASSIGN_OR_RETURN(known, IsLogged(snapshot, request.run(), file, key));
    }
    if (known) continue;
    ArtifactRecord record;
    *record.mutable_digest() = file.digest();
    Count(file.path(), logged);
    write_set.PutOnce(std::move(key), record.SerializeAsString());
  }
  if (write_set.puts.empty()) return storage::AnswerOnly(cairn::v1::LogArtifactsResponse());
  CAIRN_RETURN_IF_ERROR(ChangeTree(snapshot, request.run(), write_set));
  write_set.Emit(request.run(), cairn::v1::Event::RUN_ARTIFACTS_LOGGED, storage::ImageOf(logged));
  return storage::MakePlan(std::move(write_set), cairn::v1::LogArtifactsResponse());
}

absl::StatusOr<Plan> PlanDeleteArtifacts(const Snapshot& snapshot,
                                         const cairn::v1::DeleteArtifactsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const RunName run, FindRun(snapshot, "run", request.run(), /*live=*/true));
  CAIRN_ASSIGN_OR_RETURN(const auto paths, ParseDeletedPaths(request.paths()));
  DeletedFiles files;
  for (const std::string& path : paths) {
    CAIRN_RETURN_IF_ERROR(FindDeleted(snapshot, request.run(), path, files));
    if (files.fits()) continue;
    return InvalidField(ErrorReason::TOO_LARGE, "paths", path,
                        fmt::format("must stand for at most {} files and {} bytes of paths in all",
                                    kMaxDeletedFiles, kMaxDeletedPathBytes))
        .ToStatus();
  }
  WriteSet write_set;
  write_set.RequireExists(storage::RunKey(run.run_id));
  CAIRN_RETURN_IF_ERROR(ChangeTree(snapshot, request.run(), write_set));
  cairn::v1::DeleteArtifactsResponse response;
  response.set_file_count(static_cast<int64_t>(files.by_path.size()));
  storage::PageRoom room;
  cairn::v1::Event::Artifacts deleted;
  for (const auto& [path, record] : files.by_path) {
    write_set.Delete(storage::ArtifactKey(request.run(), path));
    Count(path, deleted);
    ArtifactFile file;
    file.set_path(path);
    *file.mutable_digest() = record.digest();
    if (room.Take(file.ByteSizeLong() + kFraming)) *response.add_files() = std::move(file);
  }
  if (request.validate_only()) return storage::AnswerOnly(std::move(response));
  write_set.Emit(request.run(), cairn::v1::Event::RUN_ARTIFACTS_DELETED, storage::ImageOf(deleted));
  if (files.by_path.size() <= kFewFiles) write_set.FreesSpace();
  return storage::MakePlan(std::move(write_set), std::move(response));
}

absl::StatusOr<cairn::v1::ListArtifactsResponse> ListArtifacts(
    const Snapshot& snapshot, const cairn::v1::ListArtifactsRequest& request) {
  const std::string& parent = request.parent();
  if (parent.rfind("experiments/", 0) == 0) return ListRunFiles(snapshot, request);
  if (parent.rfind("datasets/", 0) == 0) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName name,
                           records::ResolveDatasetVersion(snapshot, "parent", parent));
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
