#ifndef CAIRN_SERVER_REGISTRY_ROLLOUTS_H_
#define CAIRN_SERVER_REGISTRY_ROLLOUTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::registry {

// Rollouts: what a channel served, a record for each epoch. Each is written with the head that it
// speaks of and ended with the next one, in the same commit; it is never deleted. Pure but for
// reading.
//
// Channels from before there were rollouts have none for their epochs until then. Their head gets
// its own when it is left; of the earlier ones the decisions tell.

// The state in which a rollout begins: no policy asks for proof today, so it is verified at once.
inline constexpr cairn::v1::Rollout::State kFirstRolloutState = cairn::v1::Rollout::VERIFIED;

// Adds to `write_set` that the rollout of `before`'s epoch ended by `decision` and that of the
// decision's epoch began: ROLLED_BACK where the decision is a rollback, else SUPERSEDED. The caller
// guards the channel's record, which changes with every rollout.
absl::Status TurnRollout(const storage::Snapshot& snapshot, const ChannelRef& ref,
                         const cairn::v1::Channel& before, const cairn::v1::Decision& decision,
                         int64_t now_unix_nanos, storage::WriteSet& write_set);

// Calls `visit` with each version that the channel served before its head's epoch, and at which
// epoch, the last one first, until it returns false; a version comes again for each epoch it had.
// Epochs at which nothing was served are stepped over. O(epochs), of channels from before rollouts
// O(decisions).
using ServedVisitor = std::function<bool(const std::string& version, int64_t epoch)>;
absl::Status VisitServedBefore(const storage::Snapshot& snapshot, const ChannelRef& ref,
                               const cairn::v1::Channel& channel, const ServedVisitor& visit);

// One page of a channel's rollouts, the newest first. NOT_FOUND (CHANNEL_NOT_FOUND).
absl::StatusOr<cairn::v1::ListRolloutsResponse> ListRollouts(
    const storage::Snapshot& snapshot, const cairn::v1::ListRolloutsRequest& request);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_ROLLOUTS_H_
