// What changes a data set after its versions were registered: its own fields, tags, aliases.

#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/alias_names.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/core/tag_mask.h"
#include "server/datasets/dataset_records.h"
#include "server/datasets/datasets.h"
#include "server/datasets/retention.h"
#include "server/records/dataset_refs.h"
#include "server/storage/keyspace.h"

namespace cairn::datasets {
namespace {

using cairn::v1::Dataset;
using cairn::v1::DatasetVersion;
using core::Tags;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

constexpr AliasRules kAliasRules = {.field = "alias", .max_bytes = 100, .dots = true};
constexpr int kMaxAliases = 1000;

// The tags after the update.
absl::StatusOr<Tags> UpdatedTags(const Tags& current,
                                 const cairn::v1::UpdateDatasetVersionRequest& request) {
  const Tags& wanted = request.dataset_version().tags();
  core::TagMask mask =
      request.has_update_mask() ? core::TagMask() : core::TagMask::OfPopulated(wanted);
  for (const std::string& path : request.update_mask().paths()) {
    CAIRN_ASSIGN_OR_RETURN(const bool about_tags, mask.Take(path));
    if (about_tags || path == "name" || path == "etag" || path == "create_time") continue;
    const bool known = DatasetVersion::descriptor()->FindFieldByName(path) != nullptr;
    return InvalidField(
               ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
               known ? "is immutable: only tags can change" : "must be `*`, `tags` or `tags.KEY`")
        .ToStatus();
  }
  return mask.Apply(current, wanted);
}

// The fields that an update changes: those of the mask, or without one those that are set.
struct DatasetFields {
  bool description = false;
  bool retention = false;
};

absl::StatusOr<DatasetFields> FieldsToUpdate(const cairn::v1::UpdateDatasetRequest& request) {
  const Dataset& wanted = request.dataset();
  DatasetFields fields;
  if (!request.has_update_mask()) {
    fields.description = !wanted.description().empty();
    fields.retention = wanted.has_retention();
    return fields;
  }
  for (const std::string& path : request.update_mask().paths()) {
    fields.description = fields.description || path == "*" || path == "description";
    fields.retention = fields.retention || path == "*" || path == "retention";
    if (path == "*" || path == "description" || path == "retention") continue;
    const bool known = Dataset::descriptor()->FindFieldByName(path) != nullptr;
    return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
                        known ? "cannot be changed by this call"
                              : "must be `*`, `description` or `retention`")
        .ToStatus();
  }
  return fields;
}

bool SameRule(const Dataset& a, const Dataset& b) {
  return a.has_retention() == b.has_retention() &&
         a.retention().keep_last() == b.retention().keep_last() &&
         a.retention().has_keep_for() == b.retention().has_keep_for() &&
         a.retention().keep_for().seconds() == b.retention().keep_for().seconds() &&
         a.retention().keep_for().nanos() == b.retention().keep_for().nanos();
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
  if (core::SameTags(tags, updated))
    return storage::AnswerOnly(ToResource(std::move(found.stored)));
  tags = std::move(updated);
  DatasetVersion version = Answer(found.stored.value.version());
  const storage::Key key = storage::DatasetVersionKey(found.name.parent_id, found.name.version);
  WriteSet write_set;
  write_set.RequireRevision(key, found.stored.mod_revision)
      .PutRecord(key, found.stored.value.SerializeAsString())
      .Emit(cairn::v1::Event::DATASET_VERSION_UPDATED, version);
  return storage::MakePlan(std::move(write_set), std::move(version));
}

absl::StatusOr<Plan> PlanSetDatasetAlias(const Snapshot& snapshot,
                                         const cairn::v1::SetDatasetAliasRequest& request,
                                         int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("name", request.name()));
  CAIRN_RETURN_IF_ERROR(ValidateAlias(request.alias(), kAliasRules));
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
  write_set.RequireExists(version).Emit(DatasetAliasResource(name, request.alias()),
                                        cairn::v1::Event::DATASET_ALIAS_SET,
                                        storage::ImageOf(stored.value.dataset()));
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
  write_set
      .Emit(DatasetAliasResource(name, request.alias()), cairn::v1::Event::DATASET_ALIAS_DELETED,
            storage::ImageOf(stored.value.dataset()))
      .FreesSpace();
  return StoreDataset(name, std::move(stored), now_unix_nanos, std::move(write_set));
}

absl::StatusOr<Plan> PlanUpdateDataset(const Snapshot& snapshot,
                                       const cairn::v1::UpdateDatasetRequest& request,
                                       int64_t now_unix_nanos) {
  const Dataset& wanted = request.dataset();
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("dataset.name", wanted.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDataset(snapshot, name));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(wanted.name(), wanted.etag(), stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(const DatasetFields fields, FieldsToUpdate(request));
  Dataset& dataset = *stored.value.mutable_dataset();
  const Dataset before = dataset;
  if (fields.description) {
    CAIRN_RETURN_IF_ERROR(ValidateDescription(wanted.description()));
    dataset.set_description(wanted.description());
  }
  if (fields.retention) {
    CAIRN_RETURN_IF_ERROR(ValidateRetention(wanted));
    dataset.clear_retention();
    if (wanted.has_retention()) *dataset.mutable_retention() = wanted.retention();
  }
  if (before.description() == dataset.description() && SameRule(before, dataset)) {
    return storage::AnswerOnly(ToResource(std::move(stored)));
  }
  WriteSet write_set;
  write_set.Emit(cairn::v1::Event::DATASET_UPDATED, dataset);
  return StoreDataset(name, std::move(stored), now_unix_nanos, std::move(write_set));
}

}  // namespace cairn::datasets
