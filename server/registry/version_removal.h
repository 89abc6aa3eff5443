#ifndef CAIRN_SERVER_REGISTRY_VERSION_REMOVAL_H_
#define CAIRN_SERVER_REGISTRY_VERSION_REMOVAL_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::registry {

// Deletes an archived version: its records, its evaluations and all keys that lead to it. Its
// number stays given, its blobs are the next collection's unless something else refers to them, and
// what decisions read of it is kept under its digest (decision_log.h), so that they can be made
// again. Other versions' evaluations that were measured against it, and copies of it, keep naming
// it.
//
// Guards that nothing changes it, comes to lead to it or measures it meanwhile. Errors are those of
// RegistryService.DeleteModelVersion.
absl::StatusOr<storage::Plan> PlanDeleteModelVersion(
    const storage::Snapshot& snapshot, const cairn::v1::DeleteModelVersionRequest& request,
    int64_t now_unix_nanos);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_VERSION_REMOVAL_H_
