#include "server/records/dataset_refs.h"

#include <algorithm>
#include <string>

#include "cairn/internal/records.pb.h"
#include "lib/base/alias_names.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::records {

using storage::CollectionKey;
using storage::DatasetKey;
using storage::DatasetVersionKey;
using storage::Key;
using storage::Put;
using storage::ReadRecord;
using storage::Snapshot;
using storage::WriteSet;

absl::StatusOr<VersionName> ResolveDatasetVersion(const Snapshot& snapshot, std::string_view field,
                                                  std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "datasets/*/versions/*"));
  const std::string& id = ids[1];
  if (!IsAliasNotNumber(id)) return ParseDatasetVersionName(field, name);
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         ReadRecord<cairn::internal::DatasetRecord>(snapshot, DatasetKey(ids[0])));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_NOT_FOUND, "Dataset", DatasetName(ids[0])).ToStatus();
  }
  const cairn::v1::Dataset& dataset = stored->value.dataset();
  if (id == kLatestAlias) {
    if (dataset.latest_version() > 0) return VersionName{ids[0], dataset.latest_version()};
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", name).ToStatus();
  }
  const auto alias = dataset.aliases().find(id);
  if (alias == dataset.aliases().end()) {
    return NotFound(ErrorReason::ALIAS_NOT_FOUND, "Alias", name).ToStatus();
  }
  return VersionName{ids[0], alias->second};
}

Key DatasetVersionUsesKey(const VersionName& version) {
  return CollectionKey(DatasetVersionName(version.parent_id, version.version) + "/uses");
}

void UseDatasetVersion(const VersionName& version, WriteSet& write_set) {
  const Key uses = DatasetVersionUsesKey(version);
  const bool known = std::any_of(write_set.puts.begin(), write_set.puts.end(),
                                 [&](const Put& put) { return put.key == uses; });
  write_set.RequireExists(DatasetVersionKey(version.parent_id, version.version));
  if (!known) write_set.PutRecord(uses, "");
}

}  // namespace cairn::records
