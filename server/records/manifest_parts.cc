#include "server/records/manifest_parts.h"

#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::records {

using storage::Key;
using storage::KeyRange;
using storage::ManifestPartKey;
using storage::ManifestPartPrefix;
using storage::Record;
using storage::ScanOrder;
using storage::ScanRecords;
using storage::Snapshot;
using storage::WriteSet;

using cairn::internal::ManifestPartRecord;

void PutManifestParts(std::string_view owner, const ManifestFiles& files, WriteSet& write_set) {
  ManifestPartRecord part;
  for (int i = 0; i < files.size(); ++i) {
    *part.add_files() = files[i];
    if (part.files_size() < kFilesPerPart && i + 1 < files.size()) continue;
    write_set.PutOnce(ManifestPartKey(owner, files[i].path()), part.SerializeAsString());
    part.Clear();
  }
}

absl::Status EachManifestPart(const Snapshot& snapshot, std::string_view owner,
                              std::string_view after,
                              const std::function<bool(const ManifestPartRecord& part)>& visit) {
  KeyRange range = KeyRange::Prefix(ManifestPartPrefix(owner));
  if (!after.empty()) range.begin = ManifestPartKey(owner, after).bytes;
  return ScanRecords<ManifestPartRecord>(
      snapshot, range, ScanOrder::kAscending,
      [&](std::string_view, const auto& stored) { return visit(stored.value); });
}

absl::StatusOr<ManifestFiles> ReadManifestParts(const Snapshot& snapshot, std::string_view owner) {
  ManifestFiles files;
  CAIRN_RETURN_IF_ERROR(EachManifestPart(snapshot, owner, "", [&](const auto& part) {
    files.MergeFrom(part.files());
    return true;
  }));
  return files;
}

absl::Status DeleteManifestParts(const Snapshot& snapshot, std::string_view owner,
                                 WriteSet& write_set) {
  const Key prefix = ManifestPartPrefix(owner);
  return snapshot.Scan(KeyRange::Prefix(prefix), ScanOrder::kAscending,
                       [&](std::string_view key, const Record&) {
                         write_set.Delete({prefix.family, std::string(key)});
                         return true;
                       });
}

}  // namespace cairn::records
