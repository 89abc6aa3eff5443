#ifndef CAIRN_SERVER_REGISTRY_VERSION_PAST_H_
#define CAIRN_SERVER_REGISTRY_VERSION_PAST_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "server/registry/past.h"
#include "server/storage/kv_store.h"

namespace cairn::registry {

// A model version as it was, by number, as versions/latest or through an alias, which stand for
// what they stood for then. Pure but for reading.
//
// What was registered never changes, and leaves no entry in the audit; what may change of a version
// is in the image of the last entry about it, and before the first it is READY with the description
// and the tags that it was registered with. `latest` is the newest version that was READY.
//
// - NOT_FOUND (MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND, ALIAS_NOT_FOUND): as of then
// - OUT_OF_RANGE (PAST_NOT_KEPT): it was deleted since, and what was registered went with it; or an
//   alias is older than the audit
absl::StatusOr<cairn::v1::ModelVersion> GetPastVersion(const storage::Snapshot& snapshot,
                                                       std::string_view name, const Moment& moment);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_VERSION_PAST_H_
