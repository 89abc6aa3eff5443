#ifndef CAIRN_SERVER_REGISTRY_VERSION_CHOICE_H_
#define CAIRN_SERVER_REGISTRY_VERSION_CHOICE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/registry/channel_change.h"
#include "server/storage/kv_store.h"

namespace cairn::registry {

// The digest of a version that a person names to be served: by a rollback, or against the policy.
// Pure but for reading.
//
// - NOT_FOUND (MODEL_VERSION_NOT_FOUND)
// - FAILED_PRECONDITION (MODEL_VERSION_HELD, MODEL_VERSION_ARCHIVED): the former says who holds it
//   and why; it is to be released first
absl::StatusOr<std::string> ServableVersion(const storage::Snapshot& snapshot,
                                            const ChannelState& state, int64_t version);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_VERSION_CHOICE_H_
