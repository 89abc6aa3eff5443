// What changes a data set after its versions were registered: tags, aliases, deletions.

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/datasets/dataset_records.h"
#include "server/datasets/datasets.h"
#include "server/storage/dataset_refs.h"
#include "server/storage/keyspace.h"

namespace cairn::datasets {
namespace {

using cairn::internal::DatasetRecord;
using cairn::internal::DatasetVersionRecord;
using cairn::internal::ModelRecord;
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
using Tags = google::protobuf::Map<std::string, std::string>;

constexpr size_t kMaxAliasBytes = 100;
constexpr int kMaxAliases = 1000;
constexpr std::string_view kTagMask = "tags.";

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

absl::Status ValidateAlias(std::string_view alias) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (alias.empty() || alias.size() > kMaxAliasBytes || alias.front() == '-' ||
      alias.find_first_not_of(kLetters) != std::string_view::npos) {
    return InvalidField(ErrorReason::NAME_INVALID, "alias", alias,
                        fmt::format("must be 1 to {} letters, digits, '.', '_' and '-', and not "
                                    "begin with '-'",
                                    kMaxAliasBytes));
  }
  const bool like_version = AllDigits(alias.substr(alias.front() == 'v' ? 1 : 0));
  if (alias == "latest" || like_version) {
    return InvalidField(ErrorReason::ALIAS_RESERVED, "alias", alias,
                        "must not be `latest` or look like a version");
  }
  return absl::OkStatus();
}

std::string AliasResource(std::string_view dataset, std::string_view alias) {
  return fmt::format("{}/aliases/{}", DatasetName(dataset), alias);
}

// A plan that stores the data set and answers it.
Plan StoreDataset(std::string_view name, Stored<DatasetRecord> stored, int64_t now_unix_nanos,
                  WriteSet write_set) {
  *stored.value.mutable_dataset()->mutable_update_time() = ToTimestamp(now_unix_nanos);
  const storage::Key key = storage::DatasetKey(name);
  Dataset dataset = stored.value.dataset();
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, Payload(std::move(stored.value)));
  return storage::MakePlan(std::move(write_set), std::move(dataset));
}

// The tag that a path of an update mask names; backticks may stand around it.
std::string MaskedTag(std::string_view path) {
  std::string_view tag = path.substr(kTagMask.size());
  if (tag.size() >= 2 && tag.front() == '`' && tag.back() == '`') {
    tag = tag.substr(1, tag.size() - 2);
  }
  return std::string(tag);
}

// The tags after the update.
absl::StatusOr<Tags> UpdatedTags(const Tags& current,
                                 const cairn::v1::UpdateDatasetVersionRequest& request) {
  const Tags& wanted = request.dataset_version().tags();
  if (!request.has_update_mask()) return wanted.empty() ? current : wanted;
  Tags tags = current;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "*" || path == "tags") return wanted;
    if (path.rfind(kTagMask, 0) == 0 && path.size() > kTagMask.size()) {
      const std::string tag = MaskedTag(path);
      const auto at = wanted.find(tag);
      if (at == wanted.end()) {
        tags.erase(tag);
      } else {
        tags[tag] = at->second;
      }
    } else if (DatasetVersion::descriptor()->FindFieldByName(path) == nullptr) {
      return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
                          "must be `*`, `tags` or `tags.KEY`")
          .ToStatus();
    } else if (path != "name" && path != "etag" && path != "create_time") {
      return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
                          "is immutable: only tags can change")
          .ToStatus();
    }
  }
  return tags;
}

bool SameTags(const Tags& a, const Tags& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& tag) {
           const auto at = b.find(tag.first);
           return at != b.end() && at->second == tag.second;
         });
}

// What keeps a version from being deleted: the first thing that refers to it, and how many.
class Users {
 public:
  void Add(const std::string& user) { names_.insert(user); }

  absl::Status Refuse(const std::string& version) const {
    if (names_.empty()) return absl::OkStatus();
    const std::string count = std::to_string(names_.size());
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::HAS_CHILDREN,
                 fmt::format(
                     "{} is used by {}{}", version, *names_.begin(),
                     names_.size() == 1 ? "" : fmt::format(" and {} more", names_.size() - 1)))
        .With("datasetVersion", version)
        .With("child", *names_.begin())
        .With("childCount", count)
        .Precondition("CHILDREN", version, fmt::format("is used by {}", *names_.begin()));
  }

 private:
  std::set<std::string> names_;
};

// Ends of the edges below `prefix`.
absl::Status EachEdge(const Snapshot& snapshot, const storage::Key& prefix,
                      const std::function<void(std::string)>& visit) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(prefix), ScanOrder::kAscending,
                                      [&](std::string_view key, const storage::Record&) {
                                        auto end = storage::LastStringOf(prefix, key);
                                        failure = end.status();
                                        if (end.ok()) visit(*std::move(end));
                                        return failure.ok();
                                      }));
  return failure;
}

// The model versions that were trained or measured on the version. Of the latter no edge
// tells, because lineage goes through the run.
absl::Status FindModelVersions(const Snapshot& snapshot, const std::string& version, Users& users) {
  std::vector<std::string> models;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ModelRecord>(
      snapshot, KeyRange::Prefix(storage::ModelPrefix()), ScanOrder::kAscending,
      [&](std::string_view, const auto& stored) {
        models.push_back(stored.value.model().display_name());
        return true;
      }));
  for (const std::string& model : models) {
    CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ModelVersionRecord>(
        snapshot, KeyRange::Prefix(storage::ModelVersionPrefix(model)), ScanOrder::kAscending,
        [&](std::string_view, const auto& stored) {
          const auto& made = stored.value.version();
          const bool measured = std::any_of(
              made.evidence().begin(), made.evidence().end(),
              [&](const auto& evidence) { return evidence.dataset_version() == version; });
          if (measured || made.training_dataset() == version) users.Add(made.name());
          return true;
        }));
  }
  return absl::OkStatus();
}

absl::Status CheckUnused(const Snapshot& snapshot, const VersionName& name,
                         const Dataset& dataset) {
  const std::string version = DatasetVersionName(name.parent_id, name.version);
  Users users;
  for (const auto& [alias, number] : dataset.aliases()) {
    if (number == name.version) users.Add(AliasResource(name.parent_id, alias));
  }
  CAIRN_RETURN_IF_ERROR(EachEdge(snapshot, storage::LineageDownPrefix(version),
                                 [&](const std::string& child) { users.Add(child); }));
  CAIRN_RETURN_IF_ERROR(FindModelVersions(snapshot, version, users));
  return users.Refuse(version);
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
  CAIRN_RETURN_IF_ERROR(
      EachEdge(snapshot, storage::LineageUpPrefix(version.name()), [&](const std::string& run) {
        keys.insert(storage::LineageUpKey(version.name(), run));
        keys.insert(storage::LineageDownKey(run, version.name()));
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

absl::StatusOr<Plan> PlanUpdateDatasetVersion(
    const Snapshot& snapshot, const cairn::v1::UpdateDatasetVersionRequest& request) {
  const DatasetVersion& wanted = request.dataset_version();
  CAIRN_ASSIGN_OR_RETURN(FoundVersion found,
                         ReadVersion(snapshot, "dataset_version.name", wanted.name()));
  CAIRN_RETURN_IF_ERROR(
      storage::CheckEtag(wanted.name(), wanted.etag(), found.stored.mod_revision));
  CAIRN_RETURN_IF_ERROR(ValidateTags(wanted.tags()));
  Tags& tags = *found.stored.value.mutable_version()->mutable_tags();
  CAIRN_ASSIGN_OR_RETURN(Tags updated, UpdatedTags(tags, request));
  if (SameTags(tags, updated)) return storage::AnswerOnly(ToResource(std::move(found.stored)));
  tags = std::move(updated);
  DatasetVersion version = found.stored.value.version();
  const storage::Key key = storage::DatasetVersionKey(found.name.parent_id, found.name.version);
  WriteSet write_set;
  write_set.RequireRevision(key, found.stored.mod_revision)
      .PutRecord(key, found.stored.value.SerializeAsString())
      .Emit(version.name(), "datasetVersion.updated");
  return storage::MakePlan(std::move(write_set), std::move(version));
}

absl::StatusOr<Plan> PlanSetDatasetAlias(const Snapshot& snapshot,
                                         const cairn::v1::SetDatasetAliasRequest& request,
                                         int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("name", request.name()));
  CAIRN_RETURN_IF_ERROR(ValidateAlias(request.alias()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDataset(snapshot, name));
  const storage::Key version = storage::DatasetVersionKey(name, request.version());
  CAIRN_ASSIGN_OR_RETURN(const auto target, snapshot.Get(version));
  if (!target.has_value()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion",
                    DatasetVersionName(name, request.version()))
        .ToStatus();
  }
  auto& aliases = *stored.value.mutable_dataset()->mutable_aliases();
  const auto current = aliases.find(request.alias());
  if (current != aliases.end() && current->second == request.version()) {
    return storage::AnswerOnly(ToResource(std::move(stored)));
  }
  aliases[request.alias()] = request.version();
  if (aliases.size() > kMaxAliases) {
    return InvalidField(ErrorReason::TOO_LARGE, "alias", request.alias(),
                        fmt::format("must be one of at most {} aliases", kMaxAliases))
        .ToStatus();
  }
  WriteSet write_set;
  write_set.RequireExists(version).Emit(AliasResource(name, request.alias()), "datasetAlias.set");
  return StoreDataset(name, std::move(stored), now_unix_nanos, std::move(write_set));
}

absl::StatusOr<Plan> PlanDeleteDatasetAlias(const Snapshot& snapshot,
                                            const cairn::v1::DeleteDatasetAliasRequest& request,
                                            int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDataset(snapshot, name));
  if (stored.value.mutable_dataset()->mutable_aliases()->erase(request.alias()) == 0) {
    return storage::AnswerOnly(ToResource(std::move(stored)));
  }
  WriteSet write_set;
  write_set.Emit(AliasResource(name, request.alias()), "datasetAlias.deleted");
  return StoreDataset(name, std::move(stored), now_unix_nanos, std::move(write_set));
}

absl::StatusOr<Plan> PlanDeleteDatasetVersion(const Snapshot& snapshot,
                                              const cairn::v1::DeleteDatasetVersionRequest& request,
                                              int64_t now_unix_nanos) {
  // Only a number: what an alias points at may change between reading and deleting.
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseDatasetVersionName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(const FoundVersion found, ReadVersion(snapshot, "name", request.name()));
  const DatasetVersion& version = found.stored.value.version();
  CAIRN_RETURN_IF_ERROR(
      storage::CheckEtag(request.name(), request.etag(), found.stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(auto dataset, ReadDataset(snapshot, name.parent_id));
  CAIRN_RETURN_IF_ERROR(CheckUnused(snapshot, name, dataset.value.dataset()));
  if (request.validate_only()) return storage::AnswerOnly(google::protobuf::Empty());

  const storage::Key uses = storage::DatasetVersionUsesKey(name);
  CAIRN_ASSIGN_OR_RETURN(const auto used, snapshot.Get(uses));
  const storage::Key key = storage::DatasetVersionKey(name.parent_id, name.version);
  WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(DeleteReferences(snapshot, name, version, write_set));
  write_set.RequireRevision(key, found.stored.mod_revision)
      .RequireRevision(uses, used.has_value() ? used->mod_revision : 0)
      .Delete(key)
      .Emit(version.name(), "datasetVersion.deleted");
  if (used.has_value()) write_set.Delete(uses);
  DatasetRecord& record = dataset.value;
  record.set_last_number(std::max(record.last_number(), name.version));
  record.set_last_number(std::max(record.last_number(), record.dataset().latest_version()));
  CAIRN_ASSIGN_OR_RETURN(const int64_t newest, NewestBut(snapshot, name));
  record.mutable_dataset()->set_latest_version(newest);
  Plan plan =
      StoreDataset(name.parent_id, std::move(dataset), now_unix_nanos, std::move(write_set));
  plan.response = std::make_unique<google::protobuf::Empty>();
  return plan;
}

}  // namespace cairn::datasets
