#include "server/datasets/datasets.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/limits.h"
#include "server/core/manifest.h"
#include "server/datasets/dataset_records.h"
#include "server/datasets/retention.h"
#include "server/datasets/statistics.h"
#include "server/datasets/version_diff.h"
#include "server/records/blob_refs.h"
#include "server/records/dataset_refs.h"
#include "server/records/manifest_parts.h"
#include "server/records/run_outputs.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::datasets {
namespace {

using cairn::internal::DatasetRecord;
using cairn::internal::DatasetVersionRecord;
using cairn::internal::PointerRecord;
using cairn::internal::RunRecord;
using cairn::v1::Dataset;
using cairn::v1::DatasetVersion;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr int kMaxParents = limits::kDatasetParents;
// A data set with very many versions that something keeps must not make new ones slow.
constexpr size_t kExpiredLookedAt = 1000;

absl::Status ValidateDetails(const DatasetVersion& version) {
  if (version.producer().size() > kMaxTextBytes) {
    return TooLong("dataset_version.producer", version.producer(), kMaxTextBytes);
  }
  if (version.row_count() < -1) {
    return InvalidField(ErrorReason::VALUE_INVALID, "dataset_version.row_count",
                        std::to_string(version.row_count()), "must be -1 or more");
  }
  if (version.parents_size() > kMaxParents) {
    return InvalidField(ErrorReason::TOO_LARGE, "dataset_version.parents",
                        std::to_string(version.parents_size()),
                        fmt::format("must be at most {}", kMaxParents));
  }
  CAIRN_RETURN_IF_ERROR(ValidateColumns(version.columns(), version.row_count()));
  return ValidateTags(version.tags());
}

// Conditions that parents and the producing run exist, and the edges from them.
absl::Status LinkSources(const Snapshot& snapshot, const DatasetVersion& version,
                         WriteSet& write_set) {
  for (const std::string& parent : version.parents()) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName name,
                           ParseDatasetVersionName("dataset_version.parents", parent));
    const storage::Key key = storage::DatasetVersionKey(name.parent_id, name.version);
    CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(key));
    if (!record.has_value()) {
      return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", parent);
    }
    records::UseDatasetVersion(name, write_set);
    write_set.PutOnce(storage::LineageDownKey(parent, version.name()), "");
  }
  if (version.run().empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName("dataset_version.run", version.run()));
  CAIRN_ASSIGN_OR_RETURN(auto record,
                         storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run.run_id)));
  if (!record.has_value() || record->value.experiment_id() != run.experiment_id) {
    return NotFound(ErrorReason::RUN_NOT_FOUND, "Run", version.run());
  }
  CAIRN_RETURN_IF_ERROR(records::CheckRunLive(record->value.run(), version.run()));
  write_set.RequireExists(storage::RunKey(run.run_id))
      .PutOnce(storage::LineageDownKey(version.run(), version.name()), "");
  records::AddRunOutput(*std::move(record), version.name(), write_set);
  return absl::OkStatus();
}

// The files the request asks for. Those of a manifest are leased, for the others the commit
// has to require their blobs.
absl::StatusOr<core::Manifest> FilesOf(const cairn::v1::CreateDatasetVersionRequest& request,
                                       const core::ManifestLoader& load) {
  const auto& files = request.dataset_version().files();
  if (!request.has_manifest()) {
    return core::MakeManifest("dataset_version.files", files, core::kMaxFilesPerManifest);
  }
  if (!files.empty()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "manifest", request.manifest().sha256(),
                        "must not be given together with files")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const auto manifest, load(request.manifest()));
  return *manifest;
}

// The version the request asks for, complete but for its number.
absl::StatusOr<DatasetVersion> BuildVersion(const Snapshot& snapshot,
                                            const cairn::v1::CreateDatasetVersionRequest& request,
                                            const core::ManifestLoader& load) {
  DatasetVersion version = request.dataset_version();
  CAIRN_RETURN_IF_ERROR(ValidateDetails(version));
  CAIRN_ASSIGN_OR_RETURN(auto manifest, FilesOf(request, load));
  *version.mutable_files() = std::move(manifest.files);
  version.set_file_count(version.files_size());
  version.set_sha256(manifest.sha256);
  version.set_size_bytes(manifest.size_bytes);
  for (std::string& parent : *version.mutable_parents()) {
    CAIRN_ASSIGN_OR_RETURN(
        const VersionName name,
        records::ResolveDatasetVersion(snapshot, "dataset_version.parents", parent));
    parent = DatasetVersionName(name.parent_id, name.version);
  }
  std::sort(version.mutable_parents()->begin(), version.mutable_parents()->end());
  version.mutable_parents()->erase(
      std::unique(version.mutable_parents()->begin(), version.mutable_parents()->end()),
      version.mutable_parents()->end());
  version.clear_etag();
  return version;
}

Dataset NewDataset(std::string_view name, int64_t now_unix_nanos) {
  Dataset dataset;
  dataset.set_name(DatasetName(name));
  dataset.set_display_name(std::string(name));
  *dataset.mutable_create_time() = ToTimestamp(now_unix_nanos);
  return dataset;
}

// Stores the version. Where it has many files, they go beside its record and leave `version`.
void StoreVersion(const storage::Key& key, DatasetVersion& version, WriteSet& write_set) {
  if (version.files_size() > records::kFilesPerPart) {
    records::PutManifestParts(version.name(), version.files(), write_set);
    version.clear_files();
  }
  DatasetVersionRecord record;
  *record.mutable_version() = version;
  write_set.PutOnce(key, record.SerializeAsString());
}

// Reads the files that stand beside the record.
absl::StatusOr<DatasetVersion> WithFiles(const Snapshot& snapshot, DatasetVersion version) {
  if (!version.files().empty()) return version;
  CAIRN_ASSIGN_OR_RETURN(*version.mutable_files(),
                         records::ReadManifestParts(snapshot, version.name()));
  return version;
}

}  // namespace

absl::StatusOr<Dataset> GetDataset(const Snapshot& snapshot,
                                   const cairn::v1::GetDatasetRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDataset(snapshot, name));
  return ToResource(std::move(stored));
}

absl::StatusOr<cairn::v1::ListDatasetsResponse> ListDatasets(
    const Snapshot& snapshot, const cairn::v1::ListDatasetsRequest& request,
    const auth::Sight& sight) {
  cairn::v1::ListDatasetsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPageOf<DatasetRecord>(
          snapshot, request, KeyRange::Prefix(storage::DatasetPrefix()), ScanOrder::kAscending, {},
          [&](const DatasetRecord& record) { return sight.Sees(record.dataset().name()); },
          [&](std::string_view, auto stored) {
            *response.add_datasets() = ToResource(std::move(stored));
            return true;
          }));
  return response;
}

absl::StatusOr<DatasetVersion> GetDatasetVersion(
    const Snapshot& snapshot, const cairn::v1::GetDatasetVersionRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(FoundVersion found, ReadVersion(snapshot, "name", request.name()));
  return ToResource(std::move(found.stored));
}

absl::StatusOr<cairn::v1::DatasetDiff> DiffDatasetVersions(
    const Snapshot& snapshot, const cairn::v1::DiffDatasetVersionsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const FoundVersion from, ReadVersion(snapshot, "from", request.from()));
  CAIRN_ASSIGN_OR_RETURN(const FoundVersion to, ReadVersion(snapshot, "to", request.to()));
  CAIRN_ASSIGN_OR_RETURN(const DatasetVersion before,
                         WithFiles(snapshot, from.stored.value.version()));
  CAIRN_ASSIGN_OR_RETURN(const DatasetVersion after,
                         WithFiles(snapshot, to.stored.value.version()));
  return DiffVersions(before, after);
}

absl::StatusOr<cairn::v1::ListDatasetVersionsResponse> ListDatasetVersions(
    const Snapshot& snapshot, const cairn::v1::ListDatasetVersionsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(ReadDataset(snapshot, name).status());
  cairn::v1::ListDatasetVersionsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<DatasetVersionRecord>(
          snapshot, request, KeyRange::Prefix(storage::DatasetVersionPrefix(name)),
          ScanOrder::kDescending, {}, [&](std::string_view, auto stored, storage::PageRoom& room) {
            DatasetVersion version = ToResource(std::move(stored));
            for (auto& column : *version.mutable_columns()) column.clear_statistics();
            version.clear_files();
            if (!room.Take(version.ByteSizeLong())) return false;
            *response.add_dataset_versions() = std::move(version);
            return true;
          }));
  return response;
}

absl::StatusOr<Plan> PlanCreateDataset(const Snapshot& snapshot,
                                       const cairn::v1::CreateDatasetRequest& request,
                                       int64_t now_unix_nanos) {
  const std::string& name = request.dataset().display_name();
  CAIRN_RETURN_IF_ERROR(
      ValidateHumanName("dataset.display_name", name, kMaxNameBytes, /*allow_slash=*/false));
  CAIRN_RETURN_IF_ERROR(ValidateDescription(request.dataset().description()));
  CAIRN_RETURN_IF_ERROR(ValidateRetention(request.dataset()));
  const storage::Key key = storage::DatasetKey(name);
  CAIRN_ASSIGN_OR_RETURN(const auto existing, snapshot.Get(key));
  if (existing.has_value()) {
    return Error(absl::StatusCode::kAlreadyExists, ErrorReason::DATASET_EXISTS,
                 fmt::format("data set \"{}\" exists", name))
        .With("dataset", name)
        .Resource("Dataset", DatasetName(name))
        .ToStatus();
  }
  Dataset dataset = NewDataset(name, now_unix_nanos);
  dataset.set_description(request.dataset().description());
  if (request.dataset().has_retention()) {
    *dataset.mutable_retention() = request.dataset().retention();
  }
  *dataset.mutable_update_time() = dataset.create_time();
  DatasetRecord record;
  *record.mutable_dataset() = dataset;
  WriteSet write_set;
  write_set.RequireAbsent(key)
      .PutRecord(key, Payload(std::move(record)))
      .Emit(cairn::v1::Event::DATASET_CREATED, dataset);
  return storage::MakePlan(std::move(write_set), std::move(dataset));
}

absl::StatusOr<Plan> PlanCreateDatasetVersion(const Snapshot& snapshot,
                                              const cairn::v1::CreateDatasetVersionRequest& request,
                                              const RequestTime& now,
                                              const core::ManifestLoader& load) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(ValidateHumanName("parent", name, kMaxNameBytes, /*allow_slash=*/false));
  CAIRN_ASSIGN_OR_RETURN(DatasetVersion version, BuildVersion(snapshot, request, load));

  const storage::Key by_digest = storage::DatasetVersionByDigestKey(name, ContentAddress(version));
  CAIRN_ASSIGN_OR_RETURN(const auto known, storage::ReadRecord<PointerRecord>(snapshot, by_digest));
  if (known.has_value()) {
    cairn::v1::GetDatasetVersionRequest get;
    get.set_name(DatasetVersionName(name, known->value.number()));
    CAIRN_ASSIGN_OR_RETURN(auto existing, GetDatasetVersion(snapshot, get));
    return storage::AnswerOnly(std::move(existing));
  }

  const storage::Key dataset_key = storage::DatasetKey(name);
  CAIRN_ASSIGN_OR_RETURN(auto parent, storage::ReadRecord<DatasetRecord>(snapshot, dataset_key));
  DatasetRecord dataset_record = parent.has_value() ? parent->value : DatasetRecord();
  Dataset& dataset = *dataset_record.mutable_dataset();
  if (!parent.has_value()) dataset = NewDataset(name, now.stamp_unix_nanos);
  const int64_t number = std::max(dataset.latest_version(), dataset_record.last_number()) + 1;
  dataset.set_latest_version(number);
  *dataset.mutable_update_time() = ToTimestamp(now.stamp_unix_nanos);
  version.set_name(DatasetVersionName(name, number));
  *version.mutable_create_time() = ToTimestamp(now.stamp_unix_nanos);
  version.set_principal(now.principal);

  WriteSet write_set;
  if (!request.has_manifest()) {
    CAIRN_RETURN_IF_ERROR(records::RequireBlobs(snapshot, version.files(), write_set));
  }
  CAIRN_RETURN_IF_ERROR(LinkSources(snapshot, version, write_set));
  if (request.validate_only()) return storage::AnswerOnly(Answer(std::move(version)));
  RetentionScope scope;
  scope.dataset = name;
  scope.now_unix_nanos = now.ageing_unix_nanos;
  scope.one_more = true;
  scope.used.insert(version.parents().begin(), version.parents().end());
  scope.max_looked_at = kExpiredLookedAt;
  CAIRN_RETURN_IF_ERROR(ApplyRetention(snapshot, dataset, scope, write_set).status());
  StoreVersion(storage::DatasetVersionKey(name, number), version, write_set);
  PointerRecord pointer;
  pointer.set_number(number);
  if (!parent.has_value()) write_set.Emit(cairn::v1::Event::DATASET_CREATED, dataset);
  write_set.RequireRevision(dataset_key, parent.has_value() ? parent->mod_revision : 0)
      .RequireAbsent(by_digest)
      .PutRecord(dataset_key, Payload(std::move(dataset_record)))
      .PutOnce(by_digest, pointer.SerializeAsString())
      .Emit(cairn::v1::Event::DATASET_VERSION_CREATED, version);
  return storage::MakePlan(std::move(write_set), std::move(version));
}

}  // namespace cairn::datasets
