#include "server/datasets/dataset_records.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/records/dataset_refs.h"
#include "server/records/manifest_parts.h"
#include "server/storage/keyspace.h"

namespace cairn::datasets {

using cairn::internal::DatasetRecord;
using cairn::internal::DatasetVersionRecord;
using cairn::v1::Dataset;
using cairn::v1::DatasetVersion;
using storage::Snapshot;
using storage::Stored;

Dataset ToResource(Stored<DatasetRecord> stored) {
  Dataset dataset = std::move(*stored.value.mutable_dataset());
  dataset.set_etag(EtagOf(stored.mod_revision));
  return dataset;
}

DatasetVersion ToResource(Stored<DatasetVersionRecord> stored) {
  DatasetVersion version = std::move(*stored.value.mutable_version());
  version.set_etag(EtagOf(stored.mod_revision));
  return Answer(std::move(version));
}

DatasetVersion Answer(DatasetVersion version) {
  if (!version.files().empty()) version.set_file_count(version.files_size());
  if (version.files_size() > records::kFilesPerPart) version.clear_files();
  return version;
}

std::string DatasetAliasResource(std::string_view dataset, std::string_view alias) {
  return fmt::format("{}/aliases/{}", DatasetName(dataset), alias);
}

std::string Payload(DatasetRecord record) {
  record.mutable_dataset()->clear_etag();
  return record.SerializeAsString();
}

absl::StatusOr<std::string> ParseDatasetName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "datasets/*"));
  return ids[0];
}

absl::StatusOr<Stored<DatasetRecord>> ReadDataset(const Snapshot& snapshot,
                                                  std::string_view dataset) {
  CAIRN_ASSIGN_OR_RETURN(
      auto stored, storage::ReadRecord<DatasetRecord>(snapshot, storage::DatasetKey(dataset)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_NOT_FOUND, "Dataset", DatasetName(dataset)).ToStatus();
  }
  return *std::move(stored);
}

absl::StatusOr<FoundVersion> ReadVersion(const Snapshot& snapshot, std::string_view field,
                                         std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(VersionName found, records::ResolveDatasetVersion(snapshot, field, name));
  CAIRN_RETURN_IF_ERROR(ReadDataset(snapshot, found.parent_id).status());
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<DatasetVersionRecord>(
                             snapshot, storage::DatasetVersionKey(found.parent_id, found.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", name).ToStatus();
  }
  return FoundVersion{std::move(found), *std::move(stored)};
}

std::string ContentAddress(const DatasetVersion& version) {
  std::string text = version.sha256() + "\n" + version.producer() + "\n";
  for (const std::string& parent : version.parents()) text += parent + "\n";
  return Sha256Hex(text);
}

absl::Status TooLong(std::string_view field, std::string_view value, size_t limit) {
  return InvalidField(ErrorReason::VALUE_INVALID, field, value,
                      fmt::format("must be at most {} bytes long", limit));
}

absl::Status ValidateDescription(std::string_view description) {
  if (description.size() <= kMaxTextBytes) return absl::OkStatus();
  return TooLong("dataset.description", description, kMaxTextBytes);
}

storage::Plan StoreDataset(std::string_view name, Stored<DatasetRecord> stored,
                           int64_t now_unix_nanos, storage::WriteSet write_set) {
  *stored.value.mutable_dataset()->mutable_update_time() = ToTimestamp(now_unix_nanos);
  const storage::Key key = storage::DatasetKey(name);
  Dataset dataset = stored.value.dataset();
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, Payload(std::move(stored.value)));
  return storage::MakePlan(std::move(write_set), std::move(dataset));
}

absl::Status ValidateTags(const google::protobuf::Map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) {
    CAIRN_RETURN_IF_ERROR(ValidateHumanName("dataset_version.tags key", key, kMaxNameBytes, true));
    if (value.size() > kMaxTextBytes) {
      return TooLong(fmt::format("dataset_version.tags.{}", key), value, kMaxTextBytes);
    }
  }
  return absl::OkStatus();
}

}  // namespace cairn::datasets
