#ifndef CAIRN_SERVER_RECORDS_DATASET_REFS_H_
#define CAIRN_SERVER_RECORDS_DATASET_REFS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::records {

// What every layer that refers to data set versions shares: what their names stand for,
// and that a version which is referred to is not deleted.

// The version that `datasets/d/versions/{number, alias or latest}` stands for at
// `snapshot`. A number is not looked up; whether the version exists is for the caller.
//
// - INVALID_ARGUMENT (NAME_INVALID) naming `field`
// - NOT_FOUND (DATASET_NOT_FOUND, ALIAS_NOT_FOUND); DATASET_VERSION_NOT_FOUND for
//   `latest` of a data set without versions
absl::StatusOr<VersionName> ResolveDatasetVersion(const storage::Snapshot& snapshot,
                                                  std::string_view field, std::string_view name);

// Touched by every commit that comes to refer to the version, so that "nothing refers to
// it" can be a precondition of its deletion.
storage::Key DatasetVersionUsesKey(const VersionName& version);

// Adds to `write_set` that something refers to the version from now on: that it exists
// when the commit is applied, and its uses key. May be called repeatedly.
void UseDatasetVersion(const VersionName& version, storage::WriteSet& write_set);

}  // namespace cairn::records

#endif  // CAIRN_SERVER_RECORDS_DATASET_REFS_H_
