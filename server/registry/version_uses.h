#ifndef CAIRN_SERVER_REGISTRY_VERSION_USES_H_
#define CAIRN_SERVER_REGISTRY_VERSION_USES_H_

#include "absl/status/status.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// What leads to a model version: channels that serve, hold or served it, and aliases. Whatever
// comes to lead to one touches the version's uses key in its commit, so that "nothing leads to it"
// can be a precondition of its archiving and deletion. Pure but for reading.

// Adds to `write_set` that something leads to the version from now on: that it exists when the
// commit is applied, and its uses key. At most once in a write set.
void UseModelVersion(const VersionName& version, storage::WriteSet& write_set);

// The condition that nothing comes to lead to the version after `snapshot`.
absl::Status GuardModelVersionUses(const storage::Snapshot& snapshot, const VersionName& version,
                                   storage::WriteSet& write_set);

// Where the uses of the version are counted, for who deletes it.
storage::Key ModelVersionUsesKey(const VersionName& version);

// FAILED_PRECONDITION (MODEL_VERSION_IN_USE), with the channel: one serves the version.
absl::Status CheckNotServed(const storage::Snapshot& snapshot, const VersionName& version);

// FAILED_PRECONDITION for what would lead to nothing without the version:
// - MODEL_VERSION_IN_USE: a channel serves it or served it before, which decisions say and a
//   rollback may want back (metadata `channel`, `epoch`), or an alias points at it (`alias`)
// - MODEL_VERSION_HELD: a channel holds it
// O(epochs of the model's channels).
absl::Status CheckUnused(const storage::Snapshot& snapshot, const VersionName& version);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_VERSION_USES_H_
