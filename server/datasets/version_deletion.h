#ifndef CAIRN_SERVER_DATASETS_VERSION_DELETION_H_
#define CAIRN_SERVER_DATASETS_VERSION_DELETION_H_

#include <functional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"
#include "server/storage/write_set.h"

namespace cairn::datasets {

// What single deletions and retention share: who refers to a version, and how it goes.

// Resource names of what refers to the version at `snapshot`: aliases of `dataset`, and
// what was made from it or measured on it as edges tell. Of measurements of model
// versions no edge tells: see EachModelVersion. A version with users is not deleted.
// O(edges of the version).
absl::StatusOr<std::set<std::string>> UsersOfVersion(const storage::Snapshot& snapshot,
                                                     const VersionName& name,
                                                     const cairn::v1::Dataset& dataset);

// Calls `visit` with every model version of the server, and the names of the data set
// versions that it was trained or measured on. Reads all of them, so it is called once
// for a whole deletion and not for each version.
absl::Status EachModelVersion(
    const storage::Snapshot& snapshot,
    const std::function<void(const std::string& model_version,
                             const std::set<std::string>& dataset_versions)>& visit);

// Adds to `write_set` the deletion of the version with the edges and the pointer that lead to
// it. A commit that comes to refer to the version meanwhile breaks its conditions. That the
// version is not the data set's latest any more is for the caller to store.
absl::Status DeleteVersion(const storage::Snapshot& snapshot, const VersionName& name,
                           const storage::Stored<cairn::internal::DatasetVersionRecord>& stored,
                           storage::WriteSet& write_set);

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_VERSION_DELETION_H_
