#include "server/datasets/version_deletion.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/datasets/dataset_records.h"
#include "server/datasets/datasets.h"
#include "server/records/dataset_refs.h"
#include "server/records/lineage_edges.h"
#include "server/records/manifest_parts.h"
#include "server/storage/keyspace.h"

namespace cairn::datasets {
namespace {

using cairn::internal::DatasetRecord;
using cairn::internal::DatasetVersionRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::PointerRecord;
using cairn::v1::Dataset;
using cairn::v1::DatasetVersion;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

absl::Status RefuseUsed(const std::string& version, const std::set<std::string>& users) {
  if (users.empty()) return absl::OkStatus();
  const std::string& first = *users.begin();
  const std::string rest = users.size() == 1 ? "" : fmt::format(" and {} more", users.size() - 1);
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::HAS_CHILDREN,
               fmt::format("{} is used by {}{}", version, first, rest))
      .With("datasetVersion", version)
      .With("child", first)
      .With("childCount", std::to_string(users.size()))
      .Precondition("CHILDREN", version, fmt::format("is used by {}", first));
}

absl::Status CheckUnused(const Snapshot& snapshot, const VersionName& name,
                         const Dataset& dataset) {
  const std::string version = DatasetVersionName(name.parent_id, name.version);
  CAIRN_ASSIGN_OR_RETURN(auto users, UsersOfVersion(snapshot, name, dataset));
  CAIRN_RETURN_IF_ERROR(
      EachModelVersion(snapshot, [&](const std::string& made, const std::set<std::string>& from) {
        if (from.count(version) > 0) users.insert(made);
      }));
  return RefuseUsed(version, users);
}

// The newest version but `deleted`; 0 if there is none.
absl::StatusOr<int64_t> NewestBut(const Snapshot& snapshot, const VersionName& deleted) {
  int64_t newest = 0;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<DatasetVersionRecord>(
      snapshot, KeyRange::Prefix(storage::DatasetVersionPrefix(deleted.parent_id)),
      ScanOrder::kDescending, [&](std::string_view, const auto& stored) {
        const auto name = ParseDatasetVersionName("name", stored.value.version().name());
        failure = name.status();
        if (!failure.ok()) return false;
        if (name->version == deleted.version) return true;
        newest = name->version;
        return false;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return newest;
}

// Deletes the keys that lead to the version.
absl::Status DeleteReferences(const Snapshot& snapshot, const VersionName& name,
                              const DatasetVersion& version, WriteSet& write_set) {
  std::set<storage::Key> keys;
  for (const std::string& parent : version.parents()) {
    keys.insert(storage::LineageDownKey(parent, version.name()));
  }
  if (!version.run().empty()) keys.insert(storage::LineageDownKey(version.run(), version.name()));
  CAIRN_RETURN_IF_ERROR(records::EachEdge(
      snapshot, storage::LineageUpPrefix(version.name()), [&](const std::string& run) {
        keys.insert(storage::LineageUpKey(version.name(), run));
        keys.insert(storage::LineageDownKey(run, version.name()));
        return true;
      }));
  const storage::Key by_digest =
      storage::DatasetVersionByDigestKey(name.parent_id, ContentAddress(version));
  CAIRN_ASSIGN_OR_RETURN(const auto pointer,
                         storage::ReadRecord<PointerRecord>(snapshot, by_digest));
  if (pointer.has_value() && pointer->value.number() == name.version) keys.insert(by_digest);
  for (const storage::Key& key : keys) {
    CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(key));
    if (record.has_value()) write_set.Delete(key);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::set<std::string>> UsersOfVersion(const Snapshot& snapshot,
                                                     const VersionName& name,
                                                     const Dataset& dataset) {
  std::set<std::string> users;
  for (const auto& [alias, number] : dataset.aliases()) {
    if (number == name.version) users.insert(DatasetAliasResource(name.parent_id, alias));
  }
  const std::string version = DatasetVersionName(name.parent_id, name.version);
  CAIRN_RETURN_IF_ERROR(records::EachEdge(snapshot, storage::LineageDownPrefix(version),
                                          [&users](const std::string& child) {
                                            users.insert(child);
                                            return true;
                                          }));
  return users;
}

absl::Status EachModelVersion(
    const Snapshot& snapshot,
    const std::function<void(const std::string&, const std::set<std::string>&)>& visit) {
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ModelVersionRecord>(
      snapshot, KeyRange::Prefix(storage::AllModelVersionsPrefix()), ScanOrder::kAscending,
      [&visit](std::string_view, const auto& stored) {
        const cairn::v1::ModelVersion& made = stored.value.version();
        if (!made.training_dataset().empty()) visit(made.name(), {made.training_dataset()});
        return true;
      }));
  return storage::ScanRecords<cairn::internal::EvaluationRecord>(
      snapshot, KeyRange::Prefix(storage::AllEvaluationsPrefix()), ScanOrder::kAscending,
      [&visit](std::string_view, const auto& stored) {
        const cairn::v1::Evaluation& made = stored.value.evaluation();
        if (!made.dataset_version().empty()) visit(made.name(), {made.dataset_version()});
        return true;
      });
}

absl::Status DeleteVersion(const Snapshot& snapshot, const VersionName& name,
                           const Stored<DatasetVersionRecord>& stored, WriteSet& write_set) {
  const storage::Key uses = records::DatasetVersionUsesKey(name);
  CAIRN_ASSIGN_OR_RETURN(const auto used, snapshot.Get(uses));
  const storage::Key key = storage::DatasetVersionKey(name.parent_id, name.version);
  CAIRN_RETURN_IF_ERROR(DeleteReferences(snapshot, name, stored.value.version(), write_set));
  CAIRN_RETURN_IF_ERROR(
      records::DeleteManifestParts(snapshot, stored.value.version().name(), write_set));
  write_set.RequireRevision(key, stored.mod_revision)
      .RequireRevision(uses, used.has_value() ? used->mod_revision : 0)
      .Delete(key)
      .Emit(stored.value.version().name(), cairn::v1::Event::DATASET_VERSION_DELETED);
  if (used.has_value()) write_set.Delete(uses);
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanDeleteDatasetVersion(const Snapshot& snapshot,
                                              const cairn::v1::DeleteDatasetVersionRequest& request,
                                              int64_t now_unix_nanos) {
  // Only a number: what an alias points at may change between reading and deleting.
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseDatasetVersionName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const FoundVersion found, ReadVersion(snapshot, "name", request.name()));
  CAIRN_RETURN_IF_ERROR(
      storage::CheckEtag(request.name(), request.etag(), found.stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(auto dataset, ReadDataset(snapshot, name.parent_id));
  CAIRN_RETURN_IF_ERROR(CheckUnused(snapshot, name, dataset.value.dataset()));
  if (request.validate_only()) return storage::AnswerOnly(google::protobuf::Empty());

  WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(DeleteVersion(snapshot, name, found.stored, write_set));
  DatasetRecord& record = dataset.value;
  record.set_last_number(std::max(record.last_number(), name.version));
  record.set_last_number(std::max(record.last_number(), record.dataset().latest_version()));
  CAIRN_ASSIGN_OR_RETURN(const int64_t newest, NewestBut(snapshot, name));
  record.mutable_dataset()->set_latest_version(newest);
  Plan plan =
      StoreDataset(name.parent_id, std::move(dataset), now_unix_nanos, std::move(write_set));
  plan.write_set.FreesSpace();
  plan.response = std::make_unique<google::protobuf::Empty>();
  return plan;
}

}  // namespace cairn::datasets
