#ifndef CAIRN_SERVER_RECORDS_MANIFEST_PARTS_H_
#define CAIRN_SERVER_RECORDS_MANIFEST_PARTS_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::records {

// The files of a version with very many of them, which its record does not hold: parts of
// kFilesPerPart files by path. All functions are pure but for reading.

using ManifestFiles = google::protobuf::RepeatedPtrField<cairn::v1::ArtifactFile>;

// More files than this are in parts.
inline constexpr int kFilesPerPart = 1000;

// Adds to `write_set` the files of `owner`, a resource name that has none yet. They are in
// order, each path once.
void PutManifestParts(std::string_view owner, const ManifestFiles& files,
                      storage::WriteSet& write_set);

// Visits the parts of `owner` in order, from the one that may hold the first path behind
// `after` (empty: from the first), until `visit` returns false. Errors of ScanRecords.
absl::Status EachManifestPart(
    const storage::Snapshot& snapshot, std::string_view owner, std::string_view after,
    const std::function<bool(const cairn::internal::ManifestPartRecord& part)>& visit);

// All files of `owner`.
absl::StatusOr<ManifestFiles> ReadManifestParts(const storage::Snapshot& snapshot,
                                                std::string_view owner);

// Adds to `write_set` that the files of `owner` go.
absl::Status DeleteManifestParts(const storage::Snapshot& snapshot, std::string_view owner,
                                 storage::WriteSet& write_set);

}  // namespace cairn::records

#endif  // CAIRN_SERVER_RECORDS_MANIFEST_PARTS_H_
